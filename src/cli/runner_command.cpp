#include <cstdio>

#include <fmt/format.h>

#include "cli/client_session.hpp"
#include "cli/commands.hpp"
#include "client/terminal_text.hpp"
#include "protocol/json.hpp"

namespace muster::cli {
namespace {

Result<protocol::RunnerList> runners_of(client::Api& api, const std::string& resource_class) {
  if (!resource_class.empty()) return api.runners(resource_class);
  const auto classes = api.all_classes();
  if (!classes) return classes.error();
  protocol::RunnerList all;
  for (const auto& item : classes->items) {
    auto some = api.runners(item.resource_class);
    if (!some) return some;
    std::move(some->items.begin(), some->items.end(), std::back_inserter(all.items));
  }
  return all;
}

int list(client::Api& api, const RunnerOptions& options) {
  const auto runners = runners_of(api, options.resource_class);
  if (!runners) return report(runners.error());
  if (options.json) {
    fmt::print("{}\n", protocol::to_json(*runners));
    return 0;
  }
  std::vector<std::vector<std::string>> rows{
      {"RESOURCE CLASS", "NAME", "STATE", "PIPELINE", "JOB", "HOST", "VERSION", "LAST CONTACT"}};
  for (const auto& item : runners->items) {
    const auto& task = item.task;
    rows.push_back({item.resource_class, item.name, item.state.value_or("-"),
                    task ? std::to_string(task->pipeline_number) : "-", task ? task->job : "-",
                    item.hostname, item.version, format_rfc3339(item.last_connected)});
  }
  print_lines(client::table(rows));
  return 0;
}

}  // namespace

int run(const RunnerOptions& options) {
  const auto access = find_access(options.client);
  if (!access) return report(access.error());
  client::Api api(*access);
  if (options.action == RunnerOptions::Action::list) return list(api, options);
  const bool drains = options.action == RunnerOptions::Action::drain;
  const protocol::ChosenRunner runner{options.resource_class, options.name};
  const auto done = drains ? api.drain_runner(runner) : api.remove_runner(runner);
  if (done) return 0;
  const int code = report(done.error());
  return done.error().kind == ErrorKind::conflict ? 1 : code;
}

}  // namespace muster::cli
