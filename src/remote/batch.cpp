#include "remote/batch.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

namespace tapedeck::remote {

std::string Batch::key() const {
  const auto sum =
      ::crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return fmt::format("{}-{:x}-{:x}-{:08x}", publisher, number, body.size(), sum);
}

Line line_of(const Batch& batch, std::size_t index) {
  Line line;
  for (std::size_t i = 0;; ++i) {
    const std::size_t end = batch.body.find('\n', line.begin);
    line.length = (end == std::string::npos ? batch.body.size() : end + 1) - line.begin;
    if (i == index || line.length == 0) return line;
    line.begin += line.length;
  }
}

std::pair<Batch, Batch> split(const Batch& batch, std::size_t events) {
  const std::size_t at = line_of(batch, events).begin;
  std::pair<Batch, Batch> parts;
  const std::size_t first = std::min(events, batch.events);
  const bool ends = first == batch.events;
  parts.first = {batch.publisher, batch.number, ends ? batch.end_seq : 0, first,
                 batch.body.substr(0, at)};
  parts.second = {batch.publisher, batch.number, batch.end_seq, batch.events - first,
                  batch.body.substr(at)};
  return parts;
}

}  // namespace tapedeck::remote
