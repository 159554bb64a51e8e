// GET /export: everything that matches, oldest first, as a download of any length.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "bus/access.hpp"
#include "query/event_query.hpp"
#include "query/export_source.hpp"
#include "server/api_handlers.hpp"
#include "server/narrowing.hpp"

namespace tapedeck {
namespace {

struct ExportRequest {
  EventQuery query;
  bool csv = false;
  std::optional<ExportCsv> columns;
};

std::optional<Error> read_parameter(const QueryParameter& parameter, ExportRequest& out) {
  const auto taken = read_filter_parameter(parameter, out.query);
  if (!taken) return taken.error();
  if (*taken) return std::nullopt;
  if (parameter.name == "columns") {
    auto columns = ExportCsv::with_columns(parameter.value);
    if (!columns) return std::move(columns).error();
    out.columns = std::move(columns).value();
    return std::nullopt;
  }
  if (parameter.name != "format") return reject_unknown(parameter);
  out.csv = parameter.value == "csv";
  if (out.csv || parameter.value == "ndjson") return std::nullopt;
  return Error{"invalid_parameter",
               "format=" + parameter.value.substr(0, 40) + ": must be ndjson or csv.", "format"};
}

/// `attachment; filename="tapedeck-20251118T075541Z.csv"`
std::string download_header(std::string_view extension) {
  std::string time = format_rfc3339(now()).substr(0, 19);
  std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
  return fmt::format("Content-Disposition: attachment; filename=\"tapedeck-{}Z.{}\"\r\n", time,
                     extension);
}

}  // namespace

HttpResponse get_export(const ApiContext& api, const HttpRequest& request) {
  ExportRequest wanted;
  wanted.query.within = visible_to(*request.grant);
  for (const QueryParameter& parameter : request.parsed.parameters) {
    if (auto error = read_parameter(parameter, wanted)) return error_response(*error);
  }
  if (wanted.columns && !wanted.csv) {
    return error_response(
        {"invalid_parameter", "columns= is for format=csv; NDJSON has whole events.", "columns"});
  }
  if (wanted.csv && !wanted.columns) {
    wanted.columns = ExportCsv::with_columns(ExportCsv::kDefaultColumns).value();
  }
  BusAccess::collect_share(api.bus);
  const Tape& tape = api.tape;
  const std::uint64_t lowest = tape.history() != nullptr
                                   ? tape.oldest_seq()
                                   : std::max(tape.log().first_seq(), tape.log().floor_seq());
  SeqBounds bounds = tape.narrow(wanted.query, {lowest, tape.end_seq()});
  bounds.first = std::max(bounds.first, lowest);
  const auto source = std::make_shared<ExportSource>(tape, compile(wanted.query), bounds,
                                                     std::move(wanted.columns));
  HttpResponse response;
  response.content_type =
      wanted.csv ? "text/csv; charset=utf-8; header=present" : "application/x-ndjson";
  response.headers = download_header(wanted.csv ? "csv" : "ndjson");
  response.body_source = [source](std::string& out) { return source->next(out); };
  return response;
}

}  // namespace tapedeck
