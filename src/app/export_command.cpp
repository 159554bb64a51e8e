#include "app/export_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "app/command_support.hpp"
#include "app/export_output.hpp"
#include "app/progress_bar.hpp"
#include "app/terminal_text.hpp"

namespace tapedeck::app {
namespace {

std::optional<Timestamp> time_of(const HttpClient::Parameters& filters, std::string_view name) {
  const auto found = std::find_if(filters.begin(), filters.end(),
                                  [&](const auto& filter) { return filter.first == name; });
  return found == filters.end() ? std::nullopt : parse_rfc3339(found->second);
}

/// One export from the first byte to the last.
class Export {
 public:
  Export(const ExportOptions& options, ExportFormat format, ExportOutput& output)
      : options_(options),
        format_(format),
        output_(output),
        meter_(format),
        // Two writers on one terminal would write over each other.
        bar_(isatty(STDERR_FILENO) == 1 &&
             !(output.is_standard_output() && isatty(STDOUT_FILENO) == 1)) {
    progress_.since = time_of(options.filters, "since");
    const bool has_until = std::any_of(options.filters.begin(), options.filters.end(),
                                       [](const auto& filter) { return filter.first == "until"; });
    progress_.until = has_until ? time_of(options.filters, "until") : now();
  }

  /// @return an error, or nothing when everything has come
  std::optional<Error> run() {
    HttpClient client(options_.url);
    const auto end = client.stream(
        "/api/telemetry/export", parameters(), {},
        [this](std::string_view bytes) { return take(bytes); },
        [this] {
          if (bar_.is_due()) show_progress();
          return !interrupted();
        });
    if (!end) return end.error();
    if (end->status != 200) {
      return Error{"refused", error_sentence(end->status, end->body), ""};
    }
    if (interrupted()) return partial("interrupted");
    if (problem_) return problem_;
    if (!end->whole) return partial("the server ended the answer early");
    return std::nullopt;
  }

  const ExportMeter& meter() const noexcept { return meter_; }

 private:
  HttpClient::Parameters parameters() const {
    HttpClient::Parameters out = options_.filters;
    out.emplace_back("format", format_ == ExportFormat::csv ? "csv" : "ndjson");
    if (!options_.columns.empty()) out.emplace_back("columns", options_.columns);
    return out;
  }

  bool take(std::string_view bytes) {
    meter_.feed(bytes);
    problem_ = output_.write(bytes);
    if (bar_.is_due()) show_progress();
    return !problem_ && !interrupted();
  }

  void show_progress() {
    progress_.bytes = meter_.bytes();
    progress_.events = meter_.events();
    progress_.reached = meter_.reached();
    bar_.show(progress_);
  }

  Error partial(std::string_view why) const {
    std::string sentence = fmt::format("{}: the export is not whole; {} events had come", why,
                                       with_commas(meter_.events()));
    if (!output_.is_standard_output() && meter_.bytes() > 0) {
      sentence += fmt::format(" and are in {}", output_.place());
    }
    return {"interrupted", std::move(sentence), ""};
  }

  const ExportOptions& options_;
  const ExportFormat format_;
  ExportOutput& output_;
  ExportMeter meter_;
  ProgressBar bar_;
  Progress progress_;
  std::optional<Error> problem_;
};

}  // namespace

ExportForm form_of(const ExportOptions& options) {
  std::string_view name = options.output;
  ExportForm form;
  form.gzip = options.gzip || name.ends_with(".gz");
  if (name.ends_with(".gz")) name.remove_suffix(3);
  const bool csv = options.format.empty() ? name.ends_with(".csv") : options.format == "csv";
  if (csv) form.format = ExportFormat::csv;
  return form;
}

int run_export(const ExportOptions& options) {
  stop_on_signals();
  const ExportForm form = form_of(options);
  const auto output = ExportOutput::open(options.output, form.gzip);
  if (!output) return fail(output.error().message);
  ExportOutput& out = **output;
  if (form.gzip && out.is_standard_output() && isatty(STDOUT_FILENO) == 1) {
    fail("--gzip writes bytes that are no text: give --output FILE or a pipe");
    return kExitWrongUsage;
  }
  auto run = std::make_unique<Export>(options, form.format, out);
  auto error = run->run();
  if (!error) error = out.finish();
  const ExportMeter meter = run->meter();
  run.reset();  // takes the progress bar away before anything else is said
  if (error && out.reader_has_gone()) return kExitDone;  // head has what it wanted
  if (error) return fail(error->message);
  if (!out.is_standard_output()) {
    fmt::print(stderr, "tapedeck: {} events ({}) written to {}\n", with_commas(meter.events()),
               bytes_text(static_cast<double>(meter.bytes())), out.place());
  }
  return kExitDone;
}

}  // namespace tapedeck::app
