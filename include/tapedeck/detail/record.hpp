// How an event lies in a publishing thread's queue: a header, a bit per present field, then the
// present fields in declaration order. Written by the publisher (hot path), read by the collector.
//
//   RecordHeader | timestamp i64 if kHasTimestamp | presence u64 | fields
//   number, integer, Timestamp: 8 bytes; string, Map, List: u32 length and bytes;
//   Instrument: presence u64 and its own fields.
//   GenericEvent: type (u32 length and bytes), then the payload as a Map.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>

#include "tapedeck/events.hpp"

namespace tapedeck::detail {

struct RecordHeader {
  std::uint32_t size;  // of the whole record, a multiple of 8
  std::uint8_t kind;   // index in KnownEvents, or kKnownEventCount for GenericEvent
  std::uint8_t flags;
  std::uint16_t source;
  std::uint64_t ticks;  // moment of enqueueing
};
static_assert(sizeof(RecordHeader) == 16);

inline constexpr std::uint8_t kHasTimestamp = 1;
inline constexpr std::uint8_t kGenericKind = static_cast<std::uint8_t>(kKnownEventCount);

// Most strings here are a few bytes long; a call into libc's memcpy for each would dominate.
[[gnu::always_inline]] inline void copy_small(std::byte* to, const char* from, std::size_t n) {
  if (n > 32) {
    std::memcpy(to, from, n);
  } else if (n >= 16) {
    std::memcpy(to, from, 16);
    std::memcpy(to + n - 16, from + n - 16, 16);
  } else if (n >= 8) {
    std::memcpy(to, from, 8);
    std::memcpy(to + n - 8, from + n - 8, 8);
  } else if (n >= 4) {
    std::memcpy(to, from, 4);
    std::memcpy(to + n - 4, from + n - 4, 4);
  } else if (n >= 2) {
    std::memcpy(to, from, 2);
    std::memcpy(to + n - 2, from + n - 2, 2);
  } else if (n == 1) {
    *to = static_cast<std::byte>(*from);
  }
}

template <typename F, typename S>
[[gnu::always_inline]] inline bool is_present(const S& event) {
  if constexpr (F::required) {
    return true;
  } else {
    const auto& value = event.*F::member;
    using T = std::remove_cvref_t<decltype(value)>;
    if constexpr (std::is_pointer_v<T>) {
      return value != nullptr;
    } else if constexpr (requires { value.has_value(); }) {
      return value.has_value();
    } else {
      return !value.empty();
    }
  }
}

template <typename S>
[[gnu::always_inline]] inline std::size_t fields_size(const S& event);

template <typename T>
[[gnu::always_inline]] inline std::size_t value_size(const T& value) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return 4 + value.size();
  } else if constexpr (std::is_same_v<T, Map> || std::is_same_v<T, List>) {
    return 4 + value.bytes().size();
  } else if constexpr (std::is_same_v<T, const Instrument*>) {
    return fields_size(*value);
  } else {
    return 8;
  }
}

template <typename S>
[[gnu::always_inline]] inline std::size_t fields_size(const S& event) {
  std::size_t size = 8;
  S::fields::for_each([&]<typename F>(std::size_t) __attribute__((always_inline)) {
    if (is_present<F>(event)) size += value_size(event.*F::member);
  });
  return size;
}

template <typename S>
[[gnu::always_inline]] inline std::byte* write_fields(std::byte* out, const S& event);

// Inlined into its caller, GCC 12 takes the value of an empty optional, which is never read, for an
// uninitialised one that is (GCC bug 80635).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
template <typename T>
[[gnu::always_inline]] inline std::byte* write_value(std::byte* out, const T& value) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    const auto n = static_cast<std::uint32_t>(value.size());
    std::memcpy(out, &n, 4);
    copy_small(out + 4, value.data(), value.size());
    return out + 4 + n;
  } else if constexpr (std::is_same_v<T, Map> || std::is_same_v<T, List>) {
    const auto n = static_cast<std::uint32_t>(value.bytes().size());
    std::memcpy(out, &n, 4);
    std::memcpy(out + 4, value.bytes().data(), n);
    return out + 4 + n;
  } else if constexpr (std::is_same_v<T, const Instrument*>) {
    return write_fields(out, *value);
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    return write_value(out, to_ns(value));
  } else if constexpr (requires { value.has_value(); }) {
    return write_value(out, *value);
  } else {
    static_assert(sizeof(T) == 8);
    std::memcpy(out, &value, 8);
    return out + 8;
  }
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

template <typename S>
[[gnu::always_inline]] inline std::byte* write_fields(std::byte* out, const S& event) {
  static_assert(S::fields::size <= 64);
  std::uint64_t presence = 0;
  std::byte* at = out + 8;
  S::fields::for_each([&]<typename F>(std::size_t index) __attribute__((always_inline)) {
    if (is_present<F>(event)) {
      presence |= std::uint64_t{1} << index;
      at = write_value(at, event.*F::member);
    }
  });
  std::memcpy(out, &presence, 8);
  return at;
}

[[gnu::always_inline]] inline std::size_t payload_size(const GenericEvent& event) {
  return value_size(event.event_type) + value_size(event.payload);
}
template <KnownEvent E>
[[gnu::always_inline]] inline std::size_t payload_size(const E& event) {
  return fields_size(event);
}

/// Bytes the record of this event takes, rounded up to a multiple of 8.
template <typename E>
[[gnu::always_inline]] inline std::size_t record_size(const E& event, bool has_timestamp) {
  const std::size_t size = sizeof(RecordHeader) + (has_timestamp ? 8U : 0U) + payload_size(event);
  return (size + 7) & ~std::size_t{7};
}

template <typename E>
[[gnu::always_inline]] inline void write_record(std::byte* out, std::size_t size, const E& event,
                                                Timestamp at, std::uint16_t source,
                                                std::uint64_t ticks) {
  RecordHeader header{static_cast<std::uint32_t>(size), kGenericKind, 0, source, ticks};
  if constexpr (KnownEvent<E>) header.kind = static_cast<std::uint8_t>(known_event_index<E>());
  std::byte* body = out + sizeof(RecordHeader);
  if (at != kNow) {
    header.flags = kHasTimestamp;
    body = write_value(body, at);
  }
  std::memcpy(out, &header, sizeof header);
  if constexpr (KnownEvent<E>) {
    write_fields(body, event);
  } else {
    write_value(write_value(body, event.event_type), event.payload);
  }
}

}  // namespace tapedeck::detail
