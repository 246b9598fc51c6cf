#include "capacity/command.hpp"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "base/log.hpp"
#include "base/sleep.hpp"
#include "base/spread.hpp"
#include "base/text.hpp"
#include "process/program.hpp"
#include "protocol/json.hpp"
#include "protocol/messages.hpp"

namespace muster::capacity {

namespace {

constexpr std::size_t kLongestAnswer = 4 << 20;           // bytes
constexpr std::size_t kLongestId = 128;                   // a scaler remembers each
constexpr std::size_t kMostInstances = 2'000;             // of a class
constexpr Millis kUntilListed = std::chrono::minutes(2);  // after a launch
constexpr Millis kPollInterval = std::chrono::seconds(10);
constexpr std::size_t kAtOnce = 4;                  // programs that list
constexpr Millis kGrace = std::chrono::seconds(2);  // of one that changes something, once stopped

Result<void> check_ids(const std::vector<std::string>& ids) {
  if (ids.size() > kMostInstances) {
    return Error{ErrorKind::invalid, fmt::format("it names {} instances, and a class may have {}",
                                                 ids.size(), kMostInstances)};
  }
  std::set<std::string_view> known;
  for (const auto& id : ids) {
    const bool plain = std::ranges::all_of(id, [](char c) { return c > ' ' && c <= '~'; });
    if (id.empty() || id.size() > kLongestId || !plain) {
      return Error{ErrorKind::invalid,
                   fmt::format("'{}' is no id: give it 1 to {} visible ASCII characters",
                               printable(id, 60), kLongestId)};
    }
    if (!known.insert(id).second) {
      return Error{ErrorKind::invalid, fmt::format("it names {} twice", id)};
    }
  }
  return ok();
}

}  // namespace

CommandCapacity::CommandCapacity(std::map<std::string, CommandSettings> classes)
    : classes_(std::move(classes)) {}

Result<std::string> CommandCapacity::ask(const std::string& resource_class,
                                         const std::vector<std::string>& words,
                                         const std::stop_token& stop, Millis grace) const {
  const auto& settings = classes_.at(resource_class);
  process::Command command;
  command.arguments = settings.program;
  command.arguments.insert(command.arguments.end(), words.begin(), words.end());
  command.environment = process::inherited_environment({"MUSTER_TOKEN"});
  auto printed = process::output_of(
      command, {.timeout = settings.timeout, .output = kLongestAnswer, .grace = grace}, stop);
  if (!printed) return printed.error().within(words.front());
  return printed;
}

Result<fleet::CapacityList> CommandCapacity::list(const std::stop_token& stop) {
  std::vector<std::string> names;
  for (const auto& [name, settings] : classes_) names.push_back(name);
  std::vector<Result<std::string>> printed(names.size());
  spread(names.size(), kAtOnce, [&](std::size_t i) {
    printed[i] = ask(names[i], {"list", names[i]}, stop, Millis(0));
  });
  fleet::CapacityList all;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (const auto listed = read_list(names[i], printed[i], all); !listed) {
      all.unreadable.emplace(names[i], printable(listed.error().message, 300));
    }
  }
  return all;
}

Result<void> CommandCapacity::read_list(const std::string& name, const Result<std::string>& printed,
                                        fleet::CapacityList& all) {
  if (!printed) return printed.error();
  const auto told = protocol::from_json<protocol::CommandInstances>(*printed);
  if (!told) return told.error().within("what it prints for 'list' is no list of instances");

  std::vector<std::string> ids;
  for (const auto& instance : told->instances) ids.push_back(instance.id);
  if (const auto good = check_ids(ids); !good)
    return good.error().within("what it prints for 'list'");

  const bool single_task = classes_.at(name).single_task;
  all.late_listings[name] = {kUntilListed, single_task};
  std::set<std::string> listed;
  for (const auto& [id, launched_at, draining] : told->instances) {
    listed.insert(id);
    auto& known = known_[id];
    known = {id, name, launched_at, draining || known.draining, single_task};
    all.live.push_back(known);
  }
  std::erase_if(known_, [&](const auto& entry) {
    const auto& [id, known] = entry;
    if (known.resource_class != name || listed.contains(id)) return false;
    all.ended.push_back({id, name, "no longer listed"});
    return true;
  });
  return ok();
}

Result<std::vector<std::string>> CommandCapacity::launch(const fleet::Place& place,
                                                         std::int64_t count,
                                                         const std::stop_token& stop) {
  const auto& resource_class = place.resource_class;
  if (!classes_.contains(resource_class)) {
    return Error{ErrorKind::not_found, "no command launches " + resource_class};
  }
  auto ids = launched_by_program(resource_class, count, stop);
  if (ids || ids.error().kind == ErrorKind::cancelled) return ids;
  log::warn("cannot launch an instance",
            {{"resource_class", resource_class}, {"error", ids.error().message}});
  return std::vector<std::string>();
}

Result<std::vector<std::string>> CommandCapacity::launched_by_program(
    const std::string& resource_class, std::int64_t count, const std::stop_token& stop) {
  const auto printed =
      ask(resource_class, {"launch", resource_class, std::to_string(count)}, stop, kGrace);
  if (!printed) return printed.error();
  auto told = protocol::from_json<protocol::CommandLaunched>(*printed);
  if (!told) return told.error().within("what it prints for 'launch' is no list of ids");
  if (const auto good = check_ids(told->ids); !good) {
    return good.error().within("what it prints for 'launch'");
  }
  return std::move(told->ids);
}

Result<void> CommandCapacity::drain(const std::string& id, const std::stop_token& stop) {
  const auto found = known_.find(id);
  if (found == known_.end() || found->second.draining) return ok();
  const auto& name = found->second.resource_class;
  const auto asked = ask(name, {"drain", name, id}, stop, kGrace);
  if (!asked) return asked.error();
  found->second.draining = true;
  return ok();
}

Result<void> CommandCapacity::reap(const std::string& id, const std::stop_token& stop) {
  const auto found = known_.find(id);
  if (found == known_.end()) return ok();
  const auto& name = found->second.resource_class;
  const auto asked = ask(name, {"end", name, id}, stop, kGrace);
  if (!asked) return asked.error();
  return ok();
}

void CommandCapacity::wait_for_change(Millis patience, std::stop_token stop) {
  sleep_for(std::min(patience, kPollInterval), stop);
}

}  // namespace muster::capacity
