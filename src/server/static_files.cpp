#include "server/static_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "server/accept_encoding.hpp"
#include "server/io_worker.hpp"

namespace tapedeck {
namespace {

/// Nothing from elsewhere, in nobody's frame, and no script but the files of the page. The charts'
/// library writes a style element. Also with scripts, since a worker's own headers rule it.
constexpr std::string_view kSecurityPolicy =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; worker-src 'self'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'\r\n";

constexpr std::string_view kAssets = "assets/";

/// Takes the opaque part of an entity tag, quotes included, off the front; empty: there is none.
std::string_view take_tag(std::string_view& list) {
  const std::size_t begin = list.find('"');
  const std::size_t end = begin == std::string_view::npos ? begin : list.find('"', begin + 1);
  if (end == std::string_view::npos) return {};
  const std::string_view tag = list.substr(begin, end + 1 - begin);
  list.remove_prefix(end + 1);
  return tag;
}

/// The one file whose path begins and ends so, whatever hash is between.
const EmbeddedFile& only_file(std::string_view prefix, std::string_view suffix) {
  const auto fits = [&](const EmbeddedFile& file) {
    return file.path.starts_with(prefix) && file.path.ends_with(suffix);
  };
  if (std::count_if(dashboard_files.begin(), dashboard_files.end(), fits) != 1) {
    throw std::logic_error(fmt::format("web/dist has no one file {}*{}", prefix, suffix));
  }
  return *std::find_if(dashboard_files.begin(), dashboard_files.end(), fits);
}

Route page_route(std::string_view path, const EmbeddedFile& file) {
  return {"GET", path,
          [&file](const HttpRequest& request, IoWorker& worker) {
            return file_response(file, FileLife::ask, request, worker.options.compression);
          },
          auth::Scope::none};
}

HttpResponse get_asset(const HttpRequest& request, IoWorker& worker) {
  const EmbeddedFile* const file =
      find_file(dashboard_files, std::string(kAssets).append(request.path_parameter()));
  if (file == nullptr) return not_found(request);
  return file_response(*file, FileLife::forever, request, worker.options.compression);
}

}  // namespace

const EmbeddedFile* find_file(std::span<const EmbeddedFile> files, std::string_view path) {
  const auto found = std::lower_bound(
      files.begin(), files.end(), path,
      [](const EmbeddedFile& file, std::string_view wanted) { return file.path < wanted; });
  return found == files.end() || found->path != path ? nullptr : &*found;
}

bool names_tag(std::string_view if_none_match, std::string_view tag) {
  if (if_none_match == "*") return true;
  for (;;) {
    const std::string_view one = take_tag(if_none_match);
    if (one.empty()) return false;
    if (one == tag) return true;
  }
}

HttpResponse file_response(const EmbeddedFile& file, FileLife life, const HttpRequest& request,
                           bool compression) {
  const bool packed = compression && !file.gzip.empty() && accepts_gzip(request.accept_encoding);
  // Other bytes, another strong tag; but who has either has the content.
  const std::string plain_tag = fmt::format("\"{}\"", file.hash);
  const std::string gzip_tag = fmt::format("\"{}-gzip\"", file.hash);
  HttpResponse response;
  response.as_is = true;
  response.content_type = file.content_type;
  response.cache_control =
      life == FileLife::forever ? "public, max-age=31536000, immutable" : "no-cache";
  response.headers = fmt::format("ETag: {}\r\n{}", packed ? gzip_tag : plain_tag, kSecurityPolicy);
  if (names_tag(request.if_none_match, plain_tag) || names_tag(request.if_none_match, gzip_tag)) {
    response.status = 304;
    return response;
  }
  if (packed) response.headers += "Content-Encoding: gzip\r\n";
  response.body = packed ? file.gzip : file.plain;
  return response;
}

std::vector<Route> page_routes() {
  return {page_route("/", only_file("index", ".html")),
          page_route("/login", only_file("login", ".html")),
          page_route("/favicon.ico", only_file("assets/icon-", ".svg")),
          {"GET", "/assets/{file}", get_asset, auth::Scope::none}};
}

}  // namespace tapedeck
