// Webhooks over TLS.
#include <gmock/gmock.h>
#include <openssl/ssl.h>

#include "alert/delivery_fixture.hpp"
#include "support/tls_test_client.hpp"

namespace tapedeck::alert::testing {
namespace {

using tapedeck::testing::TestCertificate;
using ::testing::HasSubstr;

class DeliveryTls : public ::testing::Test {
 protected:
  DeliveryTls() : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
    SSL_CTX_use_certificate_file(context_.get(), certificate_.options().certificate_file.c_str(),
                                 SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(context_.get(), certificate_.options().key_file.c_str(),
                                SSL_FILETYPE_PEM);
    SSL_CTX_set_security_level(context_.get(), 0);
  }
  std::optional<Error> sent_to(const WebhookReceiver& receiver, const std::string& ca_file) {
    DeliveryOptions options = quick_options();
    Target target = target_at("hook", receiver.url());
    target.ca_file = ca_file;
    options.targets = {target};
    Dispatcher dispatcher(options, nullptr);
    dispatcher.start();
    return dispatcher.send_now(notification("id-1", "hook"));
  }

  TestCertificate certificate_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
};

TEST_F(DeliveryTls, ACertificateThatNobodyVouchesForIsRefused) {
  WebhookReceiver receiver({}, 0, context_.get());
  const auto error = sent_to(receiver, "");
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message, HasSubstr("certificate"));
  EXPECT_EQ(receiver.count(), 0U);
}

TEST_F(DeliveryTls, OneThatTheTargetsFileNamesIsTrusted) {
  WebhookReceiver receiver({}, 0, context_.get());
  EXPECT_FALSE(sent_to(receiver, certificate_.options().certificate_file));
  EXPECT_EQ(receiver.count(), 1U);
}

TEST_F(DeliveryTls, OldVersionsAreNotSpoken) {
  SSL_CTX_set_max_proto_version(context_.get(), TLS1_1_VERSION);
  WebhookReceiver receiver({}, 0, context_.get());
  EXPECT_TRUE(sent_to(receiver, certificate_.options().certificate_file));
  EXPECT_EQ(receiver.count(), 0U);
}

}  // namespace
}  // namespace tapedeck::alert::testing
