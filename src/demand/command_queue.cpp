#include "demand/command_queue.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/sleep.hpp"
#include "base/text.hpp"
#include "process/program.hpp"
#include "protocol/json.hpp"
#include "protocol/messages.hpp"

namespace muster::demand {

namespace {

constexpr std::size_t kLongestAnswer = 4 << 20;  // bytes
constexpr std::size_t kLongestReason = 300;

fleet::ClassDemand unknown(const std::string& why) {
  return {scaling::DemandUnknown{printable(why, kLongestReason)}, std::nullopt};
}

}  // namespace

CommandQueue::CommandQueue(CommandQueueSettings settings, std::vector<std::string> resource_classes,
                           const Clock& clock)
    : settings_(std::move(settings)), classes_(std::move(resource_classes)), clock_(clock) {}

std::map<std::string, fleet::ClassDemand> CommandQueue::read(std::stop_token stop) {
  std::map<std::string, fleet::ClassDemand> demand;
  for (const auto& name : classes_) demand[name] = read_class(name, stop);
  return demand;
}

fleet::ClassDemand CommandQueue::read_class(const std::string& name, std::stop_token stop) const {
  process::Command command;
  command.arguments = settings_.program;
  command.arguments.push_back(name);
  command.environment = process::inherited_environment({"MUSTER_TOKEN"});
  const auto now = clock_.wall();
  const auto printed = process::output_of(
      command, {.timeout = settings_.timeout, .output = kLongestAnswer}, std::move(stop));
  if (!printed) return unknown(printed.error().message);
  const auto told = protocol::from_json<protocol::CommandQueue>(*printed);
  if (!told) {
    return unknown(fmt::format("what {} prints is no queue: {}", settings_.program.front(),
                               told.error().message));
  }
  if (told->unclaimed < 0 || told->running < 0) {
    return unknown(fmt::format("{} waiting and {} running cannot be: correct what {} prints",
                               told->unclaimed, told->running, settings_.program.front()));
  }
  fleet::ClassDemand demand{scaling::DemandReading{told->unclaimed, told->running, now},
                            std::nullopt};
  if (!told->runners) return demand;
  demand.runners.emplace();
  for (const auto& runner : *told->runners) {
    demand.runners->push_back({runner.name, runner.busy, false});
  }
  return demand;
}

void CommandQueue::wait_for_change(Millis patience, std::stop_token stop) {
  sleep_for(std::min(patience, settings_.poll_interval), stop);
}

}  // namespace muster::demand
