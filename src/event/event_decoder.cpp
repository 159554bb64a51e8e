#include "event/event_decoder.hpp"

#include <simdjson.h>

#include <optional>
#include <vector>

#include "event/json_writer.hpp"
#include "event/schema.hpp"
#include "tapedeck/events.hpp"

namespace tapedeck {
namespace {

namespace ondemand = simdjson::ondemand;

// `\"` becomes `\u0022`: the worst growth of text that is already JSON.
constexpr std::size_t kMaxGrowth = 3;
// Memory kept for the next call; a larger batch's is given back.
constexpr std::size_t kKeptBytes = std::size_t{8} << 20;

/// Thrown inside the decoder only, where errors can surface at any depth of the recursion.
struct Failure {
  Error error;
};

[[noreturn]] void fail(std::string code, std::string message, std::string pointer) {
  throw Failure{{std::move(code), std::move(message), std::move(pointer)}};
}

/// A JSON number as RFC 8259 §6 spells it.
bool is_json_integer(std::string_view text) {
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  if (text.empty() || (text.front() == '0' && text.size() > 1)) return false;
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string_view trim_right(std::string_view text) {
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  return text.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

JsonType to_json_type(ondemand::json_type type) {
  switch (type) {
    case ondemand::json_type::object:
      return JsonType::object;
    case ondemand::json_type::array:
      return JsonType::array;
    case ondemand::json_type::string:
      return JsonType::string;
    case ondemand::json_type::number:
      return JsonType::number;
    case ondemand::json_type::boolean:
      return JsonType::boolean;
    case ondemand::json_type::null:
      return JsonType::null;
  }
  return JsonType::null;
}

}  // namespace

struct EventDecoder::Impl {
  explicit Impl(DecoderLimits given) : limits(given) {}

  struct Member {
    std::string_view name;
    JsonType type;
  };

  const DecoderLimits limits;
  ondemand::parser parser;
  std::unique_ptr<char[]> output;
  std::size_t output_size = 0;
  char* out = nullptr;
  std::vector<DecodedEvent> events;
  std::vector<Member> members;  // of the payload being decoded
  std::string padded;           // decode_copy

  template <typename T>
  T must(simdjson::simdjson_result<T>&& result) {
    T value;
    const auto error = std::move(result).get(value);
    if (error != simdjson::SUCCESS) fail_json(error);
    return value;
  }

  [[noreturn]] void fail_json(simdjson::error_code error) {
    if (error == simdjson::DEPTH_ERROR) fail_depth();
    std::string why = simdjson::error_message(error);
    if (!why.empty() && why.back() == '.') why.pop_back();
    fail("malformed_json", "The body is not valid JSON: " + why + ".", "");
  }
  [[noreturn]] void fail_depth() {
    fail("too_deep",
         "The event nests objects and arrays deeper than " + std::to_string(limits.depth) +
             " levels; flatten it.",
         "");
  }

  void prepare(std::size_t text_size) {
    const std::size_t wanted = text_size * kMaxGrowth + 64;
    if (output_size < wanted || (output_size > kKeptBytes && wanted <= kKeptBytes)) {
      output.reset();
      output.reset(new char[wanted]);
      output_size = wanted;
    }
    if (parser.capacity() > kKeptBytes && text_size <= kKeptBytes) parser = ondemand::parser{};
    out = output.get();
    events.clear();
  }

  // --- normalising ---

  void write_number(ondemand::value& value) {
    const std::string_view token = trim_right(value.raw_json_token());
    ondemand::number number;
    if (value.get_number().get(number) != simdjson::SUCCESS && !is_json_integer(token)) {
      std::string shown(token.substr(0, 40));
      fail("malformed_json",
           "The number " + shown +
               " is not valid JSON or too large for a double; send it as a string.",
           "");
    }
    out = json::put(out, token);
  }

  void write_object(ondemand::object object, std::size_t depth, KeySpans* keys, bool is_source) {
    const char* base = out;
    *out++ = '{';
    bool first = true;
    for (auto result : object) {
      ondemand::field field = must(std::move(result));
      const std::string_view name = must(field.unescaped_key());
      if (!first) *out++ = ',';
      first = false;
      out = json::write_string(out, name);
      *out++ = ':';
      ondemand::value value = field.value();
      const ondemand::json_type type = must(value.type());
      const char* begin = out;
      write_value(value, type, depth);
      if (keys == nullptr) continue;
      const int key = is_source ? key_of_source_member(name) : key_of_payload_member(name);
      const bool is_string = type == ondemand::json_type::string;
      const std::size_t quote = is_string ? 1 : 0;
      if (key >= 0 && (is_string || type == ondemand::json_type::number)) {
        (*keys)[static_cast<std::size_t>(key)].set(
            static_cast<std::size_t>(begin - base) + quote,
            static_cast<std::size_t>(out - begin) - 2 * quote);
      }
      if (!is_source) members.push_back({name, to_json_type(type)});
    }
    *out++ = '}';
  }

  void write_value(ondemand::value& value, ondemand::json_type type, std::size_t depth) {
    switch (type) {
      case ondemand::json_type::object:
        if (depth >= limits.depth) fail_depth();
        write_object(must(value.get_object()), depth + 1, nullptr, true);
        return;
      case ondemand::json_type::array: {
        if (depth >= limits.depth) fail_depth();
        *out++ = '[';
        bool first = true;
        for (auto result : must(value.get_array())) {
          ondemand::value element = must(std::move(result));
          if (!first) *out++ = ',';
          first = false;
          write_value(element, must(element.type()), depth + 1);
        }
        *out++ = ']';
        return;
      }
      case ondemand::json_type::string:
        out = json::write_string(out, must(value.get_string()));
        return;
      case ondemand::json_type::number:
        write_number(value);
        return;
      case ondemand::json_type::boolean:
        out = must(value.get_bool()) ? json::put(out, "true") : json::put(out, "false");
        return;
      case ondemand::json_type::null:
        if (!must(value.is_null())) fail_json(simdjson::N_ATOM_ERROR);
        out = json::put(out, "null");
        return;
    }
  }

  // --- one event ---

  void read_payload(ondemand::value& value, DecodedEvent& event) {
    if (must(value.type()) != ondemand::json_type::object) {
      fail("invalid_event", "\"payload\" must be a JSON object.", "/payload");
    }
    const char* from = out;
    members.clear();
    write_object(must(value.get_object()), 2, &event.payload_keys, false);
    if (static_cast<std::size_t>(out - from) > limits.payload_bytes) {
      fail("payload_too_large",
           "The payload is larger than the limit of " + std::to_string(limits.payload_bytes) +
               " bytes; send less, or a reference to where the rest is.",
           "/payload");
    }
    event.payload = {from, static_cast<std::size_t>(out - from)};
  }

  void read_source(ondemand::value& value, DecodedEvent& event) {
    if (must(value.type()) != ondemand::json_type::object) {
      fail("invalid_event", "\"source\" must be a JSON object.", "/source");
    }
    const char* from = out;
    write_object(must(value.get_object()), 2, &event.source_keys, true);
    event.source = {from, static_cast<std::size_t>(out - from)};
    if (event.source.size() > limits.source_bytes) {
      fail("invalid_event",
           "\"source\" is larger than " + std::to_string(limits.source_bytes) + " bytes.",
           "/source");
    }
    if (event.source == "{}") event.source = {};
  }

  void read_timestamp(ondemand::value& value, DecodedEvent& event) {
    const auto type = must(value.type());
    if (type == ondemand::json_type::null) {
      if (!must(value.is_null())) fail_json(simdjson::N_ATOM_ERROR);
      return;
    }
    std::optional<Timestamp> time;
    if (type == ondemand::json_type::string) time = parse_rfc3339(must(value.get_string()));
    if (!time) {
      fail("invalid_event",
           "\"timestamp\" must be an RFC 3339 string with an offset, such as "
           "2025-11-18T07:55:41.123456Z or 2025-11-18T13:25:41+05:30.",
           "/timestamp");
    }
    event.timestamp_ns = to_ns(*time);
    event.has_timestamp = true;
  }

  void read_type(ondemand::value& value, DecodedEvent& event) {
    if (must(value.type()) != ondemand::json_type::string) {
      fail("invalid_event", "\"type\" must be a string.", "/type");
    }
    const std::string_view type = must(value.get_string());
    if (!is_valid_event_type(type)) {
      fail("invalid_event", "\"type\" must be 1 to 64 characters of A-Z a-z 0-9 _ . : -", "/type");
    }
    event.type = {out, type.size()};
    out = json::put(out, type);
  }

  void check_fields(const DecodedEvent& event) {
    for (const FieldSchema& field : fields_of_type(event.type)) {
      if (!field.required) continue;
      const std::string pointer = "/payload/" + std::string(field.name);
      const Member* found = nullptr;
      for (const Member& member : members) {
        if (member.name == field.name) found = &member;
      }
      if (found == nullptr) {
        fail("invalid_event",
             std::string(event.type) + " needs \"" + std::string(field.name) + "\" in its payload.",
             pointer);
      }
      if (found->type != field.type) {
        fail("invalid_event",
             "\"" + std::string(field.name) + "\" must be a JSON " +
                 std::string(name_of(field.type)) + ", not " + std::string(name_of(found->type)) +
                 ".",
             pointer);
      }
    }
  }

  void read_event(ondemand::object object) {
    if (events.size() >= limits.batch_events) {
      fail("batch_too_large",
           "A batch takes at most " + std::to_string(limits.batch_events) + " events; split it.",
           "");
    }
    DecodedEvent event;
    enum : unsigned { kType = 1, kTimestamp = 2, kPayload = 4, kId = 8, kSource = 16 };
    unsigned seen = 0;
    const auto once = [&](unsigned bit, const char* name) {
      if ((seen & bit) != 0) {
        fail("invalid_event", std::string("\"") + name + "\" appears twice.",
             std::string("/") + name);
      }
      seen |= bit;
    };
    for (auto result : object) {
      ondemand::field field = must(std::move(result));
      const std::string_view name = must(field.unescaped_key());
      ondemand::value value = field.value();
      if (name == "type") {
        once(kType, "type");
        read_type(value, event);
      } else if (name == "payload") {
        once(kPayload, "payload");
        read_payload(value, event);
      } else if (name == "timestamp") {
        once(kTimestamp, "timestamp");
        read_timestamp(value, event);
      } else if (name == "source") {
        once(kSource, "source");
        read_source(value, event);
      } else if (name == "id") {
        once(kId, "id");  // read for its errors; ids are the server's to give
        char* before = out;
        write_value(value, must(value.type()), 2);
        out = before;
      } else {
        std::string shown(name.substr(0, 64));
        fail("invalid_event",
             "An event has no field " + json::quoted(shown) +
                 "; its own fields are type, timestamp, payload, source. Put yours into payload.",
             "");
      }
    }
    if ((seen & kType) == 0) fail("invalid_event", "The event has no \"type\".", "/type");
    if ((seen & kPayload) == 0) fail("invalid_event", "The event has no \"payload\".", "/payload");
    check_fields(event);
    events.push_back(event);
  }

  // --- batches ---

  void read_document(std::string_view text, std::size_t capacity) {
    auto document =
        must(parser.iterate(simdjson::padded_string_view(text.data(), text.size(), capacity)));
    const auto type = must(document.type());
    if (type == ondemand::json_type::array) {
      for (auto result : must(document.get_array())) {
        ondemand::value value = must(std::move(result));
        if (must(value.type()) != ondemand::json_type::object) {
          fail("invalid_event", "An event must be a JSON object.", "");
        }
        read_event(must(value.get_object()));
      }
    } else if (type == ondemand::json_type::object) {
      read_event(must(document.get_object()));
    } else {
      simdjson::dom::parser checker;  // a bare value: is it JSON at all?
      const auto error = checker.parse(text.data(), text.size()).error();
      if (error != simdjson::SUCCESS) fail_json(error);
      fail("invalid_event", "The body must be an event object or an array of them.", "");
    }
    const char* rest = nullptr;  // there is a location only where something is left
    if (document.current_location().get(rest) == simdjson::SUCCESS) {
      fail_json(simdjson::TRAILING_CONTENT);
    }
  }

  void read_lines(std::string_view text, std::size_t capacity) {
    std::size_t at = 0;
    while (at < text.size()) {
      std::size_t end = text.find('\n', at);
      if (end == std::string_view::npos) end = text.size();
      std::string_view line = trim_right(text.substr(at, end - at));
      if (!line.empty()) {
        if (line.front() == '[') {
          fail("invalid_event", "An NDJSON line must be an event object.", "");
        }
        read_document(line, capacity - at);
      }
      at = end + 1;
    }
  }

  Result<std::span<const DecodedEvent>> decode(std::string_view text, BatchFormat format) {
    prepare(text.size());
    const bool batch = format == BatchFormat::ndjson ||
                       text.substr(0, text.find_first_not_of(" \t\r\n") + 1).ends_with('[');
    try {
      const std::size_t capacity = text.size() + kPadding;
      if (format == BatchFormat::ndjson) {
        read_lines(text, capacity);
      } else {
        read_document(text, capacity);
      }
    } catch (Failure& failure) {
      Error error = std::move(failure.error);
      if (batch) {
        const std::string index = std::to_string(events.size());
        error.message = "Event " + index + ": " + error.message;
        error.field = "/" + index + error.field;
      }
      return error;
    }
    if (events.empty()) {
      return Error{"empty_batch", "The body holds no event.", ""};
    }
    return std::span<const DecodedEvent>(events);
  }
};

static_assert(EventDecoder::kPadding >= simdjson::SIMDJSON_PADDING);

EventDecoder::EventDecoder(DecoderLimits limits) : impl_(std::make_unique<Impl>(limits)) {}
EventDecoder::~EventDecoder() = default;

Result<std::span<const DecodedEvent>> EventDecoder::decode(std::string_view text,
                                                           BatchFormat format) {
  return impl_->decode(text, format);
}

Result<std::span<const DecodedEvent>> EventDecoder::decode_copy(const std::string& text,
                                                                BatchFormat format) {
  impl_->padded = text;
  impl_->padded.reserve(text.size() + kPadding);
  return impl_->decode(std::string_view(impl_->padded.data(), text.size()), format);
}

}  // namespace tapedeck
