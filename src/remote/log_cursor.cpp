#include "remote/log_cursor.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "event/json_writer.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck::remote {

LogCursor::LogCursor(TelemetryBus& bus)
    : log_(BusAccess::log(bus)),
      holder_(log_.add_holder()),
      next_((bus.flush(), log_.last_seq() + 1)) {
  log_.hold_from(next_seq(), holder_);
}

LogCursor::~LogCursor() {
  log_.remove_holder(holder_);
}

std::string dropped_line(std::uint64_t count, std::string_view reason) {
  char host[256] = {};
  std::string source;
  if (::gethostname(host, sizeof host - 1) == 0 && host[0] != '\0') {
    source = fmt::format(R"(,"source":{{"host":{}}})", json::quoted(host));
  }
  return fmt::format(
      R"({{"type":"events_dropped","timestamp":"{}","payload":{{"count":{},"reason":"{}"}}{}}})"
      "\n",
      format_rfc3339(now()), count, reason, source);
}

void LogCursor::tell_of_hole(Batch& batch, std::string_view reason) {
  batch.body += dropped_line(untold_, reason);
  ++batch.events;
  untold_ = 0;
}

bool LogCursor::fill(Batch& batch, std::size_t bytes, std::size_t events, std::string_view reason) {
  std::uint64_t next = next_seq();
  bool room = batch.body.size() < bytes && batch.events < events;
  while (room && next <= log_.last_seq()) {
    if (const std::uint64_t oldest = log_.first_seq(); next < oldest) {
      const std::uint64_t missed = oldest - next;
      next = oldest;
      next_.store(next, std::memory_order_release);  // or missed() would count them twice
      missed_.fetch_add(missed, std::memory_order_relaxed);
      untold_ += missed;
    }
    const auto pin = log_.pin(next);
    if (!pin) continue;
    if (untold_ > 0) tell_of_hole(batch, reason);
    for (; next < pin->end_seq(); ++next) {
      const FrameIndex& index = pin->index(next);
      const std::size_t line = index.json_length() + 1;  // and the \n that ends it
      room = batch.events < events && (batch.empty() || batch.body.size() + line <= bytes);
      if (!room) break;
      batch.body.append(pin->frame(index) + index.json_offset(), line);
      ++batch.events;
    }
  }
  next_.store(next, std::memory_order_release);
  log_.hold_from(next, holder_);
  batch.end_seq = next;
  return !room || batch.body.size() >= bytes || batch.events >= events;
}

std::uint64_t LogCursor::waiting() const noexcept {
  const std::uint64_t from = std::max(next_seq(), log_.first_seq());
  const std::uint64_t end = log_.last_seq() + 1;
  return end > from ? end - from : 0;
}

std::uint64_t LogCursor::missed() const noexcept {
  const std::uint64_t oldest = log_.first_seq(), next = next_seq();
  return missed_.load(std::memory_order_relaxed) + (oldest > next ? oldest - next : 0);
}

}  // namespace tapedeck::remote
