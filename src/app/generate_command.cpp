#include "app/generate_command.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <stdexcept>

#include "app/generated_completion.hpp"
#include "app/generated_man.hpp"

namespace tapedeck::app {
namespace {

constexpr std::time_t kLastDate = 253'402'300'799;  // of four digits

/// YYYY-MM-DD in UTC, so that the same sources give the same pages everywhere.
std::string page_date() {
  std::time_t time = std::time(nullptr);
  if (const char* epoch = std::getenv("SOURCE_DATE_EPOCH"); epoch != nullptr && *epoch != '\0') {
    const std::string_view text(epoch);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), time);
    if (error != std::errc{} || end != text.data() + text.size() || time < 0 || time > kLastDate) {
      throw std::invalid_argument(
          fmt::format("SOURCE_DATE_EPOCH={}: must be seconds since 1970", text));
    }
  }
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(time));
}

}  // namespace

CLI::App* add_generate_command(CLI::App& app, GenerateOptions& options) {
  CLI::App* command = app.add_subcommand("generate", "manual pages and completions")->group("");
  command->require_subcommand(1);
  command->add_subcommand("man", "a manual page")
      ->add_option("page", options.page, "which")
      ->required()
      ->check(CLI::IsMember({"tapedeck", "tapedeck.toml"}));
  command->add_subcommand("completion", "a completion script")
      ->add_option("shell", options.shell, "for which shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  return command;
}

std::string generate(const CLI::App& app, const GenerateOptions& options) {
  const CommandModel program = command_model(app);
  if (options.page == "tapedeck") return program_page(program, page_date());
  if (options.page == "tapedeck.toml") return config_page(program, page_date());
  if (options.shell == "bash") return bash_completion(program);
  if (options.shell == "zsh") return zsh_completion(program);
  return fish_completion(program);
}

}  // namespace tapedeck::app
