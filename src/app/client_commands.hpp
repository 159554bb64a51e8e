// The commands that talk to a running server: tail, publish, stats. Each returns the process's exit
// code; errors are one sentence on standard error.
#pragma once

#include <string>
#include <vector>

#include "app/http_client.hpp"

namespace tapedeck::app {

struct TailOptions {
  std::string url;
  HttpClient::Parameters filters;
  bool json = false;
};
int run_tail(const TailOptions& options);

struct PublishOptions {
  std::string url;
  std::string type;                 // empty: NDJSON on standard input
  std::vector<std::string> fields;  // name=value
  std::string payload;              // JSON object instead of fields
  std::string timestamp;
  bool json = false;
};
int run_publish(const PublishOptions& options);

struct StatsOptions {
  std::string url;
  bool json = false;
};
int run_stats(const StatsOptions& options);

}  // namespace tapedeck::app
