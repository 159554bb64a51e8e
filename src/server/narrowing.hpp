// What a grant may read, as the reads of the query room take it. Every path that turns a request or
// a message into a query of events sets EventQuery::within from here; that is all there is to it.
// Pure functions; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "auth/grant.hpp"
#include "base/error.hpp"
#include "tapedeck/filter.hpp"

namespace tapedeck {

/// For EventQuery::within: the lists that the grant is narrowed to; an empty filter when it is not.
Filter visible_to(const auth::Grant& grant);

/// Why a grant may not do what asks for a scope; nothing: it may. Error code: forbidden.
std::optional<Error> refuse_scope(const auth::Grant& grant, auth::Scope scope);

/// Why a narrowed grant may not have what is about everybody's events; nothing: it is not narrowed.
/// @param what begins the sentence: "/metrics tells"
std::optional<Error> refuse_narrowed(const auth::Grant& grant, std::string_view what);

/// Trades are made of four types of events: who may not see all of them is refused (403).
std::optional<Error> refuse_trades(const auth::Grant& grant);

}  // namespace tapedeck
