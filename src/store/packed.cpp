#include "store/packed.hpp"

#include <zstd.h>

#include <new>

namespace tapedeck::store {
namespace {

constexpr int kLevel = 3;

}  // namespace

std::string packed(std::string_view bytes) {
  std::string out;
  out.resize(ZSTD_compressBound(bytes.size()));
  const std::size_t size =
      ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), kLevel);
  if (ZSTD_isError(size) != 0) throw std::bad_alloc();  // the only way left to fail
  out.resize(size);
  return out;
}

std::optional<std::string> unpacked(std::string_view bytes, std::size_t most) {
  const unsigned long long size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (size > most) return std::nullopt;  // what says "unknown" and "error" is larger than all
  std::string out;
  out.resize(size);
  const std::size_t got = ZSTD_decompress(out.data(), out.size(), bytes.data(), bytes.size());
  if (got != size) return std::nullopt;
  return out;
}

}  // namespace tapedeck::store
