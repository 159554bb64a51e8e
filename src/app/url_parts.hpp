// The parts of an address, as libcurl reads it. Belongs to one thread.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

namespace tapedeck::app {

class UrlParts {
 public:
  explicit UrlParts(const std::string& url)
      : parsed_(curl_url(), curl_url_cleanup),
        is_url_(curl_url_set(parsed_.get(), CURLUPART_URL, url.c_str(), 0) == CURLUE_OK) {}

  bool is_url() const noexcept { return is_url_; }
  /// Empty when the address has no such part.
  std::string get(CURLUPart which) const {
    char* text = nullptr;
    if (curl_url_get(parsed_.get(), which, &text, 0) != CURLUE_OK) return {};
    std::string copy(text);
    curl_free(text);
    return copy;
  }

 private:
  std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed_;
  bool is_url_;
};

}  // namespace tapedeck::app
