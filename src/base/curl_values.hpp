// What libcurl hands out, owned: a list of header lines, and the parts of a URL as libcurl reads
// it. Each belongs to one thread. Header only: who includes it links libcurl, base does not.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <new>
#include <string>

namespace tapedeck {

class HeaderLines {
 public:
  void append(const std::string& line) {
    curl_slist* const longer = curl_slist_append(lines_.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    static_cast<void>(lines_.release());
    lines_.reset(longer);
  }
  void clear() noexcept { lines_.reset(); }
  /// Null while there is none.
  curl_slist* get() const noexcept { return lines_.get(); }

 private:
  struct Free {
    void operator()(curl_slist* lines) const { curl_slist_free_all(lines); }
  };
  std::unique_ptr<curl_slist, Free> lines_;
};

class UrlParts {
 public:
  /// @param flags such as CURLU_NON_SUPPORT_SCHEME
  explicit UrlParts(const std::string& url, unsigned flags = 0) : parsed_(curl_url()) {
    if (parsed_ == nullptr) throw std::bad_alloc();
    is_url_ = curl_url_set(parsed_.get(), CURLUPART_URL, url.c_str(), flags) == CURLUE_OK;
  }

  bool is_url() const noexcept { return is_url_; }
  /// Empty when the URL has no such part.
  std::string get(CURLUPart which, unsigned flags = 0) const {
    char* text = nullptr;
    if (curl_url_get(parsed_.get(), which, &text, flags) != CURLUE_OK) return {};
    const std::unique_ptr<char, decltype(&curl_free)> held(text, &curl_free);
    return text;
  }

 private:
  struct Free {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
  };
  std::unique_ptr<CURLU, Free> parsed_;
  bool is_url_ = false;
};

}  // namespace tapedeck
