#include "app/export_meter.hpp"

#include <algorithm>

namespace tapedeck::app {

void ExportMeter::feed(std::string_view bytes) {
  bytes_ += bytes.size();
  format_ == ExportFormat::csv ? feed_csv(bytes) : feed_ndjson(bytes);
}

std::uint64_t ExportMeter::events() const noexcept {
  const bool has_titles = format_ == ExportFormat::csv && lines_ > 0;
  return lines_ - (has_titles ? 1 : 0);
}

std::optional<Timestamp> ExportMeter::reached() const {
  if (format_ == ExportFormat::csv) return parse_rfc3339(last_);
  constexpr std::string_view kName = R"("timestamp":")";
  const std::size_t at = last_.find(kName);
  if (at == std::string::npos) return std::nullopt;
  const std::string_view rest = std::string_view(last_).substr(at + kName.size());
  return parse_rfc3339(rest.substr(0, rest.find('"')));
}

void ExportMeter::feed_ndjson(std::string_view bytes) {
  for (;;) {
    const std::size_t end = bytes.find('\n');
    head_ += bytes.substr(0, std::min(end, kHeadBytes - std::min(kHeadBytes, head_.size())));
    if (end == std::string_view::npos) return;
    ++lines_;
    last_.swap(head_);
    head_.clear();
    bytes.remove_prefix(end + 1);
  }
}

void ExportMeter::feed_csv(std::string_view bytes) {
  for (const char c : bytes) {
    if (c == '"') {
      quoted_ = !quoted_;  // a quote inside a cell is written twice, and so changes nothing
    } else if (!quoted_ && c == ',') {
      end_csv_cell();
    } else if (!quoted_ && c == '\n') {
      end_csv_row();
    } else if (head_.size() < kHeadBytes && (lines_ == 0 || cell_ == time_cell_)) {
      head_ += c;
    }
  }
}

/// The titles say which cell the timestamp is; in the rows only that one is kept.
void ExportMeter::end_csv_cell() {
  if (lines_ == 0 && head_ == "timestamp" && time_cell_ == kNoCell) time_cell_ = cell_;
  if (lines_ > 0 && cell_ == time_cell_) last_ = head_;
  head_.clear();
  ++cell_;
}

void ExportMeter::end_csv_row() {
  if (head_.ends_with('\r')) head_.pop_back();
  end_csv_cell();
  cell_ = 0;
  ++lines_;
}

}  // namespace tapedeck::app
