// What authentication adds to a request: each kind of credential, a token the first time (its
// signature is checked) and when it has been seen before, beside a server without authentication.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "auth/api_key.hpp"
#include "auth/authenticator.hpp"
#include "auth/issuer.hpp"
#include "auth/key_file.hpp"
#include "auth/temp_folder.hpp"
#include "bench_support.hpp"

namespace tapedeck::bench {
namespace {

using namespace tapedeck::auth;

constexpr std::int64_t kNow = 1'700'000'000'000'000'000;
constexpr std::size_t kRequests = 20'000, kTokens = 2'000, kKeys = 1'000;
const std::string kSecret(32, 's');

std::string claims(std::size_t i) {
  return R"({"iss":"https://id.example","aud":"tapedeck","iat":1700000000,"exp":1700003600,)"
         R"("scope":"openid read publish","sub":"desk-)" +
         std::to_string(i) + R"(","tapedeck":{"symbol":["NIFTY","BANKNIFTY"]}})";
}

/// Microseconds of authenticate() at the median and the 99th of a hundred.
std::vector<double> cost(std::size_t requests,
                         const std::function<Result<GrantPtr>(std::size_t)>& authenticate) {
  Samples samples(requests);
  for (std::size_t i = 0; i < requests; ++i) {
    const std::uint64_t begin = stamp();
    const auto grant = authenticate(i);
    samples.add(stamp() - begin);
    if (!grant) {
      std::fprintf(stderr, "%s\n", grant.error().message.c_str());
      std::exit(1);
    }
  }
  const double harness = harness_ns();
  return {samples.at(0.5, harness) / 1e3, samples.at(0.99, harness) / 1e3};
}

Credentials of(const std::string& header) {
  Credentials credentials;
  credentials.authorization = header;
  credentials.remote_address = "192.0.2.1";
  return credentials;
}

/// A server with 1000 keys: what costs to find one among them must show.
void keys_and_sessions(Report& report, const auth::testing::TempFolder& folder) {
  AuthOptions options;
  options.files.keys = folder / "keys.json";
  std::vector<StoredKey> stored;
  std::vector<std::string> headers;
  for (std::size_t i = 0; i < kKeys; ++i) {
    const NewApiKey made = make_api_key();
    StoredKey key;
    key.id = made.id;
    key.name = "key";
    key.secret = made.secret;
    key.scopes = 3;
    stored.push_back(key);
    headers.push_back("Bearer " + made.text);
  }
  folder.write("keys.json", write_key_file(stored));
  Authenticator authenticator(options);
  report.row("API key, of 1000", cost(kRequests, [&](std::size_t i) {
               return authenticator.authenticate(of(headers[i % kKeys]), kNow);
             }));
  const auto session = authenticator.log_in(of(headers[0]), true, kNow);
  const std::string cookie = session->set_cookie.substr(0, session->set_cookie.find(';'));
  Credentials browser;
  browser.cookie = cookie;
  report.row("session cookie", cost(kRequests, [&](std::size_t) {
               return authenticator.authenticate(browser, kNow);
             }));
}

template <typename Sign>
void tokens(Report& report, const std::string& algorithm, CredentialPaths files, Sign&& sign) {
  AuthOptions options;
  options.files = std::move(files);
  Authenticator authenticator(options);
  std::vector<std::string> headers;
  for (std::size_t i = 0; i < kTokens; ++i) {
    headers.push_back("Bearer " +
                      auth::testing::token(R"({"alg":")" + algorithm + "\"}", claims(i), sign));
  }
  const auto ask = [&](std::size_t i) {
    return authenticator.authenticate(of(headers[i % kTokens]), kNow);
  };
  report.row(algorithm + ", first time", cost(kTokens, ask));
  report.row(algorithm + ", seen before", cost(kRequests, ask));
}

}  // namespace
}  // namespace tapedeck::bench

int main(int argc, char** argv) {
  using namespace tapedeck;
  bench::Report report(argc, argv);
  const auth::testing::TempFolder folder;
  report.begin("authentication of one request", {"p50 us", "p99 us"});
  bench::keys_and_sessions(report, folder);
  report.row("none", bench::cost(bench::kRequests, [](std::size_t) {
               return Result<auth::GrantPtr>(auth::everybody());
             }));
  auth::CredentialPaths secret, rsa, ec;
  secret.secret = folder.write("secret", bench::kSecret);
  rsa.public_key = folder.write("rsa.pem", auth::testing::rsa_pair().public_pem());
  ec.public_key = folder.write("ec.pem", auth::testing::ec_pair().public_pem());
  bench::tokens(report, "HS256", secret,
                [](const std::string& text) { return auth::testing::hs256(bench::kSecret, text); });
  bench::tokens(report, "RS256", rsa,
                [](const std::string& text) { return auth::testing::rsa_pair().sign(text); });
  bench::tokens(report, "ES256", ec,
                [](const std::string& text) { return auth::testing::ec_pair().sign(text); });
  return 0;
}
