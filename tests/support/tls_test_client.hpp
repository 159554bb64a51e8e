// A throw-away certificate, and the blocking HTTP client over TLS.
#pragma once

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "server/tls_options.hpp"
#include "support/http_test_client.hpp"

namespace tapedeck::testing {

/// A self-signed certificate for localhost and 127.0.0.1, as two files that go with it.
class TestCertificate {
 public:
  explicit TestCertificate(const std::string& common_name = "localhost") {
    char name[] = "/tmp/tapedeck-tls-XXXXXX";
    folder_ = mkdtemp(name);
    write(common_name);
  }
  ~TestCertificate() { std::filesystem::remove_all(folder_); }
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;

  TlsOptions options() const { return {folder_ + "/cert.pem", folder_ + "/key.pem"}; }
  const std::string& folder() const { return folder_; }

  /// Another certificate in the same files.
  void write(const std::string& common_name) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                  EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* subject = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                               0);
    X509_set_issuer_name(certificate.get(), subject);
    X509_EXTENSION* names =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    X509_add_ext(certificate.get(), names, -1);
    X509_EXTENSION_free(names);
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    // As a renewal does it: whole files take the place of the old ones.
    save(options().key_file, [&](FILE* to) {
      PEM_write_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
    save(options().certificate_file, [&](FILE* to) { PEM_write_X509(to, certificate.get()); });
  }

 private:
  template <typename Write>
  void save(const std::string& path, Write write_to) {
    const std::string fresh = path + ".new";
    FILE* file = fopen(fresh.c_str(), "w");
    fchmod(fileno(file), 0600);
    write_to(file);
    fclose(file);
    std::filesystem::rename(fresh, path);
  }

  std::string folder_;
};

class TlsTestClient : public HttpTestClient {
 public:
  struct Wishes {
    int max_version = TLS1_3_VERSION;
    std::string protocols = "\x08http/1.1";  ///< ALPN, each with its length before it
    int receive_buffer_bytes = 0;
  };
  /// @throws std::runtime_error when the handshake fails.
  explicit TlsTestClient(std::uint16_t port) : TlsTestClient(port, Wishes{}) {}
  TlsTestClient(std::uint16_t port, const Wishes& wishes)
      : HttpTestClient(port, wishes.receive_buffer_bytes),
        context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free),
        ssl_(nullptr, SSL_free) {
    SSL_CTX_set_security_level(context_.get(), 0);  // so that old versions can be offered at all
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), wishes.max_version);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(wishes.protocols.data()),
                        static_cast<unsigned>(wishes.protocols.size()));
    SSL_set_fd(ssl_.get(), fd());
    ERR_clear_error();
    if (SSL_connect(ssl_.get()) != 1) throw std::runtime_error("the TLS handshake failed");
  }

  SSL* ssl() { return ssl_.get(); }
  /// Of the certificate that the server showed.
  std::string common_name() {
    const std::unique_ptr<X509, decltype(&X509_free)> shown(SSL_get1_peer_certificate(ssl_.get()),
                                                            X509_free);
    char name[200] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(shown.get()), NID_commonName, name,
                              sizeof name);
    return name;
  }

 protected:
  ssize_t raw_send(std::string_view bytes) override {
    return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
  }
  ssize_t raw_receive(char* to, std::size_t size) override {
    if (SSL_pending(ssl_.get()) == 0) wait_readable();
    return SSL_read(ssl_.get(), to, static_cast<int>(size));
  }

 private:
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
};

}  // namespace tapedeck::testing
