// connect(): sending what the process publishes to a server elsewhere.
#pragma once

#include <nanobind/nanobind.h>

namespace nb = nanobind;

namespace tapedeck::python {

void add_sender_calls(nb::module_& module);

}  // namespace tapedeck::python
