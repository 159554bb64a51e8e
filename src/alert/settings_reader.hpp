// SettingsReader: the members of a JSON object read one by one into variables, each of the right
// type and within its bounds, and none that nobody asked for. The first problem is kept.
// For the sources of this room only: the header brings simdjson. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/strict_json.hpp"
#include "base/error.hpp"

namespace tapedeck::alert {

class SettingsReader {
 public:
  /// @param json must outlive it. @param code of errors about values
  SettingsReader(std::string_view json, std::string code);
  SettingsReader(const SettingsReader&) = delete;
  SettingsReader& operator=(const SettingsReader&) = delete;

  // What is not there leaves `to` as it is. @return whether it was there.

  bool text(std::string_view name, std::string& to);
  bool texts(std::string_view name, std::vector<std::string>& to);
  bool boolean(std::string_view name, bool& to);
  bool number(std::string_view name, std::uint64_t least, std::uint64_t most, std::uint64_t& to);
  bool duration(std::string_view name, std::chrono::nanoseconds least,
                std::chrono::nanoseconds most, std::chrono::nanoseconds& to);
  /// A secret: as it is, of a file (without line ends at its end), or of an environment variable:
  /// NAME, NAME_file, NAME_env, of which there may be one.
  bool secret(const std::string& name, std::string& to);
  /// An object within, as JSON.
  bool object(std::string_view name, std::string& to);

  void fail(std::string_view name, std::string message);
  /// @return the first problem; one of them is a member that was not asked for.
  std::optional<Error> finish();

 private:
  static constexpr std::size_t kMostBytes = 4096;  // of a text

  std::optional<auth::StrictJson::Element> find(std::string_view name);

  const std::string code_;
  auth::StrictJson parser_;
  std::optional<auth::StrictJson::Object> object_;
  std::vector<std::string> known_;
  std::optional<Error> problem_;
};

}  // namespace tapedeck::alert
