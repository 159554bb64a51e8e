// Whether a client takes gzip. Pure; any thread.
#pragma once

#include <string_view>

namespace tapedeck {

/// Whether Accept-Encoding allows gzip (RFC 9110 §12.5.3): named, or meant by `*`, and not with a
/// weight of zero. An empty or absent header does not.
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace tapedeck
