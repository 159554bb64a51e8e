// From the ways Python names a moment to ours. With the GIL held.
#pragma once

#include <Python.h>

#include "tapedeck/time.hpp"

namespace tapedeck::python {

/// Reads an aware datetime, RFC 3339 text, or seconds since 1970 (int, float).
/// @return false with ValueError or TypeError set, a sentence that names the value
bool read_event_time(PyObject* object, Timestamp& out);

}  // namespace tapedeck::python
