#include "bus_calls.hpp"

#include <nanobind/stl/map.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "event_time.hpp"
#include "gil.hpp"
#include "process_bus.hpp"
#include "query/filter_keys.hpp"
#include "query/tape.hpp"
#include "store/store.hpp"

namespace tapedeck::python {
namespace {

using FilterLists = std::map<std::string, std::vector<std::string>>;

Filter filter_of(const FilterLists& lists) {
  Filter filter;
  for (const auto& [name, values] : lists) {
    const auto* key = std::find_if(kFilterKeys.begin(), kFilterKeys.end(),
                                   [&](const FilterKey& known) { return known.name == name; });
    if (key != kFilterKeys.end()) {
      filter.*key->values = values;
    } else if (name == "filter" && values.size() == 1) {
      filter.expression = values.front();
    } else {
      throw nb::type_error(("there is no filter '" + name + "'").c_str());
    }
  }
  return filter;
}

nb::bytes array_of(const std::vector<Event>& events) {
  std::string text = "[";
  for (const Event& event : events) {
    if (text.size() > 1) text += ',';
    text += event.json;
  }
  text += ']';
  return nb::bytes(text.data(), text.size());
}

nb::bytes recent_events(const std::string& event_type, std::size_t limit) {
  TelemetryBus& bus = process_bus();
  std::vector<Event> events;
  {
    const GilReleased released;
    events = bus.get_recent_events(event_type, limit);
  }
  return array_of(events);
}

nb::bytes snapshot(nb::handle since) {
  Timestamp from = from_ns(INT64_MIN);
  if (!since.is_none() && !read_event_time(since.ptr(), from)) nb::raise_python_error();
  TelemetryBus& bus = process_bus();
  std::vector<Event> events;
  {
    const GilReleased released;
    events = bus.snapshot(from);
  }
  return array_of(events);
}

nb::dict stats_dict(const BusStats& stats) {
  const auto id_of = [&](std::uint64_t seq) -> nb::object {
    if (seq == 0) return nb::none();
    return nb::str((stats.epoch + "-" + std::to_string(seq)).c_str());
  };
  nb::dict out;
  out["total_events"] = stats.total_events;
  out["buffer_size"] = stats.buffer_size;
  out["event_types"] = stats.event_types;
  out["event_counts"] = stats.event_counts;
  out["published_total"] = stats.published_total;
  out["dropped_total"] = stats.dropped_total;
  out["evicted_total"] = stats.evicted_total;
  out["rejected_total"] = stats.rejected_total;
  out["callback_errors_total"] = stats.callback_errors_total;
  out["callback_missed_total"] = stats.callback_missed_total;
  out["subscribers"] = stats.subscribers;
  out["events_per_second"] = stats.events_per_second;
  out["epoch"] = stats.epoch;
  out["first_id"] = id_of(stats.first_seq);
  out["last_id"] = id_of(stats.published_total > 0 ? stats.last_seq : 0);
  out["uptime_seconds"] = stats.uptime_seconds;
  return out;
}

nb::dict stats() {
  TelemetryBus& bus = process_bus();
  BusStats found;
  {
    const GilReleased released;
    found = bus.get_stats();
  }
  return stats_dict(found);
}

// --- callbacks ---

/// A Python function that may be let go of by a thread that does not hold the GIL.
std::shared_ptr<nb::object> shared_function(nb::object function) {
  return {new nb::object(std::move(function)), [](nb::object* held) {
            const nb::gil_scoped_acquire acquired;
            delete held;
          }};
}

std::uint64_t subscribe(const FilterLists& lists, nb::object function) {
  Filter filter = filter_of(lists);
  TelemetryBus& bus = process_bus();
  auto held = shared_function(std::move(function));
  const GilReleased released;
  return bus.subscribe(std::move(filter), [held](const Event& event) {
    const nb::gil_scoped_acquire acquired;
    try {
      (*held)(nb::bytes(event.json.data(), event.json.size()));
    } catch (const nb::python_error& error) {
      // Must not be destroyed without the GIL, so it ends here.
      throw std::runtime_error(error.what());
    }
  });
}

bool unsubscribe(std::uint64_t id) {
  TelemetryBus& bus = process_bus();
  const GilReleased released;
  return bus.unsubscribe(id);
}

// --- streams ---

/// A place in the process's events, for stream_events(): from now on, nothing twice.
class Cursor {
 public:
  explicit Cursor(const std::string& event_type)
      : tape_(process_bus(), process_history()), filter_(wanted(event_type)) {
    TelemetryBus& bus = process_bus();
    const GilReleased released;
    bus.flush();
    next_ = tape_.end_seq();
  }

  /// What has come, as SSE messages, and how many events are gone that should have come before.
  std::pair<std::vector<std::string>, std::uint64_t> read(std::size_t limit) {
    std::vector<std::string> messages;
    TelemetryBus& bus = process_bus();
    const GilReleased released;
    BusAccess::collect_share(bus);
    Selection found = tape_.forward(filter_, {next_, tape_.end_seq()}, {.events = limit});
    next_ = found.next;
    messages.reserve(found.items.size());
    for (const ScannedEvent& item : found.items) {
      messages.push_back("data: " + std::string(item.json()) + "\n\n");
    }
    return {std::move(messages), found.missing};
  }

 private:
  static CompiledFilter wanted(const std::string& event_type) {
    Filter filter;
    if (!event_type.empty()) filter.event_type.push_back(event_type);
    return CompiledFilter(filter);
  }

  const Tape tape_;
  const CompiledFilter filter_;
  std::uint64_t next_ = 0;
};

std::atomic<bool> waiting_ended{false};

/// Waits until event number `seq` has come. @return false when end_waiting() was called.
bool wait_for_event(std::uint64_t seq) {
  const EventLog& log = BusAccess::log(process_bus());
  const GilReleased released;
  log.wait_for(seq, waiting_ended);
  return !waiting_ended.load();
}

void end_waiting() {
  waiting_ended.store(true);
  BusAccess::log(process_bus()).interrupt();
}

std::uint64_t next_number() {
  return BusAccess::log(process_bus()).last_seq() + 1;
}

}  // namespace

void add_bus_calls(nb::module_& module) {
  module.def("recent_events", &recent_events);
  module.def("snapshot", &snapshot, nb::arg().none());
  module.def("stats", &stats);
  module.def("clear_buffer", [] {
    TelemetryBus& bus = process_bus();
    const GilReleased released;
    bus.clear_buffer();
  });
  module.def("flush", [] {
    TelemetryBus& bus = process_bus();
    const GilReleased released;
    bus.flush();
  });
  module.def("set_buffer_size", &set_buffer_size);
  module.def("set_source", [](const std::map<std::string, std::string>& given) {
    Source source = planned_source();
    for (const auto& [key, value] : given) {
      if (key == "host") source.host = value;
      if (key == "engine_id") source.engine_id = value;
      if (key == "run_id") source.run_id = value;
      if (key == "account") source.account = value;
      if (key == "mode") source.mode = value;
    }
    set_source(std::move(source));
  });
  module.def("subscribe", &subscribe);
  module.def("unsubscribe", &unsubscribe);
  nb::class_<Cursor>(module, "Cursor")
      .def(nb::init<const std::string&>())
      .def("read", &Cursor::read);
  module.def("wait_for_event", &wait_for_event);
  module.def("end_waiting", &end_waiting);
  module.def("next_number", &next_number);
  module.def("abandon_after_fork", [] {
    waiting_ended.store(false);
    forget_releases_after_fork();
    abandon_after_fork();
  });
  module.def("end_of_releases", &end_of_releases);
}

}  // namespace tapedeck::python
