// The manual pages, written from the command line itself: tapedeck(1) and tapedeck.toml(5). Pure
// functions.
#pragma once

#include <string>

#include "app/command_model.hpp"

namespace tapedeck::app {

/// @param date of the page, YYYY-MM-DD
std::string program_page(const CommandModel& program, const std::string& date);
std::string config_page(const CommandModel& program, const std::string& date);

/// The text as roff shows it literally.
std::string roff_text(const std::string& text);

}  // namespace tapedeck::app
