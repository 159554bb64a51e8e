#include "event/record_encoder.hpp"

#include <array>
#include <stdexcept>
#include <utility>

namespace tapedeck {
namespace {

using detail::ValueKind;

/// Reads a record's parts in the order in which they were written.
class Reader {
 public:
  explicit Reader(const std::byte* at) : at_(at) {}

  template <typename T>
  T scalar() {
    T value;
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::string_view bytes() {
    const auto n = scalar<std::uint32_t>();
    return take(n);
  }
  std::string_view take(std::size_t n) {
    const std::string_view text(reinterpret_cast<const char*>(at_), n);
    at_ += n;
    return text;
  }
  const std::byte* position() const { return at_; }

 private:
  const std::byte* at_;
};

struct PayloadWriter {
  char* out;
  const char* frame;  // key spans count from here
  KeySpans* keys;
  json::TimestampWriter* timestamps;
  bool first = true;

  void separator() {
    if (!first) *out++ = ',';
    first = false;
  }
  void note(int key, const char* begin, const char* end) {
    if (key >= 0) {
      (*keys)[static_cast<std::size_t>(key)].set(static_cast<std::size_t>(begin - frame),
                                                 static_cast<std::size_t>(end - begin));
    }
  }
};

char* write_entries(char* out, std::string_view encoded, bool named);

char* write_value(char* out, ValueKind kind, Reader& reader) {
  switch (kind) {
    case ValueKind::null:
      return json::put(out, "null");
    case ValueKind::false_value:
      return json::put(out, "false");
    case ValueKind::true_value:
      return json::put(out, "true");
    case ValueKind::int64:
      return json::write_int(out, reader.scalar<std::int64_t>());
    case ValueKind::uint64:
      return json::write_uint(out, reader.scalar<std::uint64_t>());
    case ValueKind::number:
      return json::write_number(out, reader.scalar<double>());
    case ValueKind::string:
      return json::write_string(out, reader.bytes());
    case ValueKind::object:
      *out++ = '{';
      out = write_entries(out, reader.bytes(), true);
      *out++ = '}';
      return out;
    case ValueKind::array:
      *out++ = '[';
      out = write_entries(out, reader.bytes(), false);
      *out++ = ']';
      return out;
    case ValueKind::number_text:
      return json::put(out, reader.bytes());
  }
  return out;
}

char* write_entries(char* out, std::string_view encoded, bool named) {
  Reader reader(reinterpret_cast<const std::byte*>(encoded.data()));
  const auto* end = reader.position() + encoded.size();
  for (bool first = true; reader.position() != end; first = false) {
    if (!first) *out++ = ',';
    const auto kind = static_cast<ValueKind>(reader.scalar<std::uint8_t>());
    const std::string_view name = reader.take(reader.scalar<std::uint16_t>());
    if (named) {
      out = json::write_string(out, name);
      *out++ = ':';
    }
    out = write_value(out, kind, reader);
  }
  return out;
}

/// The entries of a Map as members of the payload itself, where keys are looked for.
void write_members(PayloadWriter& w, std::string_view encoded) {
  Reader reader(reinterpret_cast<const std::byte*>(encoded.data()));
  const auto* end = reader.position() + encoded.size();
  while (reader.position() != end) {
    const auto kind = static_cast<ValueKind>(reader.scalar<std::uint8_t>());
    const std::string_view name = reader.take(reader.scalar<std::uint16_t>());
    w.separator();
    w.out = json::write_string(w.out, name);
    *w.out++ = ':';
    const char* begin = w.out;
    w.out = write_value(w.out, kind, reader);
    if (kind == ValueKind::string) {
      w.note(key_of_payload_member(name), begin + 1, w.out - 1);
    } else if ((kind >= ValueKind::int64 && kind <= ValueKind::number) ||
               kind == ValueKind::number_text) {
      w.note(key_of_payload_member(name), begin, w.out);
    }
  }
}

/// `"name":` for a field, joined at compile time.
template <typename F>
struct NameLiteral {
  static constexpr std::size_t size = F::name.size() + 3;
  static constexpr std::array<char, size> text = [] {
    std::array<char, size> out{};
    out[0] = '"';
    for (std::size_t i = 0; i < F::name.size(); ++i) out[i + 1] = F::name.text[i];
    out[size - 2] = '"';
    out[size - 1] = ':';
    return out;
  }();
};

template <typename S>
void write_fields(PayloadWriter& w, Reader& reader);

template <typename F, typename T>
[[gnu::always_inline]] inline void write_field(PayloadWriter& w, Reader& reader) {
  if constexpr (F::name.view() == "extra") {
    write_members(w, reader.bytes());
    return;
  } else if constexpr (std::is_same_v<T, const Instrument*>) {
    write_fields<Instrument>(w, reader);
    return;
  } else {
    w.separator();
    std::memcpy(w.out, NameLiteral<F>::text.data(), NameLiteral<F>::size);
    w.out += NameLiteral<F>::size;
    if constexpr (std::is_same_v<T, std::string_view>) {
      *w.out++ = '"';
      [[maybe_unused]] const char* begin = w.out;
      w.out = json::write_string_body(w.out, reader.bytes());
      constexpr int kKey = key_of_payload_member(F::name.view());
      if constexpr (kKey >= 0) w.note(kKey, begin, w.out);
      *w.out++ = '"';
    } else if constexpr (std::is_same_v<T, Map> || std::is_same_v<T, List>) {
      constexpr bool kNamed = std::is_same_v<T, Map>;
      *w.out++ = kNamed ? '{' : '[';
      w.out = write_entries(w.out, reader.bytes(), kNamed);
      *w.out++ = kNamed ? '}' : ']';
    } else if constexpr (std::is_same_v<T, std::optional<Timestamp>> ||
                         std::is_same_v<T, Timestamp>) {
      *w.out++ = '"';
      w.out = w.timestamps->write(w.out, reader.scalar<std::int64_t>());
      *w.out++ = '"';
    } else if constexpr (std::is_same_v<T, double> || std::is_same_v<T, std::optional<double>>) {
      w.out = json::write_number(w.out, reader.scalar<double>());
    } else {
      w.out = json::write_int(w.out, reader.scalar<std::int64_t>());
    }
  }
}

template <typename S>
void write_fields(PayloadWriter& w, Reader& reader) {
  const auto presence = reader.scalar<std::uint64_t>();
  S::fields::for_each([&]<typename F>(std::size_t index) {
    if ((presence >> index & 1) != 0) {
      using T = std::remove_cvref_t<decltype(std::declval<const S&>().*F::member)>;
      write_field<F, T>(w, reader);
    }
  });
}

using FieldsWriter = void (*)(PayloadWriter&, Reader&);

constexpr auto kFieldsWriters = []<std::size_t... I>(std::index_sequence<I...>) {
  return std::array<FieldsWriter, sizeof...(I)>{
      &write_fields<std::tuple_element_t<I, detail::KnownEvents>>...};
}
(std::make_index_sequence<detail::kKnownEventCount>{});

constexpr std::string_view kHeadBegin = "data: {\"type\":\"", kHeadEnd = "\",\"timestamp\":\"";

/// What stands between the id line and the time of a known type's frame; copied whole like the id.
struct Head {
  char text[64]{};
  std::uint8_t length = 0;
  std::uint8_t type_length = 0;
};

constexpr auto kHeads = []<std::size_t... I>(std::index_sequence<I...>) {
  constexpr auto head_of = [](std::string_view type) {
    Head head;
    for (const std::string_view part : {kHeadBegin, type, kHeadEnd}) {
      for (const char c : part) head.text[head.length++] = c;
    }
    head.type_length = static_cast<std::uint8_t>(type.size());
    return head;
  };
  return std::array<Head, sizeof...(I)>{
      head_of(std::tuple_element_t<I, detail::KnownEvents>::type)...};
}
(std::make_index_sequence<detail::kKnownEventCount>{});

char* write_head(char* out, std::string_view type, FrameIndex& index) {
  index.type_length = static_cast<std::uint8_t>(type.size());
  out = json::put(out, kHeadBegin);
  out = json::put(out, type);
  return json::put(out, kHeadEnd);
}

}  // namespace

EncodedSource encode_source(const Source& source) {
  EncodedSource out;
  const auto add = [&](std::string_view name, Key key, const std::string& value) {
    if (value.empty()) return;
    out.json += out.json.empty() ? '{' : ',';
    json::append_string(out.json, name);
    out.json += ':';
    const std::size_t begin = out.json.size() + 1;
    json::append_string(out.json, value);
    out.keys[static_cast<std::size_t>(key)].set(begin, out.json.size() - 1 - begin);
  };
  add("host", Key::host, source.host);
  add("engine_id", Key::engine_id, source.engine_id);
  add("run_id", Key::run_id, source.run_id);
  add("account", Key::account, source.account);
  add("mode", Key::mode, source.mode);
  if (!out.json.empty()) out.json += '}';
  return out;
}

FrameEncoder::FrameEncoder(std::string_view epoch) : prefix_length_(epoch.size() + 1) {
  if (epoch.size() > kMaxEpoch) throw std::length_error("an epoch has at most 32 characters");
  *json::put(id_, epoch) = '-';
  id_length_ = static_cast<std::size_t>(json::write_uint(id_ + prefix_length_, 0) - id_);
}

void FrameEncoder::set_id(std::uint64_t seq) {
  // Nearly always the number after the last one: count up in decimal.
  char& last = id_[id_length_ - 1];
  if (seq == id_seq_ + 1 && last != '9') [[likely]] {
    ++last;
  } else {
    id_length_ = static_cast<std::size_t>(json::write_uint(id_ + prefix_length_, seq) - id_);
  }
  id_seq_ = seq;
}

char* FrameEncoder::write_id_line(char* out, std::uint64_t seq, FrameIndex& index) {
  set_id(seq);
  std::memcpy(json::put(out, "id: "), id_, kIdRoom);
  index.data_offset = static_cast<std::uint8_t>(4 + id_length_ + 1);
  out[4 + id_length_] = '\n';
  return out + index.data_offset;
}

char* FrameEncoder::finish(char* out, char* frame, char* payload, std::string_view source_json,
                           const KeySpans& source_keys, FrameIndex& index) {
  index.payload_length = static_cast<std::uint32_t>(out - payload);
  out = json::put(out, ",\"id\":\"");
  std::memcpy(out, id_, kIdRoom);
  out += id_length_;
  *out++ = '"';
  if (!source_json.empty()) {
    out = json::put(out, ",\"source\":");
    const auto base = static_cast<std::size_t>(out - frame);
    for (std::size_t key = static_cast<std::size_t>(Key::host); key < kKeyCount; ++key) {
      if (source_keys[key].packed == 0) continue;
      index.keys[key].set(base + source_keys[key].offset(), source_keys[key].length());
    }
    out = json::put(out, source_json);
  }
  out = json::put(out, "}\n\n");
  index.length = static_cast<std::uint32_t>(out - frame);
  return out;
}

char* FrameEncoder::encode(char* out, const std::byte* record, const EncodedSource& source,
                           std::uint64_t seq, std::int64_t timestamp_ns, FrameIndex& index) {
  Reader reader(record);
  const auto header = reader.scalar<detail::RecordHeader>();
  if ((header.flags & detail::kHasTimestamp) != 0) timestamp_ns = reader.scalar<std::int64_t>();
  const bool generic = header.kind == detail::kGenericKind;

  char* frame = out;
  out = write_id_line(out, seq, index);
  if (generic) {
    out = write_head(out, reader.bytes(), index);
  } else {
    const Head& head = kHeads[header.kind];
    std::memcpy(out, head.text, sizeof head.text);
    out += head.length;
    index.type_length = head.type_length;
  }
  index.timestamp_ns = timestamp_ns;
  out = json::put(timestamps_.write(out, timestamp_ns), "\",\"payload\":");
  char* payload = out;
  *out++ = '{';
  PayloadWriter w{out, frame, &index.keys, &timestamps_};
  if (generic) {
    write_members(w, reader.bytes());
  } else {
    kFieldsWriters[header.kind](w, reader);
  }
  *w.out++ = '}';
  return finish(w.out, frame, payload, source.json, source.keys, index);
}

char* FrameEncoder::encode(char* out, const DecodedEvent& event, std::uint64_t seq,
                           std::int64_t timestamp_ns, FrameIndex& index) {
  char* frame = out;
  out = write_head(write_id_line(out, seq, index), event.type, index);
  index.timestamp_ns = timestamp_ns;
  out = json::put(timestamps_.write(out, timestamp_ns), "\",\"payload\":");
  char* payload = out;
  const auto base = static_cast<std::size_t>(out - frame);
  for (std::size_t key = 0; key < static_cast<std::size_t>(Key::host); ++key) {
    const KeySpan span = event.payload_keys[key];
    if (span.packed != 0) index.keys[key].set(base + span.offset(), span.length());
  }
  out = json::put(out, event.payload);
  return finish(out, frame, payload, event.source, event.source_keys, index);
}

}  // namespace tapedeck
