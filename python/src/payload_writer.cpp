#include "payload_writer.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

#include "tapedeck/detail/thread_queue.hpp"

namespace tapedeck::python {
namespace {

/// Owns a reference.
class Owned {
 public:
  explicit Owned(PyObject* object) noexcept : object_(object) {}
  ~Owned() { Py_XDECREF(object_); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  PyObject* get() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }

 private:
  PyObject* object_;
};

/// Keeps an object alive while code of the caller's runs (str(), __index__), which may drop it.
class Kept : public Owned {
 public:
  explicit Kept(PyObject* object) noexcept : Owned(object) { Py_INCREF(object); }
};

/// Calls `use` with the text of a str.
template <typename Use>
void with_text(PyObject* text, Use&& use) {
  Py_ssize_t size = 0;
  if (const char* bytes = PyUnicode_AsUTF8AndSize(text, &size)) {
    use(std::string_view(bytes, static_cast<std::size_t>(size)));
    return;
  }
  // Lone surrogates: they pass as bytes that are no UTF-8, which the encoder replaces by U+FFFD.
  PyErr_Clear();
  const Owned encoded(PyUnicode_AsEncodedString(text, "utf-8", "surrogatepass"));
  if (encoded) {
    use(std::string_view(PyBytes_AS_STRING(encoded.get()),
                         static_cast<std::size_t>(PyBytes_GET_SIZE(encoded.get()))));
  } else {
    PyErr_Clear();
    use(std::string_view("?"));
  }
}

/// Calls `use` with str(object), or with words for what has none.
template <typename Use>
void with_str(PyObject* object, Use&& use) {
  const Kept kept(object);
  const Owned text(PyObject_Str(object));
  if (text) {
    with_text(text.get(), use);
  } else {
    PyErr_Clear();
    use(std::string_view("<unprintable>"));
  }
}

template <typename Use>
void with_int(PyObject* object, Use&& use) {
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(object, &overflow);
  if (overflow == 0) {
    use(Value(value));
    return;
  }
  if (overflow > 0) {
    const unsigned long long wide = PyLong_AsUnsignedLongLong(object);
    if (PyErr_Occurred() == nullptr) {
      use(Value(wide));
      return;
    }
    PyErr_Clear();
  }
  // int's own words: a subclass may have others. Python writes no more than some thousand digits.
  const Owned text(PyLong_Type.tp_repr(object));
  if (text) {
    with_text(text.get(), [&](std::string_view digits) { use(Value(NumberText{digits})); });
  } else {
    PyErr_Clear();
    use(Value(nullptr));
  }
}

bool is_array_scalar(PyObject* object) {
  if (PyObject_HasAttrString(object, "dtype") == 0) return false;
  const Owned dimensions(PyObject_GetAttrString(object, "ndim"));
  return dimensions && PyLong_Check(dimensions.get()) && PyLong_AsLong(dimensions.get()) == 0;
}

/// What a foreign scalar stands for; null: nothing but itself.
PyObject* plain_form(PyObject* object) {
  if (!is_array_scalar(object)) return PyIndex_Check(object) ? PyNumber_Index(object) : nullptr;
  PyObject* item = PyObject_CallMethod(object, "item", nullptr);
  if (item != nullptr && (PyFloat_Check(item) || PyLong_Check(item))) return item;
  Py_XDECREF(item);
  return nullptr;
}

void write_list(List& out, PyObject* sequence, int depth);
void write_dict(Map& out, PyObject* dict, int depth);

/// Calls `use` with the Value of a Python object. The Value is good during the call only.
template <typename Use>
void with_value(PyObject* object, int depth, Use&& use) {
  if (PyUnicode_Check(object)) {
    with_text(object, [&](std::string_view text) { use(Value(text)); });
  } else if (PyFloat_Check(object)) {
    use(Value(PyFloat_AS_DOUBLE(object)));
  } else if (object == Py_None) {
    use(Value(nullptr));
  } else if (PyBool_Check(object)) {
    use(Value(object == Py_True));
  } else if (PyLong_Check(object)) {
    with_int(object, use);
  } else if (PyDict_Check(object) && depth < kMaxDepth) {
    Map map;
    write_dict(map, object, depth + 1);
    use(Value(map));
  } else if ((PyList_Check(object) || PyTuple_Check(object)) && depth < kMaxDepth) {
    List list;
    write_list(list, object, depth + 1);
    use(Value(list));
  } else {
    const Kept kept(object);
    const Owned plain(plain_form(object));
    PyErr_Clear();
    if (plain && PyFloat_Check(plain.get())) {
      use(Value(PyFloat_AS_DOUBLE(plain.get())));
    } else if (plain && PyLong_Check(plain.get()) && !PyBool_Check(plain.get())) {
      with_int(plain.get(), use);
    } else if (plain && PyBool_Check(plain.get())) {
      use(Value(plain.get() == Py_True));
    } else {
      with_str(object, [&](std::string_view text) { use(Value(text)); });
    }
  }
}

template <typename Use>
void with_key(PyObject* key, Use&& use) {
  if (PyUnicode_Check(key)) {
    with_text(key, use);
  } else if (key == Py_None) {
    use(std::string_view("null"));
  } else if (PyBool_Check(key)) {
    use(std::string_view(key == Py_True ? "true" : "false"));
  } else {
    with_str(key, use);
  }
}

/// Whether the event is refused for its size whatever follows, so that the rest is not looked at.
bool is_too_large(const detail::ByteBuffer& bytes) noexcept {
  return bytes.size() > detail::kMaxRecordBytes;
}

void write_item(Map& out, PyObject* key, PyObject* value, int depth) {
  with_key(key, [&](std::string_view name) {
    with_value(value, depth, [&](const Value& converted) { out.set(name, converted); });
  });
}

// str() of a value may change the container it is in: sizes are looked at anew each time, and what
// is being converted is kept alive.
void write_list(List& out, PyObject* sequence, int depth) {
  const bool is_list = PyList_Check(sequence);
  for (Py_ssize_t i = 0; !is_too_large(out.bytes()); ++i) {
    if (i >= (is_list ? PyList_GET_SIZE(sequence) : PyTuple_GET_SIZE(sequence))) break;
    const Kept item(is_list ? PyList_GET_ITEM(sequence, i) : PyTuple_GET_ITEM(sequence, i));
    with_value(item.get(), depth, [&](const Value& converted) { out.add(converted); });
  }
}

void write_dict(Map& out, PyObject* dict, int depth) {
  PyObject *key = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; !is_too_large(out.bytes()) && PyDict_Next(dict, &at, &key, &value);) {
    const Kept kept_key(key), kept_value(value);
    write_item(out, key, value, depth);
  }
}

}  // namespace

void write_field(Map& out, PyObject* key, PyObject* value) {
  write_item(out, key, value, 1);
}

void write_items(Map& out, PyObject* dict) {
  write_dict(out, dict, 1);
}

}  // namespace tapedeck::python
