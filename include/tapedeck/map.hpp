// Map and List: payload fields whose names are known only at run time (indicators, metrics, extra
// fields). They are encoded while they are built, into an inline buffer first, so that publishing
// one is a copy of bytes. Values own what they hold; nothing dangles.
//
// Not thread-safe: build one on one thread, then publish it. Building allocates only beyond
// kInlineBytes; publishing never does.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

namespace tapedeck {

class Map;
class List;

namespace detail {

/// How one value is laid out in an encoded Map, List or event record.
/// Entry: kind u8, key length u16, key bytes, then the value: nothing (null, false, true), 8 bytes
/// (int64, uint64, number), or u32 length and bytes (string, object, array, number_text).
enum class ValueKind : std::uint8_t {
  null,
  false_value,
  true_value,
  int64,
  uint64,
  number,
  string,
  object,
  array,
  number_text,
};

/// A growing byte buffer that starts inside the object.
class ByteBuffer {
 public:
  static constexpr std::size_t kInlineBytes = 1000;

  // Not defaulted: value-initialisation would clear inline_, which costs more than publishing.
  ByteBuffer() noexcept {}  // NOLINT(modernize-use-equals-default)
  ByteBuffer(const ByteBuffer& other) { append(other.data(), other.size_); }
  ByteBuffer(ByteBuffer&& other) noexcept { take(other); }
  ByteBuffer& operator=(const ByteBuffer& other) {
    if (this != &other) {
      size_ = 0;
      append(other.data(), other.size_);
    }
    return *this;
  }
  ByteBuffer& operator=(ByteBuffer&& other) noexcept {
    if (this != &other) {
      delete[] heap_;
      take(other);
    }
    return *this;
  }
  ~ByteBuffer() { delete[] heap_; }

  const std::byte* data() const noexcept { return heap_ ? heap_ : inline_; }
  std::size_t size() const noexcept { return size_; }

  void append(const void* bytes, std::size_t n) {
    std::byte* at = grow_by(n);
    if (n != 0) std::memcpy(at, bytes, n);
  }
  /// Makes room for n bytes at the end and returns where they go.
  std::byte* grow_by(std::size_t n) {
    const std::size_t capacity = heap_ ? capacity_ : kInlineBytes;
    if (size_ + n > capacity) enlarge(size_ + n);
    std::byte* at = (heap_ ? heap_ : inline_) + size_;
    size_ += n;
    return at;
  }

 private:
  void take(ByteBuffer& other) noexcept {
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    heap_ = std::exchange(other.heap_, nullptr);
    if (!heap_ && size_ != 0) std::memcpy(inline_, other.inline_, size_);
  }
  void enlarge(std::size_t wanted) {
    const std::size_t capacity = wanted * 2;
    auto* bigger = new std::byte[capacity];
    std::memcpy(bigger, data(), size_);
    delete[] heap_;
    heap_ = bigger;
    capacity_ = capacity;
  }

  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::byte* heap_ = nullptr;
  std::byte inline_[kInlineBytes];
};

}  // namespace detail

/// A number no type here holds (2^64, more digits than a double has), as JSON writes it. The caller
/// vouches that it is one: it goes into the event as it is.
struct NumberText {
  std::string_view digits;
};

/// A value on its way into a Map or List; refers to its source only during the call.
class Value {
 public:
  Value(std::nullptr_t) noexcept : kind_(detail::ValueKind::null) {}
  Value(bool v) noexcept
      : kind_(v ? detail::ValueKind::true_value : detail::ValueKind::false_value) {}
  template <std::integral T>
  requires(!std::same_as<T, bool>) Value(T v)
  noexcept {
    if constexpr (std::signed_integral<T>) {
      kind_ = detail::ValueKind::int64;
      const auto wide = static_cast<std::int64_t>(v);
      std::memcpy(scalar_, &wide, 8);
    } else {
      kind_ = detail::ValueKind::uint64;
      const auto wide = static_cast<std::uint64_t>(v);
      std::memcpy(scalar_, &wide, 8);
    }
  }
  /// NaN and infinities are written as null (JSON has no word for them).
  Value(double v) noexcept : kind_(detail::ValueKind::number) { std::memcpy(scalar_, &v, 8); }
  /// Bytes that are not UTF-8 are replaced by U+FFFD when the event is encoded.
  Value(std::string_view v) noexcept
      : kind_(detail::ValueKind::string), bytes_(v.data()), size_(v.size()) {}
  Value(const char* v) noexcept : Value(std::string_view(v)) {}
  Value(NumberText v) noexcept
      : kind_(detail::ValueKind::number_text), bytes_(v.digits.data()), size_(v.digits.size()) {}
  template <typename S>
  requires(!std::same_as<S, std::string_view> && std::convertible_to<const S&, std::string_view> &&
           !std::convertible_to<const S&, const char*>) Value(const S& v)
  noexcept : Value(std::string_view(v)) {}
  Value(const Map& v) noexcept;
  Value(const List& v) noexcept;
  /// An empty optional is null.
  template <typename T>
  requires std::constructible_from<Value, const T&> Value(const std::optional<T>& v)
  noexcept : Value(nullptr) {
    if (v) *this = Value(*v);
  }

 private:
  friend class Map;
  friend class List;
  void write(detail::ByteBuffer& out, std::string_view key) const;

  detail::ValueKind kind_ = detail::ValueKind::null;
  std::byte scalar_[8]{};
  const void* bytes_ = nullptr;
  std::size_t size_ = 0;
};

/// Names and values in the order they were set. Setting a name twice writes it twice: don't.
/// Names longer than 65535 bytes are cut there.
class Map {
 public:
  using Entry = std::pair<std::string_view, Value>;

  Map() noexcept {}  // NOLINT(modernize-use-equals-default): see ByteBuffer
  Map(std::initializer_list<Entry> entries) {
    for (const Entry& entry : entries) set(entry.first, entry.second);
  }

  Map& set(std::string_view key, const Value& value) {
    value.write(bytes_, key);
    return *this;
  }
  bool empty() const noexcept { return bytes_.size() == 0; }
  /// The encoded form; see detail::ValueKind.
  const detail::ByteBuffer& bytes() const noexcept { return bytes_; }

 private:
  detail::ByteBuffer bytes_;
};

/// Values in order.
class List {
 public:
  List() noexcept {}  // NOLINT(modernize-use-equals-default): see ByteBuffer
  List(std::initializer_list<Value> values) {
    for (const Value& value : values) add(value);
  }

  List& add(const Value& value) {
    value.write(bytes_, {});
    return *this;
  }
  bool empty() const noexcept { return bytes_.size() == 0; }
  const detail::ByteBuffer& bytes() const noexcept { return bytes_; }

 private:
  detail::ByteBuffer bytes_;
};

inline Value::Value(const Map& v) noexcept
    : kind_(detail::ValueKind::object), bytes_(v.bytes().data()), size_(v.bytes().size()) {}
inline Value::Value(const List& v) noexcept
    : kind_(detail::ValueKind::array), bytes_(v.bytes().data()), size_(v.bytes().size()) {}

inline void Value::write(detail::ByteBuffer& out, std::string_view key) const {
  using detail::ValueKind;
  const auto key_size = static_cast<std::uint16_t>(key.size() < 0xFFFF ? key.size() : 0xFFFF);
  const bool scalar =
      kind_ == ValueKind::int64 || kind_ == ValueKind::uint64 || kind_ == ValueKind::number;
  const bool sized = kind_ >= ValueKind::string;
  const std::size_t value_size = scalar ? 8 : sized ? 4 + size_ : 0;
  std::byte* at = out.grow_by(3U + key_size + value_size);
  *at = static_cast<std::byte>(kind_);
  std::memcpy(at + 1, &key_size, 2);
  if (key_size != 0) std::memcpy(at + 3, key.data(), key_size);
  at += 3U + key_size;
  if (scalar) {
    std::memcpy(at, scalar_, 8);
  } else if (sized) {
    const auto n = static_cast<std::uint32_t>(size_);
    std::memcpy(at, &n, 4);
    if (size_ != 0) std::memcpy(at + 4, bytes_, size_);
  }
}

}  // namespace tapedeck
