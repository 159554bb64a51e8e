#include "engine_calls.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <string>
#include <string_view>

#include "engine_options.hpp"
#include "engine_run.hpp"
#include "gil.hpp"

namespace nb = nanobind;

namespace tapedeck::python {
namespace {

/// Refuses what a run or one of its engines would refuse, on a bus that nobody sees.
void check_engine(nb::dict run, std::string_view part_name, nb::dict given) {
  const desk::Part part = part_of(part_name);
  desk::EngineRunOptions options = run_options(std::move(run));
  read_part(options, part, std::move(given));
  options.parts = {part};
  options.telemetry = false;
  options.state_file.clear();
  options.market_data.cache_file.clear();
  const GilReleased released;
  BusOptions bus_options;
  bus_options.log_bytes = std::size_t{4} << 20;
  TelemetryBus bus(bus_options);
  const desk::EngineRunner runner(bus, std::move(options));
}

std::string engine_id(std::string_view prefix, std::string_view feed, std::string_view part) {
  return desk::engine_id_of(prefix, feed.starts_with("replay:") ? "replay" : "paper",
                            part_of(part));
}

}  // namespace

void add_engine_calls(nb::module_& module) {
  module.def("check_engine", &check_engine);
  module.def("engine_id", &engine_id);
  nb::class_<EngineRun>(module, "EngineRun")
      .def(nb::init<nb::dict>())
      .def("launch", &EngineRun::launch)
      .def("start_engine", &EngineRun::start_engine)
      .def("stop_engine", &EngineRun::stop_engine)
      .def("stop_telemetry", &EngineRun::stop_telemetry)
      .def("stop", &EngineRun::stop)
      .def("wait_for", &EngineRun::wait_for)
      .def("request", &EngineRun::request)
      .def("abandon", &EngineRun::abandon)
      .def("is_up", [](const EngineRun& run,
                       std::string_view part) { return run.runner().is_up(part_of(part)); })
      .def("engine_id", [](const EngineRun& run,
                           std::string_view part) { return run.runner().engine_id(part_of(part)); })
      .def("run_id", [](const EngineRun& run) { return run.runner().run_id(); })
      .def("finished", [](const EngineRun& run) { return run.runner().finished(); })
      .def("on_engine_thread", [](const EngineRun& run) { return run.runner().on_engine_thread(); })
      .def("error", &EngineRun::error)
      .def("summary", &EngineRun::summary)
      .def("push_tick", &EngineRun::push_tick, nb::arg(), nb::arg(), nb::arg(), nb::arg().none(),
           nb::arg(), nb::arg(), nb::arg(), nb::arg().none())
      .def("push_candle", &EngineRun::push_candle)
      .def("window", &EngineRun::window)
      .def("latest_candle", &EngineRun::latest_candle)
      .def("positions", &EngineRun::positions)
      .def("pnl", &EngineRun::pnl)
      .def("order", &EngineRun::order)
      .def("submit",
           [](EngineRun& run, std::string symbol, std::string exchange, std::string side,
              std::int64_t qty, std::string type, double price, double trigger_price,
              std::string product, std::string strategy, std::string reason) {
             return run.submit({std::move(symbol), std::move(exchange), std::move(side), qty,
                                std::move(type), price, trigger_price, std::move(product),
                                std::move(strategy), std::move(reason)});
           })
      .def("cancel", &EngineRun::cancel)
      .def("cancel_all", &EngineRun::cancel_all)
      .def("refresh_universe", &EngineRun::refresh_universe)
      .def("universe_summary", &EngineRun::universe_summary);
}

}  // namespace tapedeck::python
