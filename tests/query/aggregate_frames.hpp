// Frames for tests of the aggregates, encoded as the collector does from events as JSON text; and a
// store of rollup rows in memory.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "event/event_decoder.hpp"
#include "event/record_encoder.hpp"
#include "query/aggregate_query.hpp"
#include "query/aggregate_rollup.hpp"

namespace tapedeck::testing {

struct TestFrame {
  std::string bytes;
  FrameIndex index;
};

/// Encodes events as the collector does.
class Frames {
 public:
  /// @param json an event with a timestamp
  TestFrame operator()(const std::string& json) {
    const auto events = decoder_.decode_copy(json, BatchFormat::json);
    TestFrame out;
    if (!events) {
      ADD_FAILURE() << events.error().message << "\n" << json;
      return out;
    }
    const DecodedEvent& event = events->front();
    out.bytes.resize(FrameEncoder::frame_bound(event));
    const char* end =
        encoder_.encode(out.bytes.data(), event, ++seq_, event.timestamp_ns, out.index);
    out.bytes.resize(static_cast<std::size_t>(end - out.bytes.data()));
    return out;
  }
  /// @param time "09:15:00" of 18 November 2025, or a whole RFC 3339 time
  TestFrame operator()(std::string_view type, std::string_view time, std::string_view payload,
                       std::string_view source = {}) {
    std::string at(time);
    if (at[2] == ':') at = "2025-11-18T" + at + "Z";
    std::string json = R"({"type":")" + std::string(type) + R"(","timestamp":")" + at +
                       R"(","payload":)" + std::string(payload);
    if (!source.empty()) json += R"(,"source":)" + std::string(source);
    return (*this)(json + "}");
  }

 private:
  EventDecoder decoder_;
  FrameEncoder encoder_{"9f3c21"};
  std::uint64_t seq_ = 0;
};

/// Rows as drained, given back the way a store would.
class StoredRows : public RollupSource {
 public:
  void keep(std::vector<RollupRow> rows) {
    for (RollupRow& row : rows) rows_.push_back(std::move(row));
  }
  void visit_rollups(int dimension, std::int64_t first_minute, std::int64_t last_minute,
                     const std::function<void(std::string_view)>& sink) const override {
    for (const RollupRow& row : rows_) {
      if (row.dimension == dimension && row.last_minute >= first_minute &&
          row.first_minute <= last_minute) {
        sink(row.data);
      }
    }
  }
  const std::vector<RollupRow>& rows() const { return rows_; }

 private:
  std::vector<RollupRow> rows_;
};

inline const Timestamp kTestNow = *parse_rfc3339("2025-11-18T10:00:00Z");

/// A query that must be one.
inline AggregateQuery aggregate_query(
    const std::vector<QueryParameter>& parameters,
    const std::vector<std::string>& fields = default_value_fields()) {
  auto query = parse_aggregate_query(parameters, kTestNow, fields);
  if (query) return std::move(query).value();
  ADD_FAILURE() << query.error().message;
  return {};
}

}  // namespace tapedeck::testing
