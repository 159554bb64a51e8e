// TLS: what is served over it, what is refused, and how certificates are renewed.
#include <fstream>
#include <iterator>

#include "server/server_fixture.hpp"
#include "server/tls_context.hpp"
#include "support/tls_test_client.hpp"

namespace tapedeck::testing {
namespace {

class Tls : public ServerTest {
 protected:
  void start_tls(ServerOptions options = {}, BusOptions bus_options = {}) {
    options.tls = certificate_.options();
    start(std::move(options), std::move(bus_options));
  }
  TlsTestClient connect_tls() { return TlsTestClient(server_->port()); }

  TestCertificate certificate_;
};

TEST_F(Tls, RequestsKeepAliveAndStreamsWorkAsTheyDoWithoutIt) {
  start_tls();
  TlsTestClient client = connect_tls();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.get("/healthz").status, 200);
  const std::string event = R"({"type":"note","payload":{"n":1}})";
  EXPECT_EQ(client.request("POST", "/api/telemetry/events", event).status, 200);

  TlsTestClient stream = connect_tls();
  stream.open_stream("/api/telemetry/stream?replay=1", TlsTestClient::kEventSource);
  EXPECT_EQ(json::parse(stream.read_message().data)["type"], "note");
  publish_signal("INFY");
  EXPECT_EQ(json::parse(stream.read_message().data)["payload"]["symbol"], "INFY");
}

TEST_F(Tls, AClientThatReadsLateGetsEveryByteInOrder) {
  BusOptions bus_options;
  bus_options.buffer_size = 100'000;
  start_tls({}, std::move(bus_options));
  TlsTestClient::Wishes slow;
  slow.receive_buffer_bytes = 4096;
  TlsTestClient stream(server_->port(), slow);
  stream.open_stream("/api/telemetry/stream", TlsTestClient::kEventSource);
  wait_for_streams(1);
  // Far more than the socket's buffers take, so that records are left half sent.
  constexpr int kEvents = 20'000;
  for (int i = 0; i < kEvents; ++i) publish_signal("S" + std::to_string(i));
  bus_->flush();
  ASSERT_TRUE(wait_until([&] { return server_->totals().stalled_total > 0; }));
  for (int i = 0; i < kEvents; ++i) {
    ASSERT_EQ(json::parse(stream.read_message().data)["payload"]["symbol"],
              "S" + std::to_string(i));
  }
}

TEST_F(Tls, ALongAnswerReadLateIsWhole) {
  BusOptions bus_options;
  bus_options.buffer_size = 100'000;
  start_tls({}, std::move(bus_options));
  for (int i = 0; i < 20'000; ++i) publish_signal("S" + std::to_string(i));
  bus_->flush();
  TlsTestClient::Wishes slow;
  slow.receive_buffer_bytes = 4096;
  TlsTestClient client(server_->port(), slow);
  const TestResponse response = client.get("/api/telemetry/export");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(std::count(response.body.begin(), response.body.end(), '\n'), 20'000);
}

TEST_F(Tls, PlainHttpIsRefusedWithASentence) {
  start_tls();
  HttpTestClient client = connect();
  expect_error(client.get("/healthz"), 400, "https_required");
  EXPECT_TRUE(client.at_end());
}

TEST_F(Tls, BytesThatAreNoHandshakeEndTheConnection) {
  start_tls();
  for (const std::string& bytes :
       {std::string("\x16\x03\x01\xff\xff"), std::string(400, '\x16'), std::string("\x00\x01", 2),
        std::string("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10)}) {
    HttpTestClient client = connect();
    client.send(bytes);
    client.shut_down_writing();
    client.read_to_end();  // an alert, or nothing: it ends
  }
  EXPECT_EQ(connect_tls().get("/healthz").status, 200);
}

TEST_F(Tls, AHandshakeThatIsNeverFinishedIsGivenUp) {
  ServerOptions options;
  options.header_timeout = std::chrono::seconds(1);
  start_tls(options);
  HttpTestClient silent = connect(), half = connect();
  half.send(std::string("\x16\x03\x01", 3));
  silent.read_to_end();
  half.read_to_end();
}

TEST_F(Tls, OldVersionsAreRefused) {
  start_tls();
  TlsTestClient::Wishes old;
  old.max_version = TLS1_1_VERSION;
  EXPECT_THROW(TlsTestClient(server_->port(), old), std::runtime_error);
  TlsTestClient::Wishes tls12;
  tls12.max_version = TLS1_2_VERSION;
  TlsTestClient client(server_->port(), tls12);
  EXPECT_STREQ(SSL_get_version(client.ssl()), "TLSv1.2");
  EXPECT_EQ(client.get("/healthz").status, 200);
  EXPECT_STREQ(SSL_get_version(connect_tls().ssl()), "TLSv1.3");
}

TEST_F(Tls, AClientThatSpeaksHttp2OnlyIsRefusedInTheHandshake) {
  start_tls();
  TlsTestClient::Wishes h2;
  h2.protocols = "\x02h2";
  EXPECT_THROW(TlsTestClient(server_->port(), h2), std::runtime_error);
}

TEST_F(Tls, AKeyUpdateInTheMiddleOfAStreamChangesNothing) {
  start_tls();
  TlsTestClient stream = connect_tls();
  stream.open_stream("/api/telemetry/stream", TlsTestClient::kEventSource);
  wait_for_streams(1);
  ASSERT_EQ(SSL_key_update(stream.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
  ASSERT_EQ(SSL_do_handshake(stream.ssl()), 1);
  publish_signal("INFY");
  EXPECT_EQ(json::parse(stream.read_message().data)["payload"]["symbol"], "INFY");
}

TEST_F(Tls, ARenewedCertificateIsShownToNewConnectionsAndOldOnesGoOn) {
  TlsContext context(certificate_.options());
  EXPECT_FALSE(context.look_for_changes());
  start_tls();
  TlsTestClient before = connect_tls();
  EXPECT_EQ(before.common_name(), "localhost");
  certificate_.write("renewed");
  EXPECT_FALSE(server_->reload_files());
  EXPECT_EQ(connect_tls().common_name(), "renewed");
  EXPECT_EQ(before.get("/healthz").status, 200);
}

TEST_F(Tls, ABrokenRenewalIsRefusedAndTheOldCertificateStays) {
  start_tls();
  std::ofstream(certificate_.options().certificate_file) << "not a certificate";
  const auto error = server_->reload_files();
  ASSERT_TRUE(error);
  EXPECT_NE(error->message.find("cert.pem"), std::string::npos);
  EXPECT_EQ(connect_tls().common_name(), "localhost");
}

TEST_F(Tls, FilesThatDoNotFitAreRefusedAtStart) {
  const TestCertificate other("other");
  TlsOptions mixed = certificate_.options();
  mixed.key_file = other.options().key_file;
  EXPECT_THROW(TlsContext{mixed}, std::invalid_argument);
  TlsOptions missing = certificate_.options();
  missing.key_file += ".missing";
  EXPECT_THROW(TlsContext{missing}, std::invalid_argument);
  TlsOptions open = certificate_.options();
  std::filesystem::permissions(open.key_file, std::filesystem::perms(0644));
  try {
    const TlsContext context(open);
    FAIL() << "a key that everybody can read";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("chmod"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace tapedeck::testing
