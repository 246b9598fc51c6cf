#include "capacity/agent_config.hpp"

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::capacity {

namespace {

std::string isolation_keys(const Isolation& isolation) {
  if (isolation.kind == "none") return "";
  auto keys =
      fmt::format("  isolation: {}\n  isolation_network: {}\n", isolation.kind, isolation.network);
  if (!isolation.image.empty()) {
    keys += fmt::format("  isolation_image: {}\n", json_text(isolation.image));
  }
  if (isolation.hidden.empty()) return keys;
  std::vector<std::string> hidden;
  for (const auto& path : isolation.hidden) hidden.push_back(json_text(path.string()));
  return keys + fmt::format("  isolation_hide: [{}]\n", join(hidden, ", "));
}

}  // namespace

std::string agent_config(const AgentSettings& settings, const std::string& token,
                         const std::string& runner_name,
                         const std::filesystem::path& working_directory) {
  const auto authorities =
      settings.ca_file.empty()
          ? std::string()
          : fmt::format("  ca_file: {}\n", json_text(settings.ca_file.string()));
  return fmt::format(R"(api:
  auth_token: {}
  url: {}
{}runner:
  name: {}
  mode: {}
  working_directory: {}
  cleanup_working_directory: true
  idle_timeout: {}
  max_run_time: {}
{}logging:
  level: info
  format: text
)",
                     json_text(token), json_text(settings.server_url), authorities,
                     json_text(runner_name), settings.single_task ? "single-task" : "continuous",
                     json_text(working_directory.string()), format_duration(settings.idle_timeout),
                     format_duration(settings.max_run_time), isolation_keys(settings.isolation));
}

}  // namespace muster::capacity
