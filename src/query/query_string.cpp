#include "query/query_string.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace tapedeck {

namespace urls = boost::urls;

namespace {

std::vector<std::string> split_path(urls::pct_string_view encoded) {
  std::vector<std::string> out;
  std::string_view rest(encoded.data(), encoded.size());
  if (rest.starts_with('/')) rest.remove_prefix(1);
  for (bool more = true; more;) {
    const std::size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    const urls::string_view raw(segment.data(), segment.size());
    out.push_back(urls::pct_string_view(raw).decode());
    more = slash != std::string_view::npos;
    if (more) rest.remove_prefix(slash + 1);
  }
  return out;
}

}  // namespace

Result<RequestTarget> parse_target(std::string_view target) {
  const auto parsed = urls::parse_origin_form(urls::string_view(target.data(), target.size()));
  if (!parsed) {
    return Error{"malformed_target",
                 "The request target is no path with an optional query; encode special characters "
                 "as %XX.",
                 ""};
  }
  const urls::url_view& url = *parsed;
  RequestTarget out;
  out.path = url.path();
  out.segments = split_path(url.encoded_path());
  if (!url.has_query()) return out;
  urls::encoding_opts options;
  options.space_as_plus = true;
  for (const auto& parameter : url.params(options)) {
    if (parameter.key.empty() && !parameter.has_value) continue;  // "?" or "&&"
    out.parameters.push_back({std::string(parameter.key), std::string(parameter.value)});
  }
  return out;
}

}  // namespace tapedeck
