// The columns of an export, which come from the request, over a payload, which may come from a
// damaged store: the text up to the first line break names the columns, the rest is the payload.
// Must never read outside of it, a row must have as many cells as the header, and no cell may begin
// like a formula.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "query/export_csv.hpp"

namespace {

using namespace tapedeck;

/// Counts the cells of a row as RFC 4180 reads it; aborts at what a spreadsheet would run.
std::size_t count_cells(std::string_view row, bool text_only) {
  std::size_t cells = 1;
  bool quoted = false, begins = true;
  for (const char c : row) {
    if (begins && c == '"') {
      quoted = true;
      begins = false;
      continue;
    }
    if (begins && text_only && (c == '=' || c == '@')) std::abort();
    begins = false;
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      ++cells;
      begins = true;
    }
  }
  return cells;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  const std::string_view columns = text.substr(0, line);
  const std::string_view payload =
      line == std::string_view::npos ? std::string_view("{}") : text.substr(line + 1);
  const auto csv = ExportCsv::with_columns(columns);
  if (!csv) {
    if (csv.error().field != "columns") std::abort();
    return 0;
  }
  std::string header, row;
  csv->append_header(header);
  const std::string frame =
      R"(id: e1-1
data: {"type":"t","timestamp":"2025-11-18T07:55:41.345678Z","payload":)" +
      std::string(payload) + R"(,"id":"e1-1"})" + "\n\n";
  FrameIndex index;
  index.length = static_cast<std::uint32_t>(frame.size());
  index.type_length = 1;
  index.data_offset = 9;
  index.payload_length = static_cast<std::uint32_t>(payload.size());
  csv->append_row(row, {1, &index, frame.data()});
  // Bare numbers of a damaged payload are copied as they are: only the header is text throughout.
  const std::size_t cells = count_cells(header, true);
  const bool sound = payload.find_first_of("\",") == std::string_view::npos;
  if (sound && count_cells(row, false) != cells) std::abort();
  return 0;
}
