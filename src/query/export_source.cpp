#include "query/export_source.hpp"

namespace tapedeck {

bool ExportSource::next(std::string& out) {
  if (header_due_) csv_->append_header(out);
  header_due_ = false;
  if (bounds_.first >= bounds_.end) return false;
  const ReadLimits limits{kPieceLooks, kPieceBytes, kPieceLooks};
  const Selection slice = tape_.forward(filter_, bounds_, limits);
  for (const ScannedEvent& event : slice.items) {
    if (csv_) {
      csv_->append_row(out, event);
    } else {
      out += event.json();
      out += '\n';
    }
  }
  bounds_.first = slice.next;
  return bounds_.first < bounds_.end;
}

}  // namespace tapedeck
