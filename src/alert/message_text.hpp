// How an alert's message spells what it is about. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "alert/notification.hpp"
#include "filter/value_expression.hpp"

namespace tapedeck::alert {

/// What is written for what is not there.
inline constexpr std::string_view kNotThere = "n/a";

/// As shortly as possible, with at most 6 decimals: 250, 0.31.
std::string number_text(double value);
/// Of an event; nothing where it has no such value.
std::optional<std::string> value_text(const ValueExpression& expression, const char* frame,
                                      const FrameIndex& index);
/// `symbol NIFTY, product MIS`: names without the path before them; empty for no group.
std::string group_text(const Group& group);
/// The last step of a name such as payload.product.
std::string_view short_name(std::string_view name) noexcept;
/// The window of the rule's condition, or the duration of its absence; zero where it has none.
Duration window_of(const Rule& rule) noexcept;
/// One line of at most `max_bytes`: control characters become blanks, what is too long ends in `…`.
std::string one_line(std::string text, std::size_t max_bytes);

}  // namespace tapedeck::alert
