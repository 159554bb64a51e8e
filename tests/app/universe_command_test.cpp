#include "app/universe_command.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <stdexcept>
#include <thread>

#include "market/engine_support.hpp"
#include "support/synthetic_dump.hpp"

namespace tapedeck::app {
namespace {

using test::future_row;
using test::kDumpHeader;
using test::share_row;
using test::TemporaryFile;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// Answers one request with these bytes, whatever it asks.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer)
      : listener_(socket(AF_INET, SOCK_STREAM, 0)), answer_(std::move(answer)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(listener_, 1);
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~OneAnswer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/instruments?token=secret";
  }

 private:
  void serve() const {
    const int client = accept(listener_, nullptr, nullptr);
    if (client < 0) return;
    std::string request(4096, '\0');
    if (recv(client, request.data(), request.size(), 0) > 0) {
      for (std::size_t sent = 0; sent < answer_.size();) {
        const ssize_t n = send(client, answer_.data() + sent, answer_.size() - sent, MSG_NOSIGNAL);
        if (n <= 0) break;
        sent += static_cast<std::size_t>(n);
      }
    }
    close(client);
  }

  int listener_;
  std::string answer_;
  unsigned port_ = 0;
  std::thread thread_;
};

std::string ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

class UniverseCommandTest : public testing::Test {
 protected:
  UniverseCommandTest() {
    options_.dump = file_.path();
    options_.out = file_.folder() / "kept.csv.gz";
    options_.date = "2025-11-18";
    options_.limits.max_bad_share = 1;
  }

  void put(const std::string& rows) { file_.write("dump.csv", std::string(kDumpHeader) + rows); }
  int run() {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    int code = -1;
    std::string thrown;
    try {
      code = run_universe_refresh(options_);
    } catch (const std::invalid_argument& wrong) {
      thrown = wrong.what();
    }
    out_ = testing::internal::GetCapturedStdout();
    error_ = testing::internal::GetCapturedStderr() + thrown;
    return code;
  }
  std::size_t kept_rows() const { return universe::read_dump(options_.out).rows.size(); }

  TemporaryFile file_{"dump.csv", ""};
  UniverseRefreshOptions options_;
  std::string out_;
  std::string error_;
};

TEST_F(UniverseCommandTest, KeepsAGoodDumpAndPrintsWhatItHas) {
  put(share_row("INFY") + share_row("TCS", 2) + future_row("NIFTY25NOVFUT", "NIFTY", "2025-11-25") +
      "broken\n");
  EXPECT_EQ(run(), 0) << error_;
  EXPECT_EQ(out_,
            "NFO         1  1 FUT\nNSE         2  2 EQ\n1 bad or repeated row\n"
            "  line 5: 1 cells instead of 12\nkept in " +
                options_.out + "\n");
  EXPECT_EQ(kept_rows(), 3U);
  EXPECT_EQ(error_, "");
}

TEST_F(UniverseCommandTest, PrintsTheDifferenceToWhatWasKept) {
  put(share_row("INFY") + share_row("TCS", 2) + future_row("NIFTY25NOVFUT", "NIFTY", "2025-11-17"));
  ASSERT_EQ(run(), 0);
  put(share_row("INFY", 5) + share_row("WIPRO", 3));
  ASSERT_EQ(run(), 0) << error_;
  EXPECT_THAT(out_, AllOf(HasSubstr("1 added: WIPRO"), HasSubstr("1 removed: TCS"),
                          HasSubstr("1 changed: INFY"), HasSubstr("1 removed: NIFTY25NOVFUT")));
}

TEST_F(UniverseCommandTest, PrintsForPrograms) {
  options_.json = true;
  put(share_row("INFY") + "broken\n");
  ASSERT_EQ(run(), 0);
  EXPECT_EQ(out_, R"({"ok":true,"out":")" + options_.out +
                      R"(","rows":2,"bad_rows":1,"first_bad_rows":[{"line":3,)"
                      R"("reason":"1 cells instead of 12"}],"exchanges":{"NSE":{"size":1,)"
                      R"("counts":{"EQ":1},"added":[],"removed":[],"changed":[],"added_count":0,)"
                      R"("removed_count":0,"changed_count":0}}})"
                      "\n");
}

TEST_F(UniverseCommandTest, FiltersWhatItPrintsButKeepsEverything) {
  options_.filter.exchanges = {"NSE"};
  put(share_row("INFY") + future_row("NIFTY25NOVFUT", "NIFTY", "2025-11-25"));
  ASSERT_EQ(run(), 0);
  EXPECT_THAT(out_, Not(HasSubstr("NFO")));
  EXPECT_EQ(kept_rows(), 2U);
}

TEST_F(UniverseCommandTest, ABadDumpLeavesTheKeptOneAsItWas) {
  put(share_row("INFY") + share_row("TCS", 2));
  ASSERT_EQ(run(), 0);
  options_.limits.max_bad_share = 0.05;
  put(share_row("INFY") + "1,2,cut\nx\n");
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(error_, AllOf(HasSubstr("line 3: 3 cells instead of 12"),
                            HasSubstr("2 of 3 rows are bad"), HasSubstr("kept so far stay")));
  EXPECT_EQ(out_, "");
  EXPECT_EQ(kept_rows(), 2U);
  options_.shrink_slack = 0;
  put(share_row("INFY"));
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(error_, HasSubstr("NSE has 1 instruments, 1 fewer"));
  options_.max_shrink_share = 0.5;
  EXPECT_EQ(run(), 0) << "half less is allowed now";
}

TEST_F(UniverseCommandTest, ReplacesWhatWasKeptWhenThatIsBroken) {
  file_.write("kept.csv.gz", "\x1f\x8b broken");
  put(share_row("INFY"));
  EXPECT_EQ(run(), 0);
  EXPECT_THAT(error_, HasSubstr("cannot be compared with"));
  EXPECT_EQ(kept_rows(), 1U);
}

TEST_F(UniverseCommandTest, SaysWhyItCannotWrite) {
  options_.out = file_.path() / "kept.csv.gz";  // a folder that is a file
  put(share_row("INFY"));
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(error_, HasSubstr("cannot make the folder"));
}

TEST_F(UniverseCommandTest, RefusesWrongUsage) {
  options_.url = "https://example.org/x";
  EXPECT_EQ(run(), -1);
  EXPECT_THAT(error_, HasSubstr("--dump FILE or --url URL"));
  options_.dump = options_.url = "";
  EXPECT_EQ(run(), -1);
  options_.dump = file_.path();
  options_.date = "today";
  EXPECT_EQ(run(), -1);
  EXPECT_THAT(error_, HasSubstr("--date today"));
}

TEST_F(UniverseCommandTest, DownloadsADump) {
  const OneAnswer server(ok(std::string(kDumpHeader) + share_row("INFY")));
  options_.dump = "";
  options_.url = server.url();
  EXPECT_EQ(run(), 0) << error_;
  EXPECT_EQ(kept_rows(), 1U);
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(file_.folder())) {
    ++files;
  }
  EXPECT_EQ(files, 2U) << "the download is deleted";
}

TEST_F(UniverseCommandTest, RefusesADownloadThatIsTooLargeCutOffOrNoAnswer) {
  put(share_row("OLD"));
  ASSERT_EQ(run(), 0);
  const std::string dump = std::string(kDumpHeader) + share_row("INFY");
  options_.dump = "";
  const auto try_with = [&](const std::string& answer, std::size_t max_bytes) {
    const OneAnswer server(answer);
    options_.url = server.url();
    options_.limits.max_file_bytes = max_bytes;
    EXPECT_EQ(run(), 1);
    EXPECT_THAT(error_, Not(HasSubstr("secret"))) << "the query stays out of messages";
    return error_;
  };
  EXPECT_THAT(try_with(ok(dump), dump.size() - 1), HasSubstr("is larger than"));
  EXPECT_THAT(try_with(ok(dump).substr(0, ok(dump).size() - 5), 1 << 20),
              HasSubstr("cannot download http://127.0.0.1/instruments: "));
  EXPECT_THAT(try_with("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 1 << 20),
              HasSubstr("status 403"));
  EXPECT_THAT(
      try_with("HTTP/1.1 302 Found\r\nLocation: http://x/\r\nContent-Length: 0\r\n\r\n", 1 << 20),
      HasSubstr("status 302"));
  EXPECT_EQ(kept_rows(), 1U);
}

TEST_F(UniverseCommandTest, DownloadsOverPlainHttpFromThisMachineOnly) {
  options_.dump = "";
  options_.url = "http://user:secret@example.org/instruments?token=secret";
  EXPECT_EQ(run(), -1);
  EXPECT_THAT(error_, AllOf(HasSubstr("http://example.org/instruments: must be https"),
                            Not(HasSubstr("secret"))));
  options_.url = "file:///etc/passwd";
  EXPECT_EQ(run(), -1);
  options_.url = "no address";
  EXPECT_EQ(run(), -1);
}

TEST_F(UniverseCommandTest, TakesItsOptionsFromTheCommandLine) {
  CLI::App command;
  UniverseRefreshOptions parsed;
  add_universe_options(command, parsed);
  command.parse(
      "--dump d.csv --out o.gz --exchange NSE,NFO --type FUT --json "
      "--max-shrink-share 0.5 --date 2025-11-18");
  EXPECT_EQ(parsed.dump, "d.csv");
  EXPECT_EQ(parsed.out, "o.gz");
  EXPECT_THAT(parsed.filter.exchanges, testing::ElementsAre("NSE", "NFO"));
  EXPECT_THAT(parsed.filter.types, testing::ElementsAre("FUT"));
  EXPECT_TRUE(parsed.json);
  EXPECT_EQ(parsed.max_shrink_share, 0.5);
  EXPECT_THROW(command.parse("--dump d.csv --url https://x"), CLI::ParseError);
  EXPECT_THROW(command.parse("--max-bad-share 2"), CLI::ParseError);
}

TEST_F(UniverseCommandTest, KeepsTheFileWhereTheDataOfProgramsLies) {
  const char* before = std::getenv("XDG_DATA_HOME");
  const std::string restore = before != nullptr ? before : "";
  setenv("XDG_DATA_HOME", "/data", 1);
  EXPECT_EQ(default_instruments_file(), "/data/tapedeck/instruments.csv.gz");
  setenv("XDG_DATA_HOME", "relative", 1);
  EXPECT_THAT(default_instruments_file().string(),
              testing::EndsWith("/.local/share/tapedeck/instruments.csv.gz"));
  before != nullptr ? setenv("XDG_DATA_HOME", restore.c_str(), 1) : unsetenv("XDG_DATA_HOME");
}

}  // namespace
}  // namespace tapedeck::app
