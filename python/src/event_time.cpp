#include "event_time.hpp"

#include <cmath>
#include <string_view>

namespace tapedeck::python {
namespace {

constexpr double kMostSeconds = 9.2e9;  // 1678 to 2261, what 64-bit nanoseconds hold

bool read_seconds(PyObject* object, Timestamp& out) {
  const double seconds = PyFloat_AsDouble(object);
  if (PyErr_Occurred() != nullptr) PyErr_Clear();
  if (!(std::abs(seconds) < kMostSeconds)) {
    PyErr_Format(PyExc_ValueError, "%R is no time in seconds since 1970", object);
    return false;
  }
  const double whole = std::floor(seconds);
  out = from_ns(static_cast<std::int64_t>(whole) * 1'000'000'000 +
                std::llround((seconds - whole) * 1e9));
  return true;
}

bool read_text(PyObject* object, Timestamp& out) {
  Py_ssize_t size = 0;
  const char* text = PyUnicode_AsUTF8AndSize(object, &size);
  if (text == nullptr) PyErr_Clear();
  const auto moment = text == nullptr
                          ? std::nullopt
                          : parse_rfc3339(std::string_view(text, static_cast<std::size_t>(size)));
  if (!moment) {
    PyErr_Format(PyExc_ValueError,
                 "%R is no RFC 3339 time with an offset, such as 2025-11-18T09:15:00+05:30",
                 object);
    return false;
  }
  out = *moment;
  return true;
}

}  // namespace

bool read_event_time(PyObject* object, Timestamp& out) {
  if (PyUnicode_Check(object)) return read_text(object, out);
  if (PyFloat_Check(object) || (PyLong_Check(object) && !PyBool_Check(object))) {
    return read_seconds(object, out);
  }
  PyObject* text = PyObject_CallMethod(object, "isoformat", nullptr);
  if (text == nullptr || !PyUnicode_Check(text)) {
    PyErr_Clear();
    Py_XDECREF(text);
    PyErr_Format(PyExc_TypeError,
                 "a time must be an aware datetime, RFC 3339 text or seconds since 1970, not %R",
                 object);
    return false;
  }
  const bool read = read_text(text, out);  // a naive datetime has no offset, which is refused
  Py_DECREF(text);
  return read;
}

}  // namespace tapedeck::python
