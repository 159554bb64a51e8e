#include "sender_calls.hpp"

#include <nanobind/stl/string.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <string>
#include <utility>

#include "gil.hpp"
#include "process_bus.hpp"
#include "tapedeck/remote.hpp"

namespace tapedeck::python {
namespace {

std::chrono::milliseconds milliseconds_of(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

void plan(const nb::dict& given) {
  RemoteOptions options;
  options.url = nb::cast<std::string>(given["url"]);
  options.api_key = nb::cast<std::string>(given["api_key"]);
  options.spool_folder = nb::cast<std::string>(given["spool_folder"]);
  options.spool_bytes = nb::cast<std::uint64_t>(given["spool_bytes"]);
  options.ca_file = nb::cast<std::string>(given["ca_file"]);
  options.log = [](std::string_view line) { spdlog::warn("{}", line); };
  set_sender_plan(std::move(options));
}

bool flush(double seconds) {
  RemotePublisher* sender = process_sender();
  const GilReleased released;
  return sender == nullptr || sender->flush(milliseconds_of(seconds));
}

bool close(double seconds) {
  const std::unique_ptr<RemotePublisher> ending = take_sender();
  const GilReleased released;
  return ending == nullptr || ending->close(milliseconds_of(seconds));
}

nb::dict stats() {
  const RemotePublisher* sender = process_sender();
  const RemoteStats found = sender == nullptr ? RemoteStats{} : sender->stats();
  nb::dict out;
  out["queued"] = found.queued;
  out["spooled"] = found.spooled;
  out["sent"] = found.sent;
  out["dropped"] = found.dropped;
  out["rejected"] = found.rejected;
  out["batches"] = found.batches;
  out["retries"] = found.retries;
  out["connected"] = found.connected;
  out["last_error"] = found.last_error;
  return out;
}

}  // namespace

void add_sender_calls(nb::module_& module) {
  module.def("plan_sender", &plan);
  module.def("flush_sender", &flush);
  module.def("close_sender", &close);
  module.def("sender_stats", &stats);
}

}  // namespace tapedeck::python
