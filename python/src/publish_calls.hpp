// publish_event() and its helpers, one per known event type, as plain functions of the C API: a
// binding library's dispatch would cost more than publishing.
#pragma once

#include <Python.h>

namespace tapedeck::python {

/// Adds them to the module. @return false with an exception set when Python could not.
bool add_publish_calls(PyObject* module);

}  // namespace tapedeck::python
