// `tapedeck export`: everything that matches into a file or a pipe, as it comes.
#pragma once

#include <optional>
#include <string>

#include "app/export_meter.hpp"
#include "app/http_client.hpp"

namespace tapedeck::app {

struct ExportOptions {
  std::string url;
  HttpClient::Parameters filters;
  std::string format;   ///< ndjson, csv; empty: as the name of the output ends, else ndjson
  std::string columns;  ///< of CSV; empty: the server's
  std::string output;   ///< empty or "-": standard output
  bool gzip = false;    ///< also when the name of the output ends with .gz
};

/// The format and whether it is compressed, after a look at the output's name.
struct ExportForm {
  ExportFormat format = ExportFormat::ndjson;
  bool gzip = false;
};
ExportForm form_of(const ExportOptions& options);

/// @return the process's exit code; 1 unless everything has been written.
int run_export(const ExportOptions& options);

}  // namespace tapedeck::app
