#include "server/tls_context.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace tapedeck {
namespace {

/// The newest reason OpenSSL has, in its words.
std::string openssl_reason() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  return reason != nullptr ? reason : "it cannot be read";
}

// OpenSSL's own socket BIO writes with write(2), which raises SIGPIPE when the client has gone: a
// signal that a library must not leave to whoever embeds it.
int send_to_socket(BIO* bio, const char* bytes, int size) {
  const auto socket = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
  BIO_clear_retry_flags(bio);
  const ssize_t n =
      ::send(socket, bytes, static_cast<std::size_t>(size), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ENOBUFS)) {
    BIO_set_retry_write(bio);
  }
  return static_cast<int>(n);
}

int receive_from_socket(BIO* bio, char* to, int size) {
  const auto socket = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
  BIO_clear_retry_flags(bio);
  const ssize_t n = ::recv(socket, to, static_cast<std::size_t>(size), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
    BIO_set_retry_read(bio);
  }
  return static_cast<int>(n);
}

long control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* socket_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    BIO_meth_set_write(made, send_to_socket);
    BIO_meth_set_read(made, receive_from_socket);
    BIO_meth_set_ctrl(made, control);
    BIO_meth_set_create(made, [](BIO* bio) {
      BIO_set_init(bio, 1);
      return 1;
    });
    return made;
  }();
  return method;
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_length,
                    const unsigned char* offered, unsigned int offered_length, void*) {
  static constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_length, kHttp11, sizeof kHttp11, offered,
                            offered_length) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301 §3.2: nothing in common
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

Error unusable(std::string_view what, const std::string& file, std::string_view why) {
  return {"invalid_tls", fmt::format("The {} {} cannot be used: {}.", what, file, why), ""};
}

/// A private key that others can read is not private.
std::optional<Error> refuse_open_key(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) {
    return unusable("TLS key", file, std::error_code(errno, std::generic_category()).message());
  }
  if ((status.st_mode & 0007U) != 0) {
    return unusable("TLS key", file,
                    "every user of this machine may read it; chmod 600 (or 640) it");
  }
  return std::nullopt;
}

void set_rules(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384");
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // clients resume with tickets
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
}

}  // namespace

TlsContext::TlsContext(TlsOptions options) : options_(std::move(options)) {
  if (const auto error = reload()) throw std::invalid_argument(error->message);
}

Result<TlsContext::ContextPtr> TlsContext::load() const {
  if (auto error = refuse_open_key(options_.key_file)) return std::move(*error);
  ERR_clear_error();
  const ContextPtr made(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (made == nullptr) throw std::bad_alloc();
  set_rules(made.get());
  // A passphrase cannot be asked for: without this OpenSSL would, on the terminal.
  SSL_CTX_set_default_passwd_cb(made.get(), [](char*, int, int, void*) { return -1; });
  if (SSL_CTX_use_certificate_chain_file(made.get(), options_.certificate_file.c_str()) != 1) {
    return unusable("TLS certificate", options_.certificate_file, openssl_reason());
  }
  if (SSL_CTX_use_PrivateKey_file(made.get(), options_.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return unusable("TLS key", options_.key_file, openssl_reason());
  }
  if (SSL_CTX_check_private_key(made.get()) != 1) {
    return unusable("TLS key", options_.key_file,
                    "it does not belong to the certificate " + options_.certificate_file);
  }
  return made;
}

TlsContext::FileStates TlsContext::file_states() const {
  FileStates states{};
  std::size_t i = 0;
  for (const std::string* file : {&options_.certificate_file, &options_.key_file}) {
    struct stat status {};
    if (::stat(file->c_str(), &status) == 0) {
      states[i] = {status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec, status.st_ino};
    }
    ++i;
  }
  return states;
}

std::optional<Error> TlsContext::reload() {
  const FileStates states = file_states();  // before the files are read: none may slip through
  auto loaded = load();
  const std::lock_guard lock(mutex_);
  seen_ = states;
  if (!loaded) return std::move(loaded).error();
  context_ = std::move(loaded).value();
  return std::nullopt;
}

std::optional<Error> TlsContext::look_for_changes() {
  {
    const FileStates states = file_states();
    const std::lock_guard lock(mutex_);
    if (states == seen_) return std::nullopt;
  }
  return reload();
}

SslPtr TlsContext::make(int socket) const {
  ContextPtr context;
  {
    const std::lock_guard lock(mutex_);
    context = context_;
  }
  SslPtr ssl(SSL_new(context.get()));
  BIO* bio = ssl != nullptr ? BIO_new(socket_method()) : nullptr;
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
  SSL_set_bio(ssl.get(), bio, bio);
  SSL_set_accept_state(ssl.get());
  return ssl;
}

}  // namespace tapedeck
