// permessage-deflate (RFC 7692) without context takeover: every message is compressed on its own,
// so one deflater and one inflater serve all connections of a thread and a connection costs
// nothing.
//
// Not thread-safe; each worker has its own. Memory: about 150 KB a deflater, 40 KB an inflater,
// made when first used.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tapedeck {

/// Window sizes as RFC 7692 names them: 2^n bytes. zlib has no raw deflate with 2^8.
inline constexpr int kMinWsWindow = 9, kMaxWsWindow = 15;

class WsDeflater {
 public:
  /// @param window_bits kMinWsWindow to kMaxWsWindow.
  explicit WsDeflater(int window_bits = kMaxWsWindow) : window_bits_(window_bits) {}

  /// Appends what goes into a message's frame. @throws std::bad_alloc
  void deflate(std::string_view message, std::string& out);

 private:
  struct End {
    void operator()(z_stream* stream) const noexcept;
  };
  const int window_bits_;
  std::unique_ptr<z_stream, End> stream_;
};

class WsInflater {
 public:
  enum class Outcome : std::uint8_t { inflated, malformed, too_big };

  /// Appends the message to `out`, which is left in any state when that fails.
  /// @param limit bytes that `out` may have in the end. @throws std::bad_alloc
  Outcome inflate(std::string_view compressed, std::string& out, std::size_t limit);

 private:
  struct End {
    void operator()(z_stream* stream) const noexcept;
  };
  Outcome feed(std::string_view bytes, std::string& out, std::size_t limit);

  std::unique_ptr<z_stream, End> stream_;
};

}  // namespace tapedeck
