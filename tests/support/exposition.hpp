// Reads Prometheus' text exposition format 0.0.4 and believes nothing: whatever the format or the
// conventions for its types forbid is an error that names the line.
#pragma once

#include <cctype>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tapedeck::testing {

using Labels = std::map<std::string, std::string>;

struct MetricFamily {
  std::string type;
  std::string help;
  /// By the sample's name, which for a histogram has a suffix, and its labels.
  std::map<std::pair<std::string, Labels>, double> samples;
};

class Exposition {
 public:
  /// @throws std::runtime_error
  explicit Exposition(std::string_view text) : rest_(text) {
    if (!text.ends_with('\n')) fail("the last line has no end");
    while (!rest_.empty()) {
      line_ = rest_.substr(0, rest_.find('\n'));
      rest_.remove_prefix(line_.size() + 1);
      ++number_;
      at_ = 0;
      if (line_.starts_with("# HELP ")) {
        read_help();
      } else if (line_.starts_with("# TYPE ")) {
        read_type();
      } else {
        read_sample();
      }
    }
    for (const auto& [name, family] : families_) {
      if (family.type.empty()) throw std::runtime_error(name + " has no type");
      if (family.samples.empty()) throw std::runtime_error(name + " has no sample");
      if (family.type == "histogram") check_histogram(name, family);
    }
  }

  const std::map<std::string, MetricFamily>& families() const { return families_; }
  std::optional<double> find(const std::string& name, const Labels& labels = {}) const {
    for (const std::string& suffix :
         {std::string(), std::string("_bucket"), std::string("_sum"), std::string("_count")}) {
      if (!name.ends_with(suffix)) continue;
      const auto family = families_.find(name.substr(0, name.size() - suffix.size()));
      if (family == families_.end()) continue;
      const auto sample = family->second.samples.find({name, labels});
      if (sample != family->second.samples.end()) return sample->second;
    }
    return std::nullopt;
  }
  /// @throws std::runtime_error when there is no such sample
  double value(const std::string& name, const Labels& labels = {}) const {
    const auto found = find(name, labels);
    if (!found) throw std::runtime_error("there is no sample " + name);
    return *found;
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw std::runtime_error("line " + std::to_string(number_) + ": " + why + ": " +
                             std::string(line_));
  }
  std::string read_name(bool of_metric) {
    const std::size_t begin = at_;
    const auto is_part = [&](char c) {
      return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' ||
             (of_metric && c == ':') ||
             (at_ > begin && std::isdigit(static_cast<unsigned char>(c)) != 0);
    };
    while (at_ < line_.size() && is_part(line_[at_])) ++at_;
    if (at_ == begin) fail("a name is missing");
    return std::string(line_.substr(begin, at_ - begin));
  }
  void expect(char c) {
    if (at_ >= line_.size() || line_[at_] != c) fail(std::string("expected ") + c);
    ++at_;
  }
  void read_help() {
    at_ = 7;
    current_ = read_name(true);
    expect(' ');
    if (families_.count(current_) > 0) fail("the metric comes twice");
    families_[current_].help = line_.substr(at_);
    if (families_[current_].help.empty()) fail("no help");
  }
  void read_type() {
    at_ = 7;
    if (read_name(true) != current_) fail("type and help are of two metrics");
    expect(' ');
    const std::string type(line_.substr(at_));
    if (type != "counter" && type != "gauge" && type != "histogram") fail("no such type");
    if ((type == "counter") != current_.ends_with("_total")) fail("counters end in _total");
    families_[current_].type = type;
  }
  void read_sample() {
    const std::string name = read_name(true);
    MetricFamily& family = families_[current_];
    const bool is_own = family.type == "histogram"
                            ? name == current_ + "_bucket" || name == current_ + "_sum" ||
                                  name == current_ + "_count"
                            : name == current_;
    if (family.type.empty() || !is_own) fail("the sample is not below its metric");
    const Labels labels = read_labels();
    expect(' ');
    const std::string text(line_.substr(at_));
    char* end = nullptr;
    const double number = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0') fail("no number");
    if (family.type == "counter" && !(std::isfinite(number) && number >= 0)) fail("no count");
    if (!family.samples.emplace(std::pair(name, labels), number).second) fail("comes twice");
  }
  Labels read_labels() {
    Labels labels;
    if (at_ >= line_.size() || line_[at_] != '{') return labels;
    do {
      ++at_;
      const std::string name = read_name(false);
      expect('=');
      expect('"');
      if (!labels.emplace(name, read_quoted()).second) fail("a label comes twice");
    } while (at_ < line_.size() && line_[at_] == ',');
    expect('}');
    return labels;
  }
  std::string read_quoted() {
    std::string out;
    for (; at_ < line_.size() && line_[at_] != '"'; ++at_) {
      if (line_[at_] != '\\') {
        out += line_[at_];
        continue;
      }
      const char escaped = ++at_ < line_.size() ? line_[at_] : '\0';
      if (escaped != '\\' && escaped != '"' && escaped != 'n') fail("no such escape");
      out += escaped == 'n' ? '\n' : escaped;
    }
    expect('"');
    return out;
  }
  static void check_histogram(const std::string& name, const MetricFamily& family) {
    struct Series {
      std::map<double, double> buckets;
      std::optional<double> sum, count;
    };
    std::map<Labels, Series> all;
    for (const auto& [key, number] : family.samples) {
      Labels labels = key.second;
      if (key.first == name + "_bucket") {
        const double bound = std::strtod(labels.at("le").c_str(), nullptr);
        labels.erase("le");
        all[labels].buckets[bound] = number;
      } else {
        (key.first == name + "_sum" ? all[labels].sum : all[labels].count) = number;
      }
    }
    for (const auto& [labels, series] : all) {
      if (!series.sum || !series.count) throw std::runtime_error(name + ": no sum or no count");
      double before = 0;
      for (const auto& [bound, number] : series.buckets) {
        if (number < before) throw std::runtime_error(name + ": buckets are not cumulative");
        before = number;
      }
      const auto last = series.buckets.rbegin();
      if (last == series.buckets.rend() || !std::isinf(last->first) ||
          last->second != *series.count) {
        throw std::runtime_error(name + ": the last bucket is not the count");
      }
    }
  }

  std::string_view rest_;
  std::string_view line_;
  std::size_t number_ = 0;
  std::size_t at_ = 0;
  std::string current_;
  std::map<std::string, MetricFamily> families_;
};

}  // namespace tapedeck::testing
