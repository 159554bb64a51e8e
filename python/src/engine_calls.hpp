// tapedeck._native.EngineRun: one run of the engines in this process. The classes of
// tapedeck.engines are its face.
#pragma once

#include <nanobind/nanobind.h>

namespace tapedeck::python {

void add_engine_calls(nanobind::module_& module);

}  // namespace tapedeck::python
