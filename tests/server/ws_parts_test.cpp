// The parts of WebSocket that need no socket: frames, UTF-8, compression, the handshake, what
// clients say.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "server/ws_chunks.hpp"
#include "server/ws_frame.hpp"
#include "server/ws_handshake.hpp"
#include "server/ws_message.hpp"
#include "support/ws_test_client.hpp"

namespace tapedeck::testing {
namespace {

using Got = WsMessageReader::Got;
using nlohmann::json;

struct ReadFrames {
  explicit ReadFrames(WsMessageReader::Limits limits = {}) : reader(limits) {}

  /// What comes of the bytes, a word each; given in pieces of `step` bytes.
  std::vector<std::string> read(std::string_view bytes, std::size_t step = SIZE_MAX) {
    std::vector<std::string> out;
    while (!bytes.empty()) {
      std::string_view piece = bytes.substr(0, step);
      bytes.remove_prefix(piece.size());
      for (;;) {
        const Got got = reader.next(piece, inflater);
        if (got == Got::nothing) break;
        out.push_back(describe(got));
        if (got == Got::close || got == Got::violation) return out;
      }
    }
    return out;
  }
  std::string describe(Got got) {
    const auto code = std::to_string(static_cast<int>(reader.close_code()));
    switch (got) {
      case Got::text:
        return "text " + reader.message();
      case Got::binary:
        return "binary " + reader.message();
      case Got::ping:
        return "ping " + std::string(reader.control());
      case Got::pong:
        return "pong " + std::string(reader.control());
      case Got::close:
        return "close " + code + " " + std::string(reader.control());
      default:
        return "violation " + code;
    }
  }

  WsMessageReader reader;
  WsInflater inflater;
};

std::string frame(WsOpcode opcode, std::string_view payload, bool fin = true,
                  bool compressed = false) {
  return WsTestClient::frame(opcode, payload, fin, compressed);
}
std::vector<std::string> read(std::string_view bytes, WsMessageReader::Limits limits = {}) {
  return ReadFrames(limits).read(bytes);
}
using Words = std::vector<std::string>;

TEST(WsFrames, MessagesComeWholeHoweverTheirBytesArrive) {
  const std::string long_text(70'000, 'x');
  const std::string bytes = frame(WsOpcode::text, "a") + frame(WsOpcode::text, "") +
                            frame(WsOpcode::text, std::string(126, 'y')) +
                            frame(WsOpcode::text, long_text) + frame(WsOpcode::pong, "p") +
                            frame(WsOpcode::text, "Gr\xC3\xBC\xC3\x9F") +
                            frame(WsOpcode::close,
                                  "\x03\xE8"
                                  "bye");
  const Words expected{"text a",
                       "text ",
                       "text " + std::string(126, 'y'),
                       "text " + long_text,
                       "pong p",
                       "text Gr\xC3\xBC\xC3\x9F",
                       "close 1000 bye"};
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{1000}, SIZE_MAX}) {
    EXPECT_EQ(ReadFrames().read(bytes, step), expected) << step;
  }
}

TEST(WsFrames, FragmentsAreJoinedAndControlFramesMayComeBetweenThem) {
  EXPECT_EQ(read(frame(WsOpcode::text, "one ", false) + frame(WsOpcode::ping, "!") +
                 frame(WsOpcode::continuation, "two", false) + frame(WsOpcode::continuation, "") +
                 frame(WsOpcode::text, "three")),
            (Words{"ping !", "text one two", "text three"}));
}

TEST(WsFrames, WhatBreaksTheProtocolIsSaidToDoSo) {
  const auto with_first_byte = [](int byte) {
    std::string bytes = frame(WsOpcode::text, "a");
    bytes[0] = static_cast<char>(byte);
    return bytes;
  };
  for (const int reserved : {0x83, 0x87, 0x8B, 0x8F, 0xC1, 0xA1, 0x91, 0x09, 0xC9}) {
    EXPECT_EQ(read(with_first_byte(reserved)), Words{"violation 1002"}) << reserved;
  }
  std::string unmasked;
  append_ws_frame(unmasked, WsOpcode::text, "a");
  EXPECT_EQ(read(unmasked), Words{"violation 1002"});
  EXPECT_EQ(read(frame(WsOpcode::ping, std::string(126, 'x'))), Words{"violation 1002"});
  EXPECT_EQ(read(frame(WsOpcode::ping, std::string(125, 'x'))).front().size(), 130U);
  EXPECT_EQ(read(frame(WsOpcode::continuation, "a")), Words{"violation 1002"});
  EXPECT_EQ(read(frame(WsOpcode::text, "a", false) + frame(WsOpcode::text, "b")),
            Words{"violation 1002"});
  EXPECT_EQ(read(std::string("\x81\xFE\x00\x7D\x00\x00\x00\x00", 8)), Words{"violation 1002"});
  EXPECT_EQ(read(std::string("\x81\xFF\x80\0\0\0\0\0\0\0\0\0\0\0", 14)), Words{"violation 1002"});
  EXPECT_EQ(read(frame(WsOpcode::binary, "a")), Words{"violation 1003"});
}

TEST(WsFrames, CloseFramesHaveACodeThatMayBeSentOrNone) {
  const auto close = [](int code, std::string_view reason = {}) {
    std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
    return read(frame(WsOpcode::close, payload + std::string(reason)));
  };
  EXPECT_EQ(read(frame(WsOpcode::close, "")), Words{"close 1005 "});
  EXPECT_EQ(read(frame(WsOpcode::close, "x")), Words{"violation 1002"});
  for (const int code : {1000, 1003, 1007, 1011, 1014, 3000, 4999}) {
    EXPECT_EQ(close(code, "why"), Words{"close " + std::to_string(code) + " why"});
  }
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535}) {
    EXPECT_EQ(close(code), Words{"violation 1002"}) << code;
  }
  EXPECT_EQ(close(1000, "\xFF"), Words{"violation 1007"});
}

TEST(WsFrames, AMessageOfTheLimitIsReadAndOneByteMoreIsTooBig) {
  const WsMessageReader::Limits limits{1000, true, false};
  const std::string fits(1000, 'x');
  EXPECT_EQ(read(frame(WsOpcode::text, fits), limits), Words{"text " + fits});
  EXPECT_EQ(read(frame(WsOpcode::text, fits + "x"), limits), Words{"violation 1009"});
  EXPECT_EQ(read(frame(WsOpcode::text, fits.substr(500), false) +
                     frame(WsOpcode::continuation, fits.substr(499)),
                 limits),
            Words{"violation 1009"});
  WsDeflater deflater;
  std::string small, bomb;
  deflater.deflate(fits, small);
  deflater.deflate(fits + "x", bomb);
  EXPECT_EQ(read(frame(WsOpcode::text, small, true, true), limits), Words{"text " + fits});
  EXPECT_EQ(read(frame(WsOpcode::text, bomb, true, true), limits), Words{"violation 1009"});
}

TEST(WsFrames, TextThatIsNotUtf8IsRefusedAtItsFirstBadByte) {
  for (const std::string bad :
       {"\x80", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
        "\xF8\x88\x80\x80\x80", "ok\xFF", "\xC3(", "\xF0\x9F\x98x"}) {
    EXPECT_EQ(read(frame(WsOpcode::text, bad)), Words{"violation 1007"});
    EXPECT_EQ(read(frame(WsOpcode::text, bad, false)), Words{"violation 1007"}) << "at once";
    WsDeflater deflater;
    std::string deflated;
    deflater.deflate(bad, deflated);
    EXPECT_EQ(read(frame(WsOpcode::text, deflated, true, true), {1 << 20, true, false}),
              Words{"violation 1007"});
  }
  const std::string smile = "\xF0\x9F\x98\x80";
  EXPECT_EQ(read(frame(WsOpcode::text, smile.substr(0, 3))), Words{"violation 1007"});
  EXPECT_EQ(read(frame(WsOpcode::text, smile.substr(0, 1), false) +
                 frame(WsOpcode::continuation, smile.substr(1, 2), false) +
                 frame(WsOpcode::continuation, smile.substr(3))),
            Words{"text " + smile});
}

TEST(WsFrames, PiecesOfTextAreAsValidAsTheWhole) {
  std::mt19937 random(1);
  const std::vector<std::string> parts{
      "plain text of some length", "\xC3\xBC",     "\xE2\x82\xAC",
      "\xF0\x9F\x98\x80",          "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"};
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (int i = 0; i < 6; ++i) text += parts[random() % parts.size()];
    if (round % 2 == 1) text[random() % text.size()] = static_cast<char>(random());
    Utf8Checker whole, pieces;
    const bool valid = whole.push(text) && whole.complete();
    bool valid_in_pieces = true;
    for (std::size_t at = 0; at < text.size() && valid_in_pieces;) {
      const std::size_t n = 1 + random() % 7;
      valid_in_pieces = pieces.push(std::string_view(text).substr(at, n));
      at += n;
    }
    EXPECT_EQ(valid_in_pieces && pieces.complete(), valid);
  }
}

TEST(WsFrames, ACloseReasonIsCutBetweenCharacters) {
  std::string out, reason;
  for (int i = 0; i < 100; ++i) reason += "\xE2\x82\xAC";
  append_ws_close(out, WsClose::policy, reason);
  EXPECT_EQ(out.size(), 2 + 2 + 41 * 3U);
  out.clear();
  append_ws_close(out, WsClose::no_status, "");
  EXPECT_EQ(out, std::string("\x88\x00", 2));
}

TEST(WsDeflate, WhatIsDeflatedInflatesToTheSame) {
  std::mt19937 random(2);
  WsInflater inflater;
  for (int window = kMinWsWindow; window <= kMaxWsWindow; ++window) {
    WsDeflater deflater(window);
    for (const std::size_t size : {0U, 1U, 255U, 4096U, 300'000U}) {
      for (const int alphabet : {2, 256}) {
        std::string text(size, ' ');
        for (char& c : text) c = static_cast<char>(random() % static_cast<unsigned>(alphabet));
        std::string deflated, inflated;
        deflater.deflate(text, deflated);
        ASSERT_EQ(inflater.inflate(deflated, inflated, size), WsInflater::Outcome::inflated);
        EXPECT_EQ(inflated, text);
      }
    }
  }
}

TEST(WsDeflate, BadInputIsMalformedAndABlockMarkedFinalIsNot) {
  WsInflater inflater;
  std::string out;
  EXPECT_EQ(inflater.inflate("\xFF\xFF\xFF", out, 1000), WsInflater::Outcome::malformed);
  out.clear();  // RFC 7692 §7.2.3.4
  EXPECT_EQ(inflater.inflate(std::string_view("\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8), out, 1000),
            WsInflater::Outcome::inflated);
  EXPECT_EQ(out, "Hello");
}

WsUpgradeFields good_upgrade() {
  return {"GET", "websocket", "keep-alive, Upgrade", "dGhlIHNhbXBsZSBub25jZQ==", "13", "",
          "",    true};
}

TEST(WsHandshake, TheAcceptValueIsTheOneOfTheRfc) {
  const auto agreement = agree_on_ws(good_upgrade(), true);
  ASSERT_TRUE(agreement);
  EXPECT_EQ(agreement->accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_FALSE(agreement->deflate_window);
  EXPECT_EQ(ws_response_head(*agreement),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
}

TEST(WsHandshake, WhatIsNoHandshakeIsRefused) {
  const auto code = [](auto change) {
    WsUpgradeFields fields = good_upgrade();
    change(fields);
    const auto agreement = agree_on_ws(fields, true);
    return agreement ? "" : agreement.error().code + " " + agreement.error().field;
  };
  EXPECT_EQ(code([](auto& f) { f.upgrade = "h2c"; }), "upgrade_required Upgrade");
  EXPECT_EQ(code([](auto& f) { f.connection = "keep-alive"; }), "upgrade_required Upgrade");
  EXPECT_EQ(code([](auto& f) { f.method = "HEAD"; }), "upgrade_required Upgrade");
  EXPECT_EQ(code([](auto& f) { f.http11 = false; }), "upgrade_required Upgrade");
  EXPECT_EQ(code([](auto& f) { f.version = "8"; }), "upgrade_required Sec-WebSocket-Version");
  for (const char* key : {"", "short", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZR==",
                          "dGhlIHNhbXBsZSBub25jZ!=="}) {
    EXPECT_EQ(code([&](auto& f) { f.key = key; }), "invalid_handshake Sec-WebSocket-Key") << key;
  }
  for (const char* extensions : {"permessage-deflate;", ";", "permessage-deflate; =3", "a,",
                                 "permessage-deflate; server_max_window_bits=\"15", "a b"}) {
    EXPECT_EQ(code([&](auto& f) { f.extensions = extensions; }),
              "invalid_handshake Sec-WebSocket-Extensions")
        << extensions;
  }
}

TEST(WsHandshake, TheFirstOfferOfCompressionThatCanBeMetIsTaken) {
  const auto agreed = [](std::string_view extensions) -> std::string {
    WsUpgradeFields fields = good_upgrade();
    fields.extensions = extensions;
    const auto agreement = agree_on_ws(fields, true);
    if (!agreement) return "error";
    const std::string head = ws_response_head(*agreement);
    const std::size_t at = head.find(
        "Sec-WebSocket-Extensions: permessage-deflate; "
        "server_no_context_takeover; client_no_context_takeover");
    if (at == std::string::npos) return "none";
    const std::size_t bits = head.find("server_max_window_bits=");
    return bits == std::string::npos ? "yes"
                                     : head.substr(bits + 23, head.find('\r', bits) - bits - 23);
  };
  EXPECT_EQ(agreed("permessage-deflate"), "yes");
  EXPECT_EQ(agreed("x-unknown; a=\"b\", permessage-deflate; client_max_window_bits"), "yes");
  EXPECT_EQ(agreed("permessage-deflate; server_no_context_takeover; client_max_window_bits=10"),
            "yes");
  EXPECT_EQ(agreed("permessage-deflate; server_max_window_bits=9"), "9");
  EXPECT_EQ(agreed("permessage-deflate; server_max_window_bits=\"12\""), "12");
  EXPECT_EQ(agreed("permessage-deflate; server_max_window_bits=8, permessage-deflate"), "yes");
  EXPECT_EQ(agreed("permessage-deflate; server_max_window_bits=16"), "none");
  EXPECT_EQ(agreed("permessage-deflate; server_max_window_bits"), "none");
  EXPECT_EQ(agreed("permessage-deflate; server_no_context_takeover=1"), "none");
  EXPECT_EQ(agreed("permessage-deflate; client_max_window_bits=07"), "none");
  EXPECT_EQ(agreed("permessage-deflate; a=1"), "none");
  EXPECT_EQ(agreed("permessage-deflate; server_no_context_takeover; server_no_context_takeover"),
            "none");
  WsUpgradeFields fields = good_upgrade();
  fields.extensions = "permessage-deflate";
  EXPECT_FALSE(agree_on_ws(fields, false)->deflate_window);
}

TEST(WsHandshake, TheSubprotocolIsTakenWhenItIsAskedFor) {
  WsUpgradeFields fields = good_upgrade();
  fields.protocols = "other, tapedeck.v1";
  EXPECT_NE(
      ws_response_head(*agree_on_ws(fields, true)).find("Sec-WebSocket-Protocol: tapedeck.v1\r\n"),
      std::string::npos);
  fields.protocols = "other, TAPEDECK.V1";
  EXPECT_FALSE(agree_on_ws(fields, true)->protocol);
}

struct ParsedOp {
  std::string text;  // with padding behind it; WsOp::events is a view into it
  WsOp op;
  std::optional<Error> error;
};

std::unique_ptr<ParsedOp> parse(std::string text) {
  static WsOpParser parser;
  auto out = std::make_unique<ParsedOp>();
  out->text = std::move(text);
  out->text.reserve(out->text.size() + WsOpParser::kPadding);
  out->error = parser.parse(out->text, {}, out->op);
  return out;
}
std::string code_of(const std::string& text) {
  const auto parsed = parse(text);
  return parsed->error ? parsed->error->code + " " + parsed->error->field : "none";
}

TEST(WsOps, ASubscribeSaysWhatRestParametersSay) {
  const auto parsed =
      parse(R"({"op":"subscribe","id":"a","event_type":"x,y","symbol":["NIFTY","INFY"],)"
            R"("filter":"payload.qty > 1","since":"2025-11-18T07:55:41Z","replay":10,"batch":true,)"
            R"("coalesce_ms":5,"last_event_id":"e1-7"})");
  ASSERT_FALSE(parsed->error) << parsed->error->message;
  const WsOp& op = parsed->op;
  EXPECT_EQ(op.kind, WsOp::Kind::subscribe);
  EXPECT_EQ(op.id, R"("a")");
  EXPECT_EQ(op.stream.query.filter.event_type, (Words{"x", "y"}));
  EXPECT_EQ(op.stream.query.filter.symbol, (Words{"NIFTY", "INFY"}));
  EXPECT_TRUE(op.stream.query.expression);
  EXPECT_TRUE(op.stream.query.filter.since);
  EXPECT_EQ(op.stream.replay, 10U);
  EXPECT_EQ(op.stream.coalesce.count(), 5);
  EXPECT_EQ(op.stream.resume_after, "e1-7");
  EXPECT_TRUE(op.batch);
}

TEST(WsOps, WhatIsWrongIsNamed) {
  EXPECT_EQ(code_of(""), "malformed_json ");
  EXPECT_EQ(code_of("{"), "malformed_json ");
  EXPECT_EQ(code_of("[1]"), "malformed_json ");
  EXPECT_EQ(code_of(R"({"op":"ping"} {})"), "malformed_json ");
  EXPECT_EQ(code_of(R"({"id":1})"), "invalid_message op");
  EXPECT_EQ(code_of(R"({"op":"dance"})"), "invalid_message op");
  EXPECT_EQ(code_of(R"({"op":1})"), "invalid_message op");
  EXPECT_EQ(code_of(R"({"op":"ping","op":"ping"})"), "invalid_message op");
  EXPECT_EQ(code_of(R"({"op":"ping","x":1})"), "unknown_parameter x");
  EXPECT_EQ(code_of(R"({"op":"subscribe"})"), "invalid_message id");
  EXPECT_EQ(code_of(R"({"op":"subscribe","id":""})"), "invalid_message id");
  EXPECT_EQ(code_of(R"({"op":"subscribe","id":1.5})"), "invalid_message id");
  EXPECT_EQ(code_of(R"({"op":"subscribe","id":"a","symbool":"X"})"), "unknown_parameter symbool");
  EXPECT_EQ(code_of(R"({"op":"subscribe","id":"a","speed":1})"), "unknown_parameter speed");
  EXPECT_EQ(code_of(R"({"op":"subscribe","id":"a","symbol":["A,B"]})"), "invalid_message symbol");
  EXPECT_EQ(code_of(R"({"op":"subscribe","id":"a","symbol":[1]})"), "invalid_message symbol");
  EXPECT_EQ(code_of(R"({"op":"subscribe","id":"a","symbol":[]})"), "invalid_parameter symbol");
  EXPECT_EQ(code_of(R"({"op":"subscribe","id":"a","symbol":null})"), "invalid_message symbol");
  EXPECT_EQ(code_of(R"({"op":"subscribe","id":"a","replay":-1})"), "invalid_parameter replay");
  EXPECT_EQ(code_of(R"({"op":"subscribe","id":"a","batch":1})"), "invalid_message batch");
  EXPECT_EQ(code_of(R"({"op":"subscribe","id":"a","filter":"payload."})"), "invalid_filter filter");
  EXPECT_EQ(code_of(R"({"op":"publish"})"), "invalid_message event");
  EXPECT_EQ(code_of(R"({"op":"publish","event":[]})"), "invalid_message event");
  EXPECT_EQ(code_of(R"({"op":"publish","events":{}})"), "invalid_message events");
  EXPECT_EQ(code_of(R"({"op":"publish","event":{},"events":[]})"), "invalid_message events");
  EXPECT_EQ(code_of(R"({"op":"publish","event":{},"ack":"soon"})"), "invalid_message ack");
}

TEST(WsOps, IdsAreStringsOrWholeNumbersUpToTheirLimit) {
  EXPECT_EQ(parse(R"({"op":"ping","id":7})")->op.id, "7");
  EXPECT_EQ(parse(R"({"op":"ping","id":"\"x"})")->op.id, R"("\u0022x")");
  const std::string fits(WsOpParser::kMaxIdBytes, 'x');
  EXPECT_EQ(parse(R"({"op":"ping","id":")" + fits + "\"}")->op.id, '"' + fits + '"');
  EXPECT_EQ(code_of(R"({"op":"ping","id":")" + fits + "x\"}"), "invalid_message id");
  EXPECT_EQ(parse(R"({"id":"a","op":"dance"})")->op.id, R"("a")") << "told with the error";
}

TEST(WsOps, PublishedEventsAreHandedOnAsTheyCame) {
  const auto one = parse(R"({"op":"publish","event":{"type":"x","payload":{"a":1.50}},"id":3})");
  ASSERT_FALSE(one->error);
  EXPECT_EQ(one->op.events, R"({"type":"x","payload":{"a":1.50}})");
  const auto many = parse(R"({"op":"publish","events":[{"a":1},{"b":2}],"ack":"durable"})");
  ASSERT_FALSE(many->error);
  EXPECT_EQ(many->op.events, R"([{"a":1},{"b":2}])");
  EXPECT_TRUE(many->op.durable);
}

TEST(WsChunkBuilder, EventsBecomeMessagesOneByOneOrTogether) {
  const WsStyle single{R"("a")", false, {}}, batch{R"("a")", true, {}};
  WsChunkBuilder one(single, nullptr), many(batch, nullptr);
  for (const char* event : {R"({"n":1})", R"({"n":2})"}) {
    one.add(event);
    many.add(event);
  }
  std::string expected;
  append_ws_frame(expected, WsOpcode::text, R"({"op":"event","sub":"a","event":{"n":1}})");
  append_ws_frame(expected, WsOpcode::text, R"({"op":"event","sub":"a","event":{"n":2}})");
  EXPECT_EQ(one.finish(), expected);
  expected.clear();
  append_ws_frame(expected, WsOpcode::text,
                  R"({"op":"event","sub":"a","events":[{"n":1},{"n":2}]})");
  EXPECT_EQ(many.events(), 2U);
  EXPECT_EQ(many.finish(), expected);
}

}  // namespace
}  // namespace tapedeck::testing
