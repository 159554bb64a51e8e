#include "desk/command_inbox.hpp"

#include <simdjson.h>

#include <utility>

namespace tapedeck::desk {

std::optional<market::Command> requested_command(const Event& event) {
  simdjson::dom::parser parser;
  simdjson::dom::element whole, payload;
  if (parser.parse(event.json).get(whole) != simdjson::SUCCESS) return std::nullopt;
  if (whole["payload"].get(payload) != simdjson::SUCCESS) return std::nullopt;
  const auto text_of = [](simdjson::dom::element object, const char* name) {
    std::string_view value;
    return object[name].get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
  };
  const auto text = [&](const char* name) { return text_of(payload, name); };
  if (text("state") != "requested") return std::nullopt;
  market::Command command;
  command.name = text("command");
  command.target = text("target");
  command.by = text("by");
  command.reason = text("reason");
  command.request_id = text_of(whole, "id");
  return command;
}

CommandInbox::CommandInbox(TelemetryBus& bus, std::function<void()> on_arrival)
    : bus_(bus), on_arrival_(std::move(on_arrival)) {
  Filter commands;
  commands.event_type = {std::string(CommandEvent::type)};
  subscription_ = bus_.subscribe(std::move(commands), [this](const Event& event) {
    if (auto command = requested_command(event)) post(std::move(*command));
  });
}

CommandInbox::~CommandInbox() {
  bus_.unsubscribe(subscription_);
}

void CommandInbox::post(market::Command command) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(command));
  }
  on_arrival_();
}

std::vector<market::Command> CommandInbox::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(waiting_, {});
}

}  // namespace tapedeck::desk
