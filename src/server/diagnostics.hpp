// DiagnosticLog: what the program tells its operator, one line each, as text or as JSON, on
// standard error or in a file. Everything logged through spdlog goes through it: control characters
// are escaped, so that no value a client sent can begin a line of its own, and a line that is
// written while a request is dealt with carries the request's id.
//
// Thread contract: made and changed from one thread, written by any. A line is one write(2).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace tapedeck {

enum class LogFormat : std::uint8_t { text, json };

/// A value of a line that programs read by its name.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, std::uint64_t, double> value;
};

enum class LogLevel : std::uint8_t { debug, info };
/// Writes a line with fields.
void log_fields(LogLevel level, std::string_view message, std::span<const LogField> fields);
bool is_logged(LogLevel level);

/// While it lives, what this thread logs carries the request's id.
class RequestScope {
 public:
  /// @param id must outlive the scope.
  explicit RequestScope(std::string_view id) noexcept;
  ~RequestScope();
  RequestScope(const RequestScope&) = delete;
  RequestScope& operator=(const RequestScope&) = delete;

 private:
  const std::string_view former_;
};

/// One line as it is written, its end included.
/// @param level_color an ANSI sequence around the level of a text line; empty: none
std::string format_log_line(LogFormat format, std::chrono::system_clock::time_point time,
                            std::string_view level, std::string_view message,
                            std::string_view request_id, std::span<const LogField> fields,
                            std::string_view level_color = {});

class DiagnosticLog {
 public:
  struct Options {
    std::string level = "info";  ///< debug, info, warn, error, off
    LogFormat format = LogFormat::text;
    std::string file;  ///< empty: standard error
  };
  /// Becomes what spdlog writes to. @throws std::system_error when the file cannot be opened
  explicit DiagnosticLog(const Options& options);

  /// A change that has been found to be possible.
  class Change;
  /// Opens the file anew, also when its name is the same: logrotate may have moved it.
  /// @throws std::system_error when that is not possible; everything is as before then
  std::shared_ptr<Change> prepare(const Options& options) const;
  void apply(const Change& change);

 private:
  class Sink;
  std::shared_ptr<Sink> sink_;
};

}  // namespace tapedeck
