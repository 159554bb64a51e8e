// gzip for answers: what is compressed where. Any thread; what an object is used by, one at a time.
#pragma once

#include <string>
#include <string_view>

#include "server/gzip.hpp"
#include "server/http_message.hpp"
#include "server/options.hpp"

namespace tapedeck {

/// `plain` as one gzip member, compressed where the source runs: on the read pool, a piece at a
/// time. A piece may come out empty while the compressor gathers.
/// @throws std::bad_alloc when zlib has no memory.
BodySource gzip_body(BodySource plain, const DeflateOptions& options);

/// A body that is there already, handed out a piece at a time.
BodySource body_in_pieces(std::string&& body);

/// Makes the body of an answer gzip, if the client takes it and it pays. A short one is compressed
/// here and now, for which `deflater` is used; a long one on the read pool.
void compress_answer(HttpResponse& response, std::string_view accept_encoding,
                     const ServerOptions& options, Deflater& deflater);

}  // namespace tapedeck
