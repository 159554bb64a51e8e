#include "query/query_string.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace tapedeck {

namespace urls = boost::urls;

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
