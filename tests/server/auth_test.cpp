// A server that asks who calls: keys in every place they may be shown, the login of browsers,
// revocation while a stream runs, and whom it listens to.
#include <filesystem>
#include <fstream>

#include "auth/key_file.hpp"
#include "server/server_fixture.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck::testing {
namespace {

using auth::Scope;

class AuthServer : public ServerTest {
 protected:
  AuthServer() {
    char name[] = "/tmp/tapedeck-auth-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~AuthServer() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  auth::KeyFile keys() const { return auth::KeyFile(folder_ / "keys.json"); }
  auth::KeyFile::Created make_key(std::uint8_t scopes, auth::Narrowing narrowing = {}) {
    auth::StoredKey wanted;
    wanted.name = "test";
    wanted.scopes = scopes;
    wanted.narrowing = std::move(narrowing);
    return keys().create(wanted, to_ns(now())).value();
  }
  std::string key_with(Scope scope) { return make_key(static_cast<std::uint8_t>(scope)).text; }

  void start_asking(ServerOptions options = {}) {
    auth::AuthOptions auth;
    auth.files.keys = folder_ / "keys.json";
    auth.audit =
        std::make_shared<auth::AuditLog>(auth::AuditOptions{.path = folder_ / "audit.log"});
    audit_ = auth.audit;
    options.auth = std::move(auth);
    if (look_often_) options.file_look_interval = std::chrono::milliseconds(20);
    start(std::move(options));
  }
  std::string audit_text() {
    audit_->flush();
    std::ifstream file(folder_ / "audit.log");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static std::string bearer(const std::string& key) {
    return "Authorization: Bearer " + key + "\r\n";
  }
  TestResponse log_in(const std::string& key, std::string_view headers = {}) {
    return connect().request("POST", "/login", R"({"key":")" + key + "\"}", headers);
  }
  static std::string cookie_of(const TestResponse& response) {
    const std::string& line = response.headers.at("set-cookie");
    return "Cookie: " + line.substr(0, line.find(';')) + "\r\n";
  }

  bool look_often_ = true;
  std::filesystem::path folder_;
  std::shared_ptr<auth::AuditLog> audit_;
};

constexpr std::string_view kStats = "/api/telemetry/stats";

TEST_F(AuthServer, AKeyIsTakenAsBearerAndAsXApiKeyAndNothingElseIs) {
  const std::string key = key_with(Scope::read);
  start_asking();
  EXPECT_EQ(get(kStats, bearer(key)).status, 200);
  EXPECT_EQ(get(kStats, "X-API-Key: " + key + "\r\n").status, 200);
  expect_error(get(kStats), 401, "unauthorized", "Authorization");
  expect_error(get(kStats, bearer(key + "x")), 401, "unauthorized", "Authorization");
  expect_error(get(kStats, "Authorization: Basic " + key + "\r\n"), 401, "unauthorized",
               "Authorization");
  expect_error(get(std::string(kStats) + "?access_token=" + key), 401, "unauthorized",
               "Authorization");
}

TEST_F(AuthServer, PagesAreForEverybodyAndWhatTheyShowIsNot) {
  key_with(Scope::read);
  start_asking();
  for (const char* page : {"/", "/login", "/favicon.ico", "/?symbol=INFY"}) {
    EXPECT_EQ(get(page).status, 200) << page;
    EXPECT_EQ(get(page, bearer("wrong")).status, 200) << page;
  }
  expect_error(get("/assets/none.js"), 404, "not_found");
  EXPECT_EQ(get(kStats).status, 401);
}

TEST_F(AuthServer, AStreamTakesTheKeyInItsAddressAndShowsItToNobody) {
  const std::string key = key_with(Scope::read);
  start_asking();
  HttpTestClient stream = connect();
  const auto head = stream.open_stream("/api/telemetry/stream?access_token=" + key + "&symbol=INFY",
                                       HttpTestClient::kEventSource);
  EXPECT_EQ(head.status, 200);
  publish_signal("INFY");
  EXPECT_NE(stream.read_message().data.find("INFY"), std::string::npos);
  expect_error(get("/api/telemetry/stream?access_token=wrong"), 401, "unauthorized",
               "access_token");
  EXPECT_EQ(audit_text().find(key), std::string::npos);
}

TEST_F(AuthServer, AStreamEndsSoonAfterItsKeyHasBeenRevoked) {
  const auto key = make_key(static_cast<std::uint8_t>(Scope::read));
  start_asking();
  HttpTestClient stream = connect();
  stream.open_stream("/api/telemetry/stream", bearer(key.text));
  wait_for_streams(1);
  ASSERT_TRUE(keys().revoke(key.stored.id, to_ns(now())));
  stream.read_to_end();  // gives up after ten seconds
  expect_error(get(kStats, bearer(key.text)), 401, "unauthorized", "Authorization");
}

TEST_F(AuthServer, AKeyMadeWhileTheServerRunsIsTakenWithoutARestart) {
  key_with(Scope::read);
  start_asking();
  const std::string key = key_with(Scope::read);
  EXPECT_TRUE(wait_until([&] { return get(kStats, bearer(key)).status == 200; }));
}

TEST_F(AuthServer, StopsAlsoWhenItIsAboutToLookAtItsFiles) {
  key_with(Scope::read);
  look_often_ = false;
  ServerOptions options;
  options.file_look_interval = std::chrono::milliseconds(0);  // always about to
  for (int i = 0; i < 20; ++i) {
    start_asking(options);
    server_.reset();  // did not come back once in hundreds of times with an interval of 20 ms
  }
}

TEST_F(AuthServer, ALoginGivesACookieThatReadsPublishesAndIsForgotten) {
  const std::string key = key_with(Scope::admin);
  start_asking();
  const TestResponse login = log_in(key);
  ASSERT_EQ(login.status, 200) << login.body;
  const std::string set = login.headers.at("set-cookie");
  for (const char* part : {"HttpOnly", "SameSite=Strict", "Path=/"}) {
    EXPECT_NE(set.find(part), std::string::npos) << set;
  }
  EXPECT_EQ(set.find(key), std::string::npos);
  const std::string cookie = cookie_of(login);
  EXPECT_EQ(get(kStats, cookie).status, 200);
  EXPECT_EQ(json::parse(get("/session", cookie).body)["scopes"], (json{"admin"}));
  const std::string own = cookie + "Origin: http://localhost\r\n";
  EXPECT_EQ(post(R"({"type":"x","payload":{}})", own).status, 200);
  EXPECT_EQ(connect().request("POST", "/logout", {}, own).status, 200);
  expect_error(get(kStats, cookie), 401, "unauthorized", "Cookie");
}

TEST_F(AuthServer, ACookieDoesNotSpeakForPagesOfOtherProgramsOnThisMachine) {
  const std::string key = key_with(Scope::admin);
  start_asking();
  const std::string cookie = cookie_of(log_in(key));
  const std::string event = R"({"type":"x","payload":{}})";
  // A page on another port is the same site to a browser, which sends it the cookie.
  expect_error(post(event, cookie + "Origin: http://localhost:3000\r\n"), 403, "origin_not_allowed",
               "Origin");
  expect_error(get("/api/telemetry/stream", cookie + "Origin: http://localhost:3000\r\n"), 403,
               "origin_not_allowed", "Origin");
  expect_error(post(event, cookie), 403, "origin_not_allowed", "Origin");  // no browser does this
  EXPECT_EQ(bus_->get_stats().total_events, 0U);
  // The key itself is no ambient credential: who shows it means it.
  EXPECT_EQ(post(event, bearer(key) + "Origin: http://localhost:3000\r\n").status, 200);
}

TEST_F(AuthServer, AWrongLoginIsRefusedAndTheBodyMustBeWhatItSays) {
  key_with(Scope::read);
  start_asking();
  expect_error(log_in("wrong"), 401, "unauthorized", "/key");
  for (const char* body :
       {"key=x", "[]", "{}", R"({"key":1})", R"({"key":""})", R"({"key":"x","more":1})"}) {
    const TestResponse response = connect().request("POST", "/login", body);
    EXPECT_EQ(response.status, 400) << body << response.body;
  }
}

TEST_F(AuthServer, WhereNobodyIsAskedALoginIsWelcomeAndSetsNoCookie) {
  start();
  const TestResponse login = log_in("anything");
  EXPECT_EQ(json::parse(login.body)["name"], "everybody");
  EXPECT_EQ(login.headers.count("set-cookie"), 0U);
  EXPECT_EQ(connect().request("POST", "/logout").status, 200);
}

TEST_F(AuthServer, WhoGuessesWaitsAndIsToldHowLong) {
  key_with(Scope::read);
  start_asking();
  TestResponse last;
  for (int i = 0; i < 40 && last.status != 429; ++i) last = get(kStats, bearer("guess"));
  expect_error(last, 429, "locked_out", "Authorization");
  EXPECT_GE(std::stoi(last.headers.at("retry-after")), 1);
  const std::string log = audit_text();
  EXPECT_NE(log.find("lock_out"), std::string::npos) << log;
  EXPECT_EQ(log.find("guess"), std::string::npos);
}

TEST_F(AuthServer, WhatAnAdminDoesIsInTheAuditLog) {
  const auto key = make_key(static_cast<std::uint8_t>(Scope::admin));
  start_asking();
  HttpTestClient client = connect();
  EXPECT_EQ(client.request("DELETE", "/api/telemetry/events", {}, bearer(key.text)).status, 200);
  EXPECT_EQ(client
                .request("POST", "/api/telemetry/commands", R"({"command":"kill","target":"*"})",
                         bearer(key.text))
                .status,
            200);
  const std::string log = audit_text();
  EXPECT_NE(log.find("clear_buffer"), std::string::npos) << log;
  EXPECT_NE(log.find("kill"), std::string::npos) << log;
  EXPECT_NE(log.find("key:" + key.stored.id), std::string::npos) << log;
  EXPECT_NE(log.find("127.0.0.1"), std::string::npos) << log;
}

TEST_F(AuthServer, OtherMachinesMayReachAServerThatAsks) {
  const std::string key = key_with(Scope::read);
  ServerOptions options;
  options.listen_address = "0.0.0.0";
  start_asking(options);
  EXPECT_EQ(get(kStats, bearer(key)).status, 200);
  // A number cannot be rebound by a name server; a name has to be one of ours.
  const auto status_for = [&](const std::string& host) {
    HttpTestClient client = connect();
    client.send("GET /healthz HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    return client.read_response().status;
  };
  EXPECT_EQ(status_for("192.0.2.7:9000"), 200);
  EXPECT_EQ(status_for("evil.example"), 403);
}

TEST_F(AuthServer, AServerWithoutReadableKeysDoesNotStart) {
  EXPECT_THROW(start_asking(), std::invalid_argument);
  key_with(Scope::read);
  std::filesystem::permissions(folder_ / "keys.json", std::filesystem::perms(0644));
  EXPECT_THROW(start_asking(), std::invalid_argument);
}

TEST_F(AuthServer, BehindATrustedProxyGuessesCountForTheClientAndNotForTheProxy) {
  const std::string key = key_with(Scope::read);
  ServerOptions options;
  options.trusted_proxies = {"127.0.0.1"};
  start_asking(options);
  const auto from = [](const std::string& address) {
    return "X-Forwarded-For: " + address + "\r\nX-Forwarded-Proto: https\r\n";
  };
  TestResponse last;
  for (int i = 0; i < 40 && last.status != 429; ++i) {
    last = get(kStats, bearer("guess") + from("192.0.2.66"));
  }
  expect_error(last, 429, "locked_out", "Authorization");
  EXPECT_EQ(get(kStats, bearer(key) + from("192.0.2.1")).status, 200);
  const TestResponse login = log_in(key, from("192.0.2.1"));
  EXPECT_NE(login.headers.at("set-cookie").find("Secure"), std::string::npos);
}

}  // namespace
}  // namespace tapedeck::testing
