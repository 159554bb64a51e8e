#include "python_strategy.hpp"

#include <fmt/format.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "python_values.hpp"

namespace nb = nanobind;

namespace tapedeck::python {
namespace {

using strategy::Decision;
using strategy::IndicatorSpec;
using strategy::Parameter;
using strategy::Situation;
using strategy::StrategySetup;

/// What a class of strategies is. The views of its StrategyEntry refer to this.
struct Description {
  std::string name;
  std::string version;
  std::vector<IndicatorSpec> indicators;
  std::vector<std::string> parameter_names;
  std::vector<Parameter> parameters;
  bool watches_stop = false;
  SharedObject make;
};

/// Calls Python; what it raises becomes an exception that needs no GIL.
template <typename Fn>
auto in_python(Fn&& fn) {
  const nb::gil_scoped_acquire acquired;
  try {
    return fn();
  } catch (const nb::python_error& error) {
    throw std::runtime_error(error.what());
  } catch (const nb::cast_error&) {
    throw std::runtime_error("the answer of a strategy has an unknown form");
  }
}

class PythonStrategy final : public strategy::Strategy {
 public:
  PythonStrategy(const Description& description, StrategySetup& setup) {
    for (const IndicatorSpec& spec : description.indicators) setup.indicator(spec);
    if (description.watches_stop) setup.watches_stop();
    for (std::size_t i = 0; i < setup.plan().size(); ++i) ids_.push_back({i});
    in_python([&] {
      nb::dict parameters;
      for (const std::string& name : description.parameter_names) {
        parameters[name.c_str()] = setup.parameter(name);
      }
      nb::list names;
      for (const strategy::ValueId id : ids_) {
        const std::string_view name = setup.plan().name(id);
        names.append(nb::str(name.data(), name.size()));
      }
      nb::object ask = (*description.make)(parameters, names);
      if (nb::isinstance<nb::str>(ask)) throw std::runtime_error(nb::cast<std::string>(ask));
      ask_ = share(std::move(ask));
      return 0;
    });
  }

  Decision evaluate(const Situation& situation) override {
    return in_python([&] {
      return read((*ask_)(candle_tuple(situation.candle), values(situation.now),
                          values(situation.before), holding(situation.holding), situation.past));
    });
  }

 private:
  nb::list values(const strategy::IndicatorValues& now) const {
    nb::list all;
    for (const strategy::ValueId id : ids_) {
      all.append(now.has(id) ? nb::object(nb::float_(now[id])) : nb::object(nb::none()));
    }
    return all;
  }

  static nb::tuple holding(const strategy::Holding& held) {
    return nb::make_tuple(held.size, held.entry_price, held.candles);
  }

  static Decision read(const nb::object& answer) {
    if (nb::isinstance<nb::str>(answer)) {
      throw std::runtime_error(nb::cast<std::string>(answer));
    }
    const nb::tuple parts = nb::cast<nb::tuple>(answer);
    Decision decision;
    decision.action = static_cast<strategy::Action>(nb::cast<int>(parts[0]));
    decision.confidence = nb::cast<double>(parts[1]);
    decision.reason = nb::cast<std::string>(parts[2]);
    return decision;
  }

  std::vector<strategy::ValueId> ids_;
  SharedObject ask_;
};

constexpr double kAny = std::numeric_limits<double>::max();

}  // namespace

strategy::StrategyEntry python_strategy(nb::dict given) {
  auto made = std::make_shared<Description>();
  made->name = nb::cast<std::string>(given["name"]);
  made->version = nb::cast<std::string>(given["version"]);
  for (const std::string& text : nb::cast<std::vector<std::string>>(given["indicators"])) {
    const auto spec = IndicatorSpec::parse(text);
    if (!spec) {
      throw std::invalid_argument(
          fmt::format("strategy '{}': there is no indicator '{}'", made->name, text));
    }
    made->indicators.push_back(*spec);
  }
  made->watches_stop = nb::cast<bool>(given["watches_stop"]);
  const nb::dict parameters = nb::cast<nb::dict>(given["parameters"]);
  made->parameter_names.reserve(parameters.size());  // views refer to them
  for (const auto [name, usual] : parameters) {
    made->parameter_names.push_back(nb::cast<std::string>(name));
    made->parameters.push_back(
        {made->parameter_names.back(), nb::cast<double>(usual), -kAny, kAny, "", false});
  }
  made->make = share(given["make"]);
  const std::shared_ptr<const Description> description = std::move(made);
  return {description->name, description->version, description->parameters,
          [description](StrategySetup& setup) {
            return std::make_unique<PythonStrategy>(*description, setup);
          }};
}

}  // namespace tapedeck::python
