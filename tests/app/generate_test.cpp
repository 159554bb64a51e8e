// Manual pages and completions say what the command line is, and nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "app/generate_command.hpp"
#include "app/generated_completion.hpp"
#include "app/generated_man.hpp"

namespace tapedeck::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Generated : public ::testing::Test {
 protected:
  Generated() {
    CLI::App* serve = app_.add_subcommand("serve", "the server");
    serve->add_option("--listen", listen_, "where it listens")
        ->envname("TAPEDECK_LISTEN")
        ->capture_default_str();
    serve->add_option("--heartbeat", heartbeat_, "seconds")->check(CLI::Range(1, 60));
    serve->add_option("--config,-c", config_, "a file")->check(CLI::ExistingFile);
    serve->add_flag("--memory", memory_, "nothing's kept");
    CLI::App* run = app_.add_subcommand("run", "server and engines");
    run->add_option("--listen", listen_, "where it listens")
        ->envname("TAPEDECK_LISTEN")
        ->capture_default_str();
    run->add_option("--collector", collector_, "how")->check(CLI::IsMember({"one", "two"}));
    run->add_option("--symbols", symbols_, "only these: [a]")->delimiter(',');
    CLI::App* universe = app_.add_subcommand("universe", "what there is");
    universe->add_subcommand("refresh", "reads it")
        ->add_option("dump", config_, "which")
        ->required()
        ->type_name("DIR");
    add_generate_command(app_, generate_);
  }
  const OptionModel& option(const CommandModel& command, const std::string& name) {
    for (const OptionModel& found : command.options) {
      if (found.names.front() == name) return found;
    }
    throw std::out_of_range(name);
  }

  CLI::App app_{"what it is", "tapedeck"};
  GenerateOptions generate_;
  std::string listen_ = "127.0.0.1:9000", config_, collector_;
  std::vector<std::string> symbols_;
  int heartbeat_ = 15;
  bool memory_ = false;
};

TEST_F(Generated, TheModelHasWhatTheCommandLineHas) {
  const CommandModel program = command_model(app_);
  ASSERT_EQ(program.commands.size(), 3U) << "what is hidden stays hidden";
  const CommandModel& serve = program.commands[0];
  const OptionModel& listen = option(serve, "--listen");
  EXPECT_EQ(listen.default_text, "127.0.0.1:9000");
  EXPECT_EQ(listen.variable, "TAPEDECK_LISTEN");
  EXPECT_EQ(listen.kind, ValueKind::text);
  EXPECT_EQ(option(serve, "--heartbeat").range, "1 to 60");
  EXPECT_EQ(option(serve, "--config").kind, ValueKind::file);
  EXPECT_EQ(option(serve, "--config").names, (std::vector<std::string>{"--config", "-c"}));
  EXPECT_EQ(option(serve, "--memory").kind, ValueKind::none);
  const CommandModel& run = program.commands[1];
  EXPECT_EQ(option(run, "--collector").values, (std::vector<std::string>{"one", "two"}));
  EXPECT_TRUE(option(run, "--symbols").repeatable);
  const CommandModel& refresh = program.commands[2].commands.at(0);
  EXPECT_EQ(refresh.name, "universe refresh");
  EXPECT_EQ(option(refresh, "dump").kind, ValueKind::folder);
  EXPECT_TRUE(option(refresh, "dump").required);
}

TEST_F(Generated, TheBuildersHomeIsNobodyElses) {
  const char* home = std::getenv("HOME");
  const std::string before = home != nullptr ? home : "";
  setenv("HOME", "/home/builder", 1);
  std::string folder = "/home/builder/.local", other = "/home/builders";
  CLI::App app("", "tapedeck");
  app.add_option("--folder", folder)->capture_default_str();
  app.add_option("--other", other)->capture_default_str();
  const CommandModel program = command_model(app);
  setenv("HOME", before.c_str(), 1);
  EXPECT_EQ(option(program, "--folder").default_text, "~/.local");
  EXPECT_EQ(option(program, "--other").default_text, "/home/builders");
}

TEST_F(Generated, ThePageOfTheProgramHasEveryOptionOnce) {
  const std::string page = program_page(command_model(app_), "2025-11-18");
  EXPECT_THAT(page, HasSubstr(".TH TAPEDECK 1 \"2025-11-18\""));
  EXPECT_THAT(page, HasSubstr("\\fB\\-\\-config\\fR, \\fB\\-c\\fR \\fIFILE\\fR"));
  EXPECT_THAT(page, HasSubstr("\\fIone|two\\fR"));
  EXPECT_THAT(page, HasSubstr("Range: 1 to 60."));
  EXPECT_THAT(page, HasSubstr("nothing\\(aqs kept"));
  EXPECT_THAT(page, Not(HasSubstr("generate completion")));
  const std::size_t first = page.find("\\fB\\-\\-listen\\fR");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(page.find("\\fB\\-\\-listen\\fR", first + 1), std::string::npos)
      << "run has the options of serve by reference";
}

TEST_F(Generated, ThePageOfTheConfigurationHasKeysAndTheirTypes) {
  const std::string page = config_page(command_model(app_), "2025-11-18");
  EXPECT_THAT(page, HasSubstr("\\fBheartbeat\\fR (\\fIinteger\\fR)"));
  EXPECT_THAT(page, HasSubstr("\\fBmemory\\fR (\\fItrue or false\\fR)"));
  EXPECT_THAT(page, HasSubstr("\\fBsymbols\\fR (\\fIstring, or a list of them\\fR)"));
  EXPECT_THAT(page, Not(HasSubstr("\\fBconfig\\fR")));
}

TEST_F(Generated, TextThatRoffWouldReadIsShownInstead) {
  EXPECT_EQ(roff_text(".so /etc/passwd"), "\\&.so /etc/passwd");
  EXPECT_EQ(roff_text("a\n.b"), "a\n\\&.b");
  EXPECT_EQ(roff_text("'x' \\n ~ - …"), "\\&\\(aqx\\(aq \\en \\(ti \\- ...");
}

TEST_F(Generated, CompletionsQuoteWhatShellsWouldRun) {
  const CommandModel program = command_model(app_);
  EXPECT_THAT(fish_completion(program), HasSubstr("-d 'nothing\\'s kept'"));
  EXPECT_THAT(zsh_completion(program), HasSubstr("'--memory[nothing'\\''s kept]'"));
  EXPECT_THAT(zsh_completion(program), HasSubstr("only these\\: \\[a\\]"));
}

TEST_F(Generated, ThePagesDateIsThatOfTheSources) {
  setenv("SOURCE_DATE_EPOCH", "1763452541", 1);
  generate_.page = "tapedeck";
  EXPECT_THAT(generate(app_, generate_), HasSubstr("\"2025-11-18\""));
  for (const char* bad : {"soon", "-1", "99999999999999", "1e3"}) {
    setenv("SOURCE_DATE_EPOCH", bad, 1);
    EXPECT_THROW(generate(app_, generate_), std::invalid_argument) << bad;
  }
  unsetenv("SOURCE_DATE_EPOCH");
}

}  // namespace
}  // namespace tapedeck::app
