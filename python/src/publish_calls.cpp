#include "publish_calls.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "event_time.hpp"
#include "payload_writer.hpp"
#include "process_bus.hpp"
#include "tapedeck/events.hpp"

namespace tapedeck::python {
namespace {

/// What a helper's arguments are called, in order; the first `required` must be given.
struct Signature {
  std::string_view type;
  std::string function;
  std::string doc;
  std::vector<PyObject*> names;  // interned, never freed
  std::size_t required = 0;
  PyMethodDef method{};
};

std::string name_of(PyObject* text) {
  const char* bytes = PyUnicode_AsUTF8(text);
  if (bytes != nullptr) return bytes;
  PyErr_Clear();
  return "?";
}

bool is_same_name(PyObject* given, PyObject* interned) {
  if (given == interned) return true;
  // Two interned strings are equal only when they are the same object.
  if (PyUnicode_CHECK_INTERNED(given) != 0) return false;
  return PyUnicode_Compare(given, interned) == 0;
}

/// What C++ throws must not pass through Python's frames. The first event makes the bus, which may
/// fail (no memory, no thread); after that nothing here throws.
template <typename Call>
PyObject* without_exceptions(Call&& call) noexcept {
  try {
    return call();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
    return nullptr;
  }
}

// True or False, and the publisher goes on: nothing that a payload holds is an error.
PyObject* publish(std::string_view type, const Map& payload, Timestamp at) {
  TelemetryBus& bus = process_bus();
  return PyBool_FromLong(bus.publish(GenericEvent{type, payload}, at, process_source()) ? 1 : 0);
}

/// Where a call's keyword arguments went.
struct Keywords {
  PyObject* names = nullptr;  // tuple of str, or null
  PyObject* const* values = nullptr;
  std::array<Py_ssize_t, 64> used{};  // more than any signature has names
  std::size_t used_count = 0;

  Py_ssize_t size() const { return names == nullptr ? 0 : PyTuple_GET_SIZE(names); }
  PyObject* name(Py_ssize_t i) const { return PyTuple_GET_ITEM(names, i); }
  bool is_used(Py_ssize_t i) const {
    return std::find(used.begin(), used.begin() + used_count, i) != used.begin() + used_count;
  }
  /// The value of a name, marked as used; null: not given.
  PyObject* take(PyObject* wanted) {
    for (Py_ssize_t i = 0; i < size(); ++i) {
      if (!is_same_name(name(i), wanted)) continue;
      used[used_count++] = i;
      return values[i];
    }
    return nullptr;
  }
};

bool check_positional(const Signature& signature, Py_ssize_t given, Keywords& keywords) {
  const auto most = static_cast<Py_ssize_t>(signature.names.size());
  if (given > most) {
    PyErr_Format(PyExc_TypeError, "%s() takes at most %zd positional arguments (%zd given)",
                 signature.function.c_str(), most, given);
    return false;
  }
  for (Py_ssize_t i = 0; i < given && keywords.names != nullptr; ++i) {
    PyObject* name = signature.names[static_cast<std::size_t>(i)];
    if (keywords.take(name) == nullptr) continue;
    PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%U'",
                 signature.function.c_str(), name);
    return false;
  }
  return true;
}

/// The payload of a helper's call: what is required, in its order, then the rest as it was given.
bool write_arguments(const Signature& signature, PyObject* const* args, Py_ssize_t given,
                     PyObject* keyword_names, Map& out) {
  Keywords keywords{keyword_names, args + given};
  if (!check_positional(signature, given, keywords)) return false;
  for (std::size_t i = 0; i < signature.names.size(); ++i) {
    PyObject* name = signature.names[i];
    const bool is_positional = static_cast<Py_ssize_t>(i) < given;
    if (!is_positional && i >= signature.required) break;
    PyObject* value = is_positional ? args[i] : keywords.take(name);
    if (value == nullptr) {
      PyErr_Format(PyExc_TypeError, "%s() is missing the argument '%U'", signature.function.c_str(),
                   name);
      return false;
    }
    if (i >= signature.required && value == Py_None) continue;  // a default, passed on
    write_field(out, name, value);
  }
  for (Py_ssize_t i = 0; i < keywords.size(); ++i) {
    if (!keywords.is_used(i)) write_field(out, keywords.name(i), keywords.values[i]);
  }
  return true;
}

std::vector<Signature>& signatures() {
  static auto& all = *new std::vector<Signature>;
  return all;
}

template <std::size_t I>
PyObject* call_helper(PyObject*, PyObject* const* args, Py_ssize_t given, PyObject* names) {
  return without_exceptions([&]() -> PyObject* {
    const Signature& signature = signatures()[I];
    Map payload;
    if (!write_arguments(signature, args, given, names, payload)) return nullptr;
    return publish(signature.type, payload, tapedeck::now());
  });
}

// --- publish_event ---

PyObject* name_event_type;
PyObject* name_payload;
PyObject* name_timestamp;
PyObject* name_data;

bool check_type(PyObject* object, std::string_view& type) {
  Py_ssize_t size = 0;
  const char* text = PyUnicode_Check(object) ? PyUnicode_AsUTF8AndSize(object, &size) : nullptr;
  if (text != nullptr) {
    type = {text, static_cast<std::size_t>(size)};
    if (is_valid_event_type(type)) return true;
  }
  PyErr_Clear();
  PyErr_Format(PyExc_ValueError,
               "%R is no event type: it must be a str of 1 to 64 of the characters A-Z a-z 0-9 _ . "
               ": -",
               object);
  return false;
}

PyObject* publish_event(PyObject*, PyObject* const* args, Py_ssize_t given, PyObject* names) {
  Keywords keywords{names, args + given};
  const std::array<PyObject*, 3> wanted{name_event_type, name_payload, name_timestamp};
  std::array<PyObject*, 3> found{};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    PyObject* named = keywords.names != nullptr ? keywords.take(wanted[i]) : nullptr;
    found[i] = static_cast<Py_ssize_t>(i) < given ? args[i] : named;
  }
  if (given > 3 || found[0] == nullptr || found[1] == nullptr ||
      given + keywords.size() != (found[2] != nullptr ? 3 : 2)) {
    PyErr_SetString(PyExc_TypeError,
                    "call it as publish_event(event_type, payload, timestamp=None)");
    return nullptr;
  }
  std::string_view type;
  if (!check_type(found[0], type)) return nullptr;
  Timestamp at = tapedeck::now();
  if (found[2] != nullptr && found[2] != Py_None && !read_event_time(found[2], at)) return nullptr;
  return without_exceptions([&] {
    Map payload;
    if (PyDict_Check(found[1])) {
      write_items(payload, found[1]);
    } else {
      write_field(payload, name_data, found[1]);
    }
    return publish(type, payload, at);
  });
}

PyMethodDef publish_event_method{
    "publish_event", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(publish_event)),
    METH_FASTCALL | METH_KEYWORDS,
    "publish_event(event_type, payload, timestamp=None)\n--\n\n"
    "Publishes an event. The payload is copied; one that is no dict becomes {\"data\": payload}.\n"
    "timestamp: when it happened (aware datetime, RFC 3339 text, or seconds since 1970); None: "
    "now.\n"
    "Returns False when it was dropped (the thread's queue is full) or is far too large; both are\n"
    "counted in get_stats(). Raises ValueError for a type that is none."};

// --- making the helpers ---

template <typename E>
void describe(Signature& signature) {
  signature.type = E::type;
  E::fields::for_each([&]<typename F>(std::size_t) {
    constexpr std::string_view name = F::name.view();
    if (name == "instrument" || name == "extra") return;
    signature.names.push_back(PyUnicode_InternFromString(F::name.text));
    if (F::required) ++signature.required;
  });
}

void finish(Signature& signature, std::string function, _PyCFunctionFastWithKeywords call) {
  signature.function = std::move(function);
  signature.doc = signature.function + "(";
  for (std::size_t i = 0; i < signature.names.size(); ++i) {
    signature.doc += name_of(signature.names[i]);
    signature.doc += i < signature.required ? ", " : "=None, ";
  }
  signature.doc += "**kwargs)\n--\n\nPublishes a " + std::string(signature.type) +
                   "; what else is given goes into the payload too.\n"
                   "Returns False when it was dropped or is far too large, as publish_event().";
  signature.method = {signature.function.c_str(),
                      reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(call)),
                      METH_FASTCALL | METH_KEYWORDS, signature.doc.c_str()};
}

template <std::size_t I>
std::string function_name() {
  using E = std::tuple_element_t<I, tapedeck::detail::KnownEvents>;
  return "publish_" + std::string(E::type);
}

template <std::size_t... I>
void describe_all(std::index_sequence<I...>) {
  (describe<std::tuple_element_t<I, tapedeck::detail::KnownEvents>>(signatures()[I]), ...);
  (finish(signatures()[I], function_name<I>(), &call_helper<I>), ...);
}

bool add(PyObject* module, PyMethodDef& method) {
  PyObject* name = PyModule_GetNameObject(module);
  PyObject* function = PyCFunction_NewEx(&method, nullptr, name);
  Py_XDECREF(name);
  if (function == nullptr) return false;
  if (PyModule_AddObject(module, method.ml_name, function) == 0) return true;
  Py_DECREF(function);
  return false;
}

}  // namespace

bool add_publish_calls(PyObject* module) {
  name_event_type = PyUnicode_InternFromString("event_type");
  name_payload = PyUnicode_InternFromString("payload");
  name_timestamp = PyUnicode_InternFromString("timestamp");
  name_data = PyUnicode_InternFromString("data");
  constexpr std::size_t kHelpers = tapedeck::detail::kKnownEventCount;
  signatures().resize(kHelpers);
  describe_all(std::make_index_sequence<kHelpers>{});
  bool done = add(module, publish_event_method);
  for (Signature& signature : signatures()) done = done && add(module, signature.method);
  return done;
}

}  // namespace tapedeck::python
