// The bus's reads, callbacks and cursors as functions of the native module. The Python layer makes
// dicts of the JSON they answer with; json.loads is quicker than a dict built value by value here.
#pragma once

#include <nanobind/nanobind.h>

namespace nb = nanobind;

namespace tapedeck::python {

void add_bus_calls(nb::module_& module);

}  // namespace tapedeck::python
