// The commands that read what was: query, latest, aggregates, trades. Each returns the process's
// exit code; errors are one sentence on standard error.
#pragma once

#include <cstddef>
#include <string>

#include "app/http_client.hpp"

namespace tapedeck::app {

struct QueryOptions {
  /// Events are held until the oldest of them has come; for more there is `all`.
  static constexpr std::size_t kMaxLimit = 100'000;

  std::string url;
  HttpClient::Parameters filters;
  std::size_t limit = 100;
  std::string in;      ///< buffer, store; empty: both
  std::string cursor;  ///< where an earlier answer ended
  bool all = false;   ///< everything, oldest first, as it comes; limit, in and cursor are not asked
  bool json = false;  ///< NDJSON
};
/// The newest matching events, newest last.
int run_query(const QueryOptions& options);

struct LatestOptions {
  std::string url;
  HttpClient::Parameters parameters;
  bool json = false;
};
/// The newest event of each key, newest last.
int run_latest(const LatestOptions& options);

struct AggregatesOptions {
  std::string url;
  HttpClient::Parameters parameters;
  bool json = false;
};
int run_aggregates(const AggregatesOptions& options);

struct TradesOptions {
  std::string url;
  HttpClient::Parameters parameters;
  std::string id;  ///< of a chain or an order; empty: the list
  bool json = false;
};
int run_trades(const TradesOptions& options);

}  // namespace tapedeck::app
