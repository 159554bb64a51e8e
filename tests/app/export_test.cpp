// What an export writes, counts and leaves behind.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "app/export_command.hpp"
#include "app/export_meter.hpp"
#include "app/export_output.hpp"

namespace tapedeck::app {
namespace {

namespace fs = std::filesystem;

class ExportOutputTest : public ::testing::Test {
 protected:
  ExportOutputTest() {
    std::string name = (fs::temp_directory_path() / "tapedeck-export-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~ExportOutputTest() override { fs::remove_all(folder_); }

  fs::path folder_;
};

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string gunzip(const fs::path& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  std::string out(1 << 20, '\0');
  const int length = gzread(file, out.data(), static_cast<unsigned>(out.size()));
  EXPECT_EQ(gzclose(file), Z_OK) << "cut short";
  out.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  return out;
}

TEST_F(ExportOutputTest, AFileHasItsNameOnlyWhenItIsWhole) {
  const fs::path path = folder_ / "day.ndjson";
  std::ofstream(path) << "the one before";
  {
    auto output = ExportOutput::open(path.string(), false);
    ASSERT_TRUE(output);
    EXPECT_FALSE((*output)->write("one\n"));
    EXPECT_FALSE((*output)->write("two\n"));
    EXPECT_EQ(content(path), "the one before");
    EXPECT_EQ(content((*output)->place()), "one\ntwo\n");
    EXPECT_FALSE((*output)->finish());
    EXPECT_EQ((*output)->place(), path.string());
  }
  EXPECT_EQ(content(path), "one\ntwo\n");
  EXPECT_FALSE(fs::exists(path.string() + ".part"));
}

TEST_F(ExportOutputTest, WhatCameOfAnUnfinishedOneStaysUnderAnotherName) {
  const fs::path path = folder_ / "day.ndjson";
  ASSERT_FALSE((*ExportOutput::open(path.string(), false))->write("one\n"));
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(content(path.string() + ".part"), "one\n");
}

TEST_F(ExportOutputTest, NothingWrittenLeavesNothingBehind) {
  ASSERT_TRUE(ExportOutput::open((folder_ / "day.ndjson").string(), false));
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(ExportOutputTest, AnExportWithoutEventsIsAnEmptyFile) {
  const fs::path path = folder_ / "day.ndjson";
  EXPECT_FALSE((*ExportOutput::open(path.string(), false))->finish());
  EXPECT_TRUE(fs::exists(path));
  EXPECT_EQ(content(path), "");
}

TEST_F(ExportOutputTest, GzipHoldsWhatWasWritten) {
  const fs::path path = folder_ / "day.csv.gz";
  std::string all;
  auto output = ExportOutput::open(path.string(), true);
  ASSERT_TRUE(output);
  for (int i = 0; i < 30'000; ++i) {
    const std::string line = std::to_string(i * 7919) + ",NIFTY\r\n";
    ASSERT_FALSE((*output)->write(line));
    all += line;
  }
  ASSERT_FALSE((*output)->finish());
  EXPECT_EQ(gunzip(path), all);
  EXPECT_LT(fs::file_size(path), all.size() / 2);
}

TEST_F(ExportOutputTest, AFullDiskIsAnErrorThatNamesTheFile) {
  for (const bool gzip : {false, true}) {
    auto output = ExportOutput::open("/dev/full", gzip);
    ASSERT_TRUE(output);
    auto error = (*output)->write("one\n");
    if (!error) error = (*output)->finish();
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, "output_failed");
    EXPECT_THAT(error->message, ::testing::HasSubstr("/dev/full: No space left"));
  }
}

TEST_F(ExportOutputTest, AFolderThatIsMissingIsAnErrorAtOnce) {
  const auto output = ExportOutput::open((folder_ / "no/day.csv").string(), false);
  ASSERT_FALSE(output);
  EXPECT_THAT(output.error().message, ::testing::HasSubstr("day.csv.part: No such file"));
}

TEST_F(ExportOutputTest, ANameThatIsAFolderIsAnError) {
  auto output = ExportOutput::open(folder_.string(), false);
  ASSERT_TRUE(output);
  ASSERT_FALSE((*output)->write("one\n"));
  EXPECT_TRUE((*output)->finish());
  output = Result<std::unique_ptr<ExportOutput>>(nullptr);
  fs::remove(folder_.string() + ".part");
}

TEST(ExportForm, FollowsTheNameOfTheOutputUnlessItIsGiven) {
  const auto form = [](const char* output, const char* format, bool gzip) {
    return form_of({.url = {},
                    .filters = {},
                    .format = format,
                    .columns = {},
                    .output = output,
                    .gzip = gzip});
  };
  EXPECT_EQ(form("", "", false).format, ExportFormat::ndjson);
  EXPECT_EQ(form("a.csv", "", false).format, ExportFormat::csv);
  EXPECT_EQ(form("a.csv", "ndjson", false).format, ExportFormat::ndjson);
  EXPECT_EQ(form("a.csv.gz", "", false).format, ExportFormat::csv);
  EXPECT_TRUE(form("a.csv.gz", "", false).gzip);
  EXPECT_FALSE(form("a.csv", "", false).gzip);
  EXPECT_TRUE(form("a", "csv", true).gzip);
  EXPECT_EQ(form("a", "csv", true).format, ExportFormat::csv);
}

/// Feeds the text in two pieces, cut at every place, and then byte by byte.
void expect_everywhere(ExportFormat format, const std::string& text, std::uint64_t events,
                       const std::string& reached) {
  for (std::size_t cut = 0; cut <= text.size() + 1; ++cut) {
    ExportMeter meter(format);
    if (cut > text.size()) {
      for (const char c : text) meter.feed({&c, 1});
    } else {
      meter.feed(std::string_view(text).substr(0, cut));
      meter.feed(std::string_view(text).substr(cut));
    }
    EXPECT_EQ(meter.bytes(), text.size());
    ASSERT_EQ(meter.events(), events) << "cut at " << cut;
    const auto moment = meter.reached();
    ASSERT_EQ(moment ? format_rfc3339(*moment) : "none", reached) << "cut at " << cut;
  }
}

TEST(ExportMeter, CountsLinesOfNdjsonAndReadsTheLastWholeOnesTime) {
  const std::string type(64, 't');
  expect_everywhere(ExportFormat::ndjson,
                    R"({"type":"a","timestamp":"2025-11-18T03:45:00.000000Z","payload":{}})"
                    "\n"
                    R"({"type":")" +
                        type + R"(","timestamp":"2025-11-18T03:46:00.000000Z","payload":{"x":")" +
                        std::string(300, 'x') + "\"}}\n" +
                        R"({"type":"c","timestamp":"2025-11-18T03:47:00.0)",
                    2, "2025-11-18T03:46:00.000000Z");
}

TEST(ExportMeter, CountsRowsOfCsvWithLineEndsAndQuotesInsideCells) {
  expect_everywhere(ExportFormat::csv,
                    "reason,timestamp,payload\r\n"
                    "\"a,\n\"\"b\"\"\",2025-11-18T03:45:00.000000Z,\"{\"\"a\"\":1}\"\r\n"
                    "c,2025-11-18T03:46:00.000000Z,\r\n"
                    "d,2025-11-18T03:47:",
                    2, "2025-11-18T03:46:00.000000Z");
}

TEST(ExportMeter, KnowsNoTimeWhereThereIsNoneToRead) {
  expect_everywhere(ExportFormat::csv, "id,type\r\n1,2\r\n", 1, "none");
  expect_everywhere(ExportFormat::csv, "timestamp\r\nnonsense\r\n", 1, "none");
  expect_everywhere(ExportFormat::csv, "timestamp\r\n2025-11-18T03:46:00.000000Z\r\n", 1,
                    "2025-11-18T03:46:00.000000Z");
  expect_everywhere(ExportFormat::ndjson, "{}\n", 1, "none");
  expect_everywhere(ExportFormat::csv, "", 0, "none");
}

}  // namespace
}  // namespace tapedeck::app
