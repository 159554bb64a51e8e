// gzip for long answers: whether a client takes it, and a body source that compresses another.
// Compression runs where the source runs, on the read pool, one piece at a time.
#pragma once

#include <string_view>

#include "server/http_message.hpp"

namespace tapedeck {

/// Whether Accept-Encoding allows gzip (RFC 9110 §12.5.3): named, or meant by `*`, and not with a
/// weight of zero. An empty or absent header does not.
bool accepts_gzip(std::string_view accept_encoding);

/// `plain` as one gzip member. A piece may come out empty while the compressor gathers.
/// @throws std::bad_alloc when zlib has no memory.
BodySource gzip_body(BodySource plain);

}  // namespace tapedeck
