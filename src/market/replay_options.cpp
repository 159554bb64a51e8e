#include "market/replay_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "market/time_text.hpp"

namespace tapedeck::market {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const std::string& sentence) {
  throw std::invalid_argument(sentence);
}

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const char* digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::vector<Column> parse_columns(std::string_view text) {
  std::vector<Column> columns;
  for (const std::string_view name : split(text, ',')) {
    const auto column = column_named(name);
    if (!column) {
      refuse(
          fmt::format("columns= names '{}', which is no column; use timestamp, symbol, price, "
                      "volume, cumulative_volume, exchange, bid, ask, open, high, low, close, "
                      "date, time or - to skip a cell",
                      name));
    }
    columns.push_back(*column);
  }
  return columns;
}

void set_option(ReplayOptions& options, std::string_view key, const std::string& value) {
  if (key == "format") {
    if (value == "csv") {
      options.format = ReplayFormat::csv;
    } else if (value == "kite-candles") {
      options.format = ReplayFormat::kite_candles;
    } else {
      refuse(fmt::format("format={} is not known; use csv or kite-candles", value));
    }
  } else if (key == "symbol") {
    if (value.empty() || value.size() > 64) refuse("symbol= wants 1 to 64 characters");
    options.symbol = value;
  } else if (key == "exchange") {
    if (value.empty() || !is_exchange(value)) {
      refuse(fmt::format("exchange={} is no exchange; write it like NSE", value));
    }
    options.exchange = value;
  } else if (key == "tz") {
    const auto zone = parse_zone(value);
    if (!zone) {
      refuse(
          fmt::format("tz={} is not known; use Asia/Kolkata, UTC or an offset like +05:30", value));
    }
    options.zone = *zone;
  } else if (key == "columns") {
    options.columns = parse_columns(value);
  } else if (key == "timeframe") {
    options.timeframe = Timeframe::parse(value);
    if (!options.timeframe) {
      refuse(fmt::format("timeframe={} is not known; use one of {}", value, Timeframe::kSupported));
    }
  } else {
    refuse(
        fmt::format("'{}' is not an option of replay:; use format, symbol, exchange, tz, columns, "
                    "timeframe",
                    key));
  }
}

bool has_data_suffix(const fs::path& path, ReplayFormat format) {
  std::string name = path.filename().string();
  if (name.starts_with('.')) return false;
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  if (format == ReplayFormat::kite_candles) return name.ends_with(".json");
  return name.ends_with(".csv") || name.ends_with(".txt");
}

std::string stem_of(const fs::path& path) {
  std::string name = path.filename().string();
  for (const std::string_view suffix : {".gz", ".json", ".csv", ".txt"}) {
    if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
  }
  return name;
}

std::optional<Timeframe> timeframe_token(std::string_view token) {
  if (token == "day") token = "1day";
  std::int64_t minutes = 0;
  const auto result = std::from_chars(token.data(), token.data() + token.size(), minutes);
  if (result.ec != std::errc{} || minutes > 1440) return std::nullopt;
  const std::string_view unit(result.ptr,
                              static_cast<std::size_t>(token.data() + token.size() - result.ptr));
  if (unit == "d" || unit == "day") return Timeframe::of_minutes(minutes * 24 * 60);
  if (unit != "m" && unit != "min" && unit != "minute") return std::nullopt;
  return Timeframe::of_minutes(minutes);
}

}  // namespace

ReplayOptions parse_replay_options(std::string_view text) {
  ReplayOptions options;
  const std::size_t question = text.find('?');
  options.path = fs::path(std::string(text.substr(0, question)));
  if (options.path.empty()) refuse("replay: wants a file or folder, like replay:ticks.csv.gz");
  if (question != std::string_view::npos) {
    for (const std::string_view pair : split(text.substr(question + 1), '&')) {
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos) {
        refuse(fmt::format("'{}' is not an option of replay:; write key=value", pair));
      }
      set_option(options, pair.substr(0, equals), percent_decode(pair.substr(equals + 1)));
    }
  }
  std::error_code ignored;
  if (!fs::exists(options.path, ignored)) {
    refuse(fmt::format("there is no file or folder '{}' to replay", options.path.string()));
  }
  return options;
}

std::vector<fs::path> replay_files(const ReplayOptions& options) {
  if (!fs::is_directory(options.path)) return {options.path};
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator at(options.path, error), end; !error && at != end;
       at.increment(error)) {
    if (at->is_regular_file() && has_data_suffix(at->path(), options.format)) {
      files.push_back(at->path());
    }
  }
  if (error) {
    refuse(fmt::format("cannot list '{}': {}", options.path.string(), error.message()));
  }
  if (files.empty()) {
    refuse(fmt::format("the folder '{}' holds no {} file to replay", options.path.string(),
                       options.format == ReplayFormat::csv ? ".csv or .txt (or .gz of them)"
                                                           : ".json (or .json.gz)"));
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string symbol_in_name(const fs::path& path) {
  const std::string stem = stem_of(path);
  const std::size_t underscore = stem.rfind('_');
  if (underscore == std::string::npos || !timeframe_token(stem.substr(underscore + 1))) return stem;
  return stem.substr(0, underscore);
}

std::optional<Timeframe> timeframe_in_name(const fs::path& path) {
  const std::string stem = stem_of(path);
  for (const std::string_view token : split(stem, '_')) {
    if (const auto timeframe = timeframe_token(token)) return timeframe;
  }
  return std::nullopt;
}

}  // namespace tapedeck::market
