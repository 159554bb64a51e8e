// ExportOutput: where an export goes. A file grows beside its final name as NAME.part and takes the
// name when all of it is on disk, so that a file by that name is always a whole one. Standard
// output, and what is no regular file (a pipe, a device), is written directly. gzip on request.
//
// One thread. After an error nothing more is written; interrupted() ends a write that waits.
#pragma once

#include <zlib.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace tapedeck::app {

class ExportOutput {
 public:
  /// @param path empty or "-": standard output.
  /// Error code: output_failed, as for all below.
  static Result<std::unique_ptr<ExportOutput>> open(const std::string& path, bool gzip);
  /// Without finish() a NAME.part stays behind, if anything was written to it.
  ~ExportOutput();
  ExportOutput(const ExportOutput&) = delete;
  ExportOutput& operator=(const ExportOutput&) = delete;

  std::optional<Error> write(std::string_view bytes);
  /// Everything has been written: completes the file and gives it its name.
  std::optional<Error> finish();

  bool is_standard_output() const noexcept { return shown_.empty(); }
  /// What was reading a pipe has gone: nobody wants the rest.
  bool reader_has_gone() const noexcept { return reader_has_gone_; }
  /// Where what has been written so far is; empty for standard output.
  const std::string& place() const noexcept { return shown_; }

 private:
  ExportOutput(int fd, std::string final_name, std::string shown);
  std::optional<Error> write_plain(std::string_view bytes);
  std::optional<Error> deflate_all(std::string_view bytes, int flush);
  Error failed(int error);

  int fd_;
  const std::string final_name_;  // empty: nothing to be renamed
  std::string shown_;
  bool wrote_ = false;
  bool finished_ = false;
  bool reader_has_gone_ = false;
  std::optional<z_stream> gzip_;
};

}  // namespace tapedeck::app
