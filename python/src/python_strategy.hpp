// A strategy that is written in Python, as the strategy engine knows strategies. tapedeck.strategy
// has the other half: it makes the instances, shows them candles and reads their answers.
//
// Made with the GIL held; asked on the engine thread, which takes the GIL for as long as the answer
// takes and holds it at no other time.
#pragma once

#include <nanobind/nanobind.h>

#include "tapedeck/strategy/strategy.hpp"

namespace tapedeck::python {

/// @param given `name`, `version`, `indicators` (descriptions), `parameters` {name: figure},
///   `watches_stop` (StrategySetup::watches_stop) and `make`, which is called as make(parameters,
///   names) once per symbol (and once as an example) and returns what is called for each candle as
///     ask(candle, values, values_before, holding, past) → (action, confidence, reason),
///   values in the order of names and None where there is none; text instead of what is returned
///   says why the strategy cannot be made or cannot go on.
/// @throws std::invalid_argument for an indicator that there is not
strategy::StrategyEntry python_strategy(nanobind::dict given);

}  // namespace tapedeck::python
