// The table of routes: which methods each path has and what answers them. One table serves
// dispatch, 404 and 405. Immutable after construction; any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http_message.hpp"

namespace tapedeck {

struct IoWorker;
struct Operation;

struct Route {
  std::string_view method;
  /// As it is asked for. One segment may be `{name}`, which stands for any that is not empty; see
  /// HttpRequest::path_parameter(). The first route that fits is taken.
  std::string_view path;
  std::function<HttpResponse(const HttpRequest&, IoWorker&)> handler;
  /// What a caller needs; none: everybody may.
  auth::Scope scope = auth::Scope::read;
  /// What it takes and answers; see operation.hpp. Other query parameters are refused.
  const Operation* operation = nullptr;
};

class Router {
 public:
  explicit Router(std::vector<Route> routes) : routes_(std::move(routes)) {}

  /// The handler's answer, or 404, 405 with Allow, 204 for OPTIONS; 401 or 403 to a request whose
  /// grant has not the route's scope. HEAD is answered as GET. Sets HttpRequest::route and
  /// parameter_segment.
  HttpResponse dispatch(HttpRequest& request, IoWorker& worker) const;

  const std::vector<Route>& routes() const noexcept { return routes_; }
  /// The place of a route in the table; for none, one beyond.
  std::size_t place_of(const Route* route) const noexcept {
    return route == nullptr ? routes_.size() : static_cast<std::size_t>(route - routes_.data());
  }

 private:
  std::string allowed_methods(const std::vector<std::string>& path) const;

  std::vector<Route> routes_;
};

}  // namespace tapedeck
