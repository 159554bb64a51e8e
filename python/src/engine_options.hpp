// From dicts of Python to the options of a run and its engines. A key that is missing or None keeps
// the default of the C++ option of that name. With the GIL held.
#pragma once

#include <nanobind/nanobind.h>

#include "desk/engine_run_options.hpp"

namespace tapedeck::python {

/// @throws nb::type_error for a value of another type and std::invalid_argument for one that cannot
///   be; both name the option
desk::EngineRunOptions run_options(nanobind::dict given);
/// What one engine is told; the rest of `options` stays.
void read_part(desk::EngineRunOptions& options, desk::Part part, nanobind::dict given);
/// `market_data`, `strategy`, `execution`, `universe`
desk::Part part_of(std::string_view name);
/// Takes over what read_part() reads for a part.
void copy_part(const desk::EngineRunOptions& from, desk::Part part, desk::EngineRunOptions& to);

}  // namespace tapedeck::python
