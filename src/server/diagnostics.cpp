#include "server/diagnostics.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/sinks/sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <mutex>
#include <system_error>
#include <utility>

#include "event/json_writer.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck {
namespace {

// What the line being logged on this thread carries beside its message.
thread_local std::string_view current_request;
thread_local std::span<const LogField> current_fields;

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (is_control(c)) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
}

/// Quoted unless it is a plain word, so that a value cannot look like two fields.
void append_text_value(std::string& out, std::string_view value) {
  const auto is_plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("._:/@{}*+-").find(c) != std::string_view::npos;
  };
  if (!value.empty() && std::all_of(value.begin(), value.end(), is_plain)) {
    out += value;
  } else {
    append_escaped(out, json::quoted(value));  // JSON leaves a DEL as it is
  }
}

void append_value(std::string& out, LogFormat format, const LogField& field) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    if (format == LogFormat::json) {
      out += json::quoted(*text);
    } else {
      append_text_value(out, *text);
    }
  } else if (const auto* number = std::get_if<double>(&field.value)) {
    fmt::format_to(std::back_inserter(out), "{:.3f}", *number);
  } else if (const auto* whole = std::get_if<std::int64_t>(&field.value)) {
    fmt::format_to(std::back_inserter(out), "{}", *whole);
  } else {
    fmt::format_to(std::back_inserter(out), "{}", std::get<std::uint64_t>(field.value));
  }
}

void append_field(std::string& out, LogFormat format, const LogField& field) {
  if (format == LogFormat::json) {
    fmt::format_to(std::back_inserter(out), ",\"{}\":", field.name);
  } else {
    fmt::format_to(std::back_inserter(out), " {}=", field.name);
  }
  append_value(out, format, field);
}

std::string_view color_of(spdlog::level::level_enum level) {
  if (level >= spdlog::level::err) return "\x1b[31m";
  return level == spdlog::level::warn ? "\x1b[33m" : "";
}

/// A file or standard error; closes the former.
class Output {
 public:
  /// @throws std::system_error
  explicit Output(const std::string& path) : owned_(!path.empty()) {
    if (!owned_) return;
    fd_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd_ < 0) {
      throw std::system_error(errno, std::system_category(), "cannot open the log file " + path);
    }
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() {
    if (owned_) ::close(fd_);
  }
  bool is_terminal() const { return isatty(fd_) == 1; }
  void write(std::string_view line) const {
    while (!line.empty()) {
      const ssize_t n = ::write(fd_, line.data(), line.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return;  // a full disk: there is nobody left to tell
      line.remove_prefix(static_cast<std::size_t>(n));
    }
  }

 private:
  bool owned_;
  int fd_ = STDERR_FILENO;
};

}  // namespace

RequestScope::RequestScope(std::string_view id) noexcept
    : former_(std::exchange(current_request, id)) {}

RequestScope::~RequestScope() {
  current_request = former_;
}

bool is_logged(LogLevel level) {
  return spdlog::should_log(level == LogLevel::debug ? spdlog::level::debug : spdlog::level::info);
}

void log_fields(LogLevel level, std::string_view message, std::span<const LogField> fields) {
  current_fields = fields;
  spdlog::log(level == LogLevel::debug ? spdlog::level::debug : spdlog::level::info, "{}", message);
  current_fields = {};
}

std::string format_log_line(LogFormat format, std::chrono::system_clock::time_point time,
                            std::string_view level, std::string_view message,
                            std::string_view request_id, std::span<const LogField> fields,
                            std::string_view level_color) {
  const std::string moment =
      format_rfc3339(std::chrono::time_point_cast<std::chrono::nanoseconds>(time));
  std::string out;
  out.reserve(160 + message.size());
  if (format == LogFormat::json) {
    fmt::format_to(std::back_inserter(out), R"({{"time":"{}","level":"{}","message":{})", moment,
                   level, json::quoted(message));
  } else {
    fmt::format_to(std::back_inserter(out), "{} {}{}{} ", moment, level_color, level,
                   level_color.empty() ? "" : "\x1b[m");
    append_escaped(out, message);
  }
  if (!request_id.empty()) append_field(out, format, {"request_id", request_id});
  for (const LogField& field : fields) append_field(out, format, field);
  out += format == LogFormat::json ? "}\n" : "\n";
  return out;
}

class DiagnosticLog::Change {
 public:
  explicit Change(const Options& options)
      : output(std::make_shared<const Output>(options.file)),
        format(options.format),
        level(spdlog::level::from_str(options.level)) {}

  const std::shared_ptr<const Output> output;
  const LogFormat format;
  const spdlog::level::level_enum level;
};

class DiagnosticLog::Sink : public spdlog::sinks::sink {
 public:
  void log(const spdlog::details::log_msg& message) override {
    const std::lock_guard lock(mutex_);
    const std::string_view color =
        format_ == LogFormat::text && colored_ ? color_of(message.level) : "";
    const auto level = spdlog::level::to_string_view(message.level);
    output_->write(format_log_line(format_, message.time, {level.data(), level.size()},
                                   {message.payload.data(), message.payload.size()},
                                   current_request, current_fields, color));
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

  void apply(const Change& change) {
    const std::lock_guard lock(mutex_);
    output_ = change.output;
    format_ = change.format;
    colored_ = change.output->is_terminal();
  }

 private:
  std::mutex mutex_;  // guards what follows, and keeps lines whole
  std::shared_ptr<const Output> output_;
  LogFormat format_ = LogFormat::text;
  bool colored_ = false;
};

DiagnosticLog::DiagnosticLog(const Options& options) : sink_(std::make_shared<Sink>()) {
  const auto change = prepare(options);  // before anything is replaced
  auto logger = std::make_shared<spdlog::logger>("tapedeck", sink_);
  sink_->apply(*change);
  spdlog::set_default_logger(std::move(logger));
  spdlog::set_level(change->level);
}

std::shared_ptr<DiagnosticLog::Change> DiagnosticLog::prepare(const Options& options) const {
  return std::make_shared<Change>(options);
}

void DiagnosticLog::apply(const Change& change) {
  sink_->apply(change);
  spdlog::set_level(change.level);
}

}  // namespace tapedeck
