// A small HTTP client for the command line: whole answers and endless ones. Over libcurl. It shows
// the key in TAPEDECK_API_KEY, over https or to this machine only, and trusts TAPEDECK_CA_FILE
// (PEM) in place of the system's authorities; a key given as an argument could be read by every
// user. Each object belongs to one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace tapedeck::app {

struct HttpAnswer {
  long status = 0;
  std::string body;
};

class HttpClient {
 public:
  /// @param base_url http://host:port, without a path.
  explicit HttpClient(std::string base_url);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  using Parameters = std::vector<std::pair<std::string, std::string>>;

  Result<HttpAnswer> get(std::string_view path, const Parameters& parameters = {});
  Result<HttpAnswer> post(std::string_view path, std::string_view content_type,
                          const std::string& body);
  /// A request of any method. @param body JSON; empty: none
  Result<HttpAnswer> send(std::string_view method, std::string_view path,
                          const Parameters& parameters = {}, const std::string& body = {});

  struct StreamEnd {
    long status = 0;
    std::string body;  // of an answer that was no stream
    bool stopped = false;
    bool whole = false;  // the answer came to its proper end
  };
  /// Reads an answer as it comes. `on_data` gets the bytes of a 200 answer and `keep_going` is
  /// asked several times a second; either ends the stream by returning false.
  Result<StreamEnd> stream(std::string_view path, const Parameters& parameters,
                           const std::vector<std::string>& headers,
                           const std::function<bool(std::string_view)>& on_data,
                           const std::function<bool()>& keep_going);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A text as one part of a path: everything but letters, digits and -._~ as %XX.
std::string url_part(const std::string& text);

/// The sentence of an error answer ({"ok":false,"error":...}), or its status where there is none.
std::string error_sentence(long status, const std::string& body);

}  // namespace tapedeck::app
