// The dashboard's files, which are part of the program, and how they are served: with the headers
// that let browsers keep them, compressed where that was smaller when the program was built.
// Only names that were embedded are looked up; no request leads to a file of the machine.
//
// Everything here is constant or pure; any thread. A request costs one copy of the file.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "server/http_message.hpp"
#include "server/router.hpp"

namespace tapedeck {

/// As embed_folder.cpp writes them.
struct EmbeddedFile {
  std::string_view path;  ///< below web/dist: "assets/index-4f2a.js"
  std::string_view content_type;
  std::string_view hash;  ///< of the content
  std::string_view plain;
  std::string_view gzip;  ///< empty where it is not smaller
};

/// What web/dist held when the program was built, by path.
extern const std::span<const EmbeddedFile> dashboard_files;

/// How long a browser may use a file without asking.
enum class FileLife : std::uint8_t {
  ask,     ///< never; it asks with the entity tag
  forever  ///< the name changes with the content
};

/// nullptr: there is none.
const EmbeddedFile* find_file(std::span<const EmbeddedFile> files, std::string_view path);

/// A file as the answer to a GET, or 304 for those who have it.
/// @param compression whether gzip may be sent to those who take it
HttpResponse file_response(const EmbeddedFile& file, FileLife life, const HttpRequest& request,
                           bool compression);

/// Whether If-None-Match names this entity tag, quotes included; weak comparison (RFC 9110
/// §13.1.2).
bool names_tag(std::string_view if_none_match, std::string_view tag);

/// `/`, `/login`, `/favicon.ico` and `/assets/{file}`, which need no credentials: the pages hold
/// nothing that is secret.
/// @throws std::logic_error when web/dist has no such pages.
std::vector<Route> page_routes();

}  // namespace tapedeck
