// Positions and orders as text of the state store, and back. Pure functions; what cannot be read
// back whole is nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "execution/order.hpp"

namespace tapedeck::execution {

std::string position_text(const PositionKey& key, const Position& position);
/// @param basis the book's: state of the other basis is read, its lots follow the book's
std::optional<std::pair<PositionKey, Position>> read_position(std::string_view text,
                                                              PnlBasis basis);

/// One order a line.
std::string orders_text(const OrderTable::Orders& orders);
/// @param damaged counts the lines that could not be read
std::vector<Order> read_orders(std::string_view text, std::uint64_t& damaged);

}  // namespace tapedeck::execution
