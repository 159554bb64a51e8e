// Completion scripts for bash, zsh and fish: commands, options, choices, event types, paths. They
// hold all they need and do not call the program. Pure functions.
#pragma once

#include <string>

#include "app/command_model.hpp"

namespace tapedeck::app {

std::string bash_completion(const CommandModel& program);
std::string zsh_completion(const CommandModel& program);
std::string fish_completion(const CommandModel& program);

}  // namespace tapedeck::app
