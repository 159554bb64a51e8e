// A folder with keys.json and an Authenticator on it, for tests of what requests get.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <string>

#include "auth/authenticator.hpp"
#include "auth/issuer.hpp"
#include "auth/key_file.hpp"
#include "auth/temp_folder.hpp"

namespace tapedeck::auth::testing {

inline constexpr std::int64_t kSecond = 1'000'000'000;
inline constexpr std::int64_t kNow = 1'700'000'000 * kSecond;

class AuthFixture : public ::testing::Test {
 protected:
  AuthFixture() { options_.files.keys = folder_ / "keys.json"; }

  KeyFile::Created make_key(const char* name, std::uint8_t scopes = 1,
                            std::optional<std::int64_t> expires_ns = std::nullopt) const {
    StoredKey key;
    key.name = name;
    key.scopes = scopes;
    key.expires_ns = expires_ns;
    auto created = KeyFile(options_.files.keys).create(key, kNow);
    EXPECT_TRUE(created) << created.error().message;
    return std::move(created).value();
  }
  Authenticator& make() {
    authenticator_ = std::make_unique<Authenticator>(options_);
    return *authenticator_;
  }
  Authenticator& auth() { return authenticator_ ? *authenticator_ : make(); }

  /// `good`, or the error's code.
  std::string code_of(const Credentials& credentials, std::int64_t now_ns = kNow) {
    const auto grant = auth().authenticate(credentials, now_ns);
    return grant ? "good" : grant.error().code;
  }
  std::string code_of_bearer(const std::string& text, std::string_view address = "192.0.2.1",
                             std::int64_t now_ns = kNow) {
    const std::string header = "Bearer " + text;
    Credentials credentials;
    credentials.authorization = header;
    credentials.remote_address = address;
    return code_of(credentials, now_ns);
  }
  /// A key of the same id with another secret.
  static std::string wrong_secret(const std::string& key) {
    std::string wrong = key;
    wrong[20] = wrong[20] == 'A' ? 'B' : 'A';
    return wrong;
  }

  const TempFolder folder_;
  AuthOptions options_;
  std::unique_ptr<Authenticator> authenticator_;
};

}  // namespace tapedeck::auth::testing
