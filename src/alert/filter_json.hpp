// A filter as rules have it: one JSON object whose keys are the filter parameters of the API.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "alert/json_fields.hpp"
#include "tapedeck/filter.hpp"

namespace tapedeck::alert {

/// The keys: those of kFilterKeys and `filter`.
std::span<const std::string_view> filter_key_names();
/// Takes them out of an object, which may have others. The expression is compiled, so it is one.
/// @throws FieldProblem
Filter read_filter(const JsonFields& fields);
/// `"symbol":"A,B","filter":"…"` without braces, in the order of filter_key_names(); empty for what
/// takes everything.
std::string filter_members(const Filter& filter);
/// @throws FieldProblem when the text is no condition
void require_condition(std::string_view text, std::string_view code, std::string_view pointer);

}  // namespace tapedeck::alert
