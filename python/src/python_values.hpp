// Small things that both sides of the engines' binding need: Python objects that threads without
// the GIL may let go of, and candles as tuples.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <utility>

#include "tapedeck/market/tick.hpp"

namespace tapedeck::python {

using SharedObject = std::shared_ptr<nanobind::object>;

inline SharedObject share(nanobind::object object) {
  return {new nanobind::object(std::move(object)), [](nanobind::object* held) {
            if (!nanobind::is_alive())
              return;  // the interpreter has ended: nothing to give back to
            const nanobind::gil_scoped_acquire acquired;
            delete held;
          }};
}

inline nanobind::str as_str(std::string_view text) {
  return nanobind::str(text.data(), text.size());
}

/// (symbol, exchange, timeframe, start, end, open, high, low, close, volume), times in ns since
/// 1970.
inline nanobind::tuple candle_tuple(const market::Candle& candle) {
  return nanobind::make_tuple(as_str(candle.symbol), as_str(candle.exchange),
                              as_str(candle.timeframe.name()), to_ns(candle.start),
                              to_ns(candle.end), candle.open, candle.high, candle.low, candle.close,
                              candle.volume);
}

}  // namespace tapedeck::python
