// serve(): the server in this process, over the process's bus.
#pragma once

#include <nanobind/nanobind.h>

namespace nb = nanobind;

namespace tapedeck::python {

void add_serve_calls(nb::module_& module);

}  // namespace tapedeck::python
