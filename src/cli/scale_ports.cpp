#include "cli/scale_ports.hpp"

#include <unistd.h>

#include <cstdlib>

#include <fmt/core.h>

#include "agent/agent.hpp"
#include "agent/container.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "capacity/by_class.hpp"
#include "capacity/command.hpp"
#include "capacity/local.hpp"
#include "demand/circleci.hpp"
#include "demand/command_queue.hpp"
#include "demand/fleet_reporter.hpp"
#include "demand/muster_server.hpp"
#include "fleet/dry_run.hpp"

namespace muster::cli {

namespace {

using Providers = std::map<fleet::Place, std::shared_ptr<fleet::CapacityProvider>>;

template <class... Forms>
struct Overloaded : Forms... {
  using Forms::operator()...;
};
// Which clang 16, the fuzzers' compiler, does not find by itself.
template <class... Forms>
Overloaded(Forms...) -> Overloaded<Forms...>;

demand::TokenSource token_source_of(const CircleCiQueue& queue) {
  return std::visit(
      Overloaded{[](const std::filesystem::path& file) { return demand::token_in_file(file); },
                 [](const CircleCiQueue::Variable& variable) {
                   return demand::token_in_variable(variable.name);
                 },
                 [](const demand::AwsToken& kept) { return demand::token_kept_by_aws(kept); }},
      queue.token);
}

std::string token_place_of(const CircleCiQueue& queue) {
  return std::visit(
      Overloaded{[](const std::filesystem::path& file) {
                   return fmt::format("the file {} (circleci.token_file)",
                                      printable(file.string()));
                 },
                 [](const CircleCiQueue::Variable& variable) {
                   return fmt::format("the variable {} (circleci.token_variable)",
                                      printable(variable.name));
                 },
                 [](const demand::AwsToken& kept) {
                   const bool is_secret = kept.keeper == demand::AwsToken::Keeper::secrets_manager;
                   return fmt::format("the {0} {1} (circleci.token_{0})",
                                      is_secret ? "secret" : "parameter", printable(kept.name));
                 }},
      queue.token);
}

demand::CircleCiSettings settings_of(const CircleCiQueue& queue) {
  return {.url = queue.url,
          .token = token_source_of(queue),
          .poll_interval = queue.poll_interval,
          .requests_per_minute = queue.requests_per_minute,
          .token_place = token_place_of(queue)};
}

// The settings of one kind, by class.
template <class Settings>
std::map<std::string, Settings> of_kind(const ScaleConfig& config) {
  std::map<std::string, Settings> found;
  for (const auto& scaled : config.classes) {
    const auto* settings = std::get_if<Settings>(&scaled.capacity);
    if (settings != nullptr) found.emplace(scaled.managed.name, *settings);
  }
  return found;
}

template <class Settings>
void serve(Providers& providers, const std::map<std::string, Settings>& classes,
           const std::shared_ptr<fleet::CapacityProvider>& provider) {
  for (const auto& [name, settings] : classes) providers.emplace(fleet::Place{name}, provider);
}

// What each agent would do at its start: here it is seen before there is a boot that fails.
Result<void> try_isolation(const ScaleConfig& config, const std::string& resource_class,
                           const capacity::AgentSettings& settings, const std::string& job_user) {
  const auto text = capacity::agent_config(settings, "trial", "trial", "/");
  const auto read = agent::read_settings(text, {}, "trial");
  const auto* loaded = std::get_if<agent::LoadedSettings>(&read);
  if (loaded == nullptr) return yaml::to_error(std::get<yaml::Problems>(read));
  auto tried =
      agent::try_isolation(loaded->settings, job_user.empty() ? agent::kUsualJobUser : job_user,
                           config.state_directory / "trial");
  if (!tried) return tried.error().within(fmt::format("resource_classes.{}.local", resource_class));
  return ok();
}

bool is_kind(const capacity::AgentSettings& settings, agent::Isolation::Kind kind) {
  return settings.isolation.kind == agent::word_of(kind);
}

// Of ours, what a sandbox must not show: it may lie in a directory that sandboxes do.
void hide_own_files(const ScaleConfig& config, capacity::AgentSettings& settings) {
  if (!is_kind(settings, agent::Isolation::Kind::bubblewrap)) return;
  const auto hide = [&](const std::filesystem::path& path) {
    if (!path.empty()) settings.isolation.hidden.push_back(std::filesystem::absolute(path));
  };
  hide(config.file);
  hide(config.state_directory);
  for (const auto& named : config.token_files) hide(named.file);
}

std::int64_t most_jobs_at_once(const fleet::ManagedClass& managed) {
  return scaling::highest_max(managed.policy, managed.schedules) * managed.policy.slots;
}

// An agent that is not root says of less itself.
void warn_of_shared_user(const ScaleConfig& config, const std::string& job_user) {
  if (::geteuid() != 0) return;
  for (const auto& scaled : config.classes) {
    const auto* agent = std::get_if<capacity::AgentSettings>(&scaled.capacity);
    if (agent == nullptr || !is_kind(*agent, agent::Isolation::Kind::none)) continue;
    if (most_jobs_at_once(scaled.managed) <= 1) continue;
    log::warn(
        "jobs of this class that run at the same time share a user, and can read and change each "
        "other's files: set its local.isolation, or let one run at a time",
        {{"resource_class", scaled.managed.name}, {"user", job_user}});
  }
}

Result<std::shared_ptr<fleet::CapacityProvider>> make_local(
    const ScaleConfig& config, std::map<std::string, capacity::AgentSettings> classes,
    Purpose purpose) {
  if (purpose == Purpose::look) {
    return std::make_shared<fleet::DryRunCapacity>(
        [directory = config.state_directory](const std::stop_token&) {
          return capacity::look_at_local(directory);
        });
  }
  capacity::LocalSettings settings;
  settings.state_directory = config.state_directory;
  settings.classes = std::move(classes);
  const char* job_user = std::getenv("MUSTER_JOB_USER");
  if (job_user != nullptr) settings.job_user = job_user;
  warn_of_shared_user(config, settings.job_user.empty() ? agent::kUsualJobUser : settings.job_user);
  for (auto& [name, agent] : settings.classes) {
    if (is_kind(agent, agent::Isolation::Kind::none)) continue;
    hide_own_files(config, agent);
    if (is_kind(agent, agent::Isolation::Kind::podman)) {
      agent.environment = agent::podman_variables();
    }
    if (auto tried = try_isolation(config, name, agent, settings.job_user); !tried) {
      return tried.error();
    }
  }
  auto local = capacity::LocalCapacity::open(std::move(settings));
  if (!local) return local.error();
  return std::shared_ptr<fleet::CapacityProvider>(std::move(*local));
}

// A provider for each region.
Result<void> serve_groups(Providers& providers,
                          const std::map<std::string, capacity::ClassGroups>& classes) {
  std::map<std::string, std::map<fleet::Place, capacity::GroupSettings>> regions;
  for (const auto& [name, groups] : classes) {
    for (const auto& group : groups.in_order) {
      regions[group.region].emplace(fleet::Place{name, group.label}, group);
    }
  }
  for (const auto& [region, members] : regions) {
    auto api = capacity::open_group_api(region);
    if (!api) return api.error();
    const auto provider = std::make_shared<capacity::AutoScalingGroups>(std::move(*api), members);
    for (const auto& [place, group] : members) providers.emplace(place, provider);
  }
  return ok();
}

class Nobody final : public fleet::DecisionObserver {
 public:
  void decided(const std::vector<fleet::ClassPass>&) override {}
};

}  // namespace

std::unique_ptr<fleet::DemandSource> make_queue(const ScaleConfig& config) {
  using Queue = std::unique_ptr<fleet::DemandSource>;
  const auto names = config.class_names();
  return std::visit(Overloaded{[&](const demand::ServerAccess& server) -> Queue {
                                 return std::make_unique<demand::MusterServer>(server, names);
                               },
                               [&](const CircleCiQueue& circleci) -> Queue {
                                 return std::make_unique<demand::CircleCi>(settings_of(circleci),
                                                                           names);
                               },
                               [&](const demand::CommandQueueSettings& command) -> Queue {
                                 return std::make_unique<demand::CommandQueue>(command, names);
                               }},
                    config.queue);
}

Result<std::unique_ptr<fleet::CapacityProvider>> make_capacity(const ScaleConfig& config,
                                                               Purpose purpose) {
  Providers providers;
  if (const auto classes = of_kind<capacity::AgentSettings>(config); !classes.empty()) {
    auto local = make_local(config, classes, purpose);
    if (!local) return local.error();
    serve(providers, classes, *local);
  }
  if (const auto classes = of_kind<capacity::CommandSettings>(config); !classes.empty()) {
    serve(providers, classes, std::make_shared<capacity::CommandCapacity>(classes));
  }
  if (auto served = serve_groups(providers, of_kind<capacity::ClassGroups>(config)); !served) {
    return served.error();
  }
  return std::make_unique<capacity::ByClass>(std::move(providers));
}

Millis poll_interval(const ScaleConfig& config) {
  return std::visit(
      Overloaded{[](const demand::ServerAccess&) { return Millis(std::chrono::seconds(5)); },
                 [](const CircleCiQueue& circleci) { return circleci.poll_interval; },
                 [](const demand::CommandQueueSettings& it) { return it.poll_interval; }},
      config.queue);
}

std::unique_ptr<fleet::DecisionObserver> make_observer(const ScaleConfig& config) {
  const auto* server = std::get_if<demand::ServerAccess>(&config.queue);
  if (server == nullptr) return std::make_unique<Nobody>();
  return std::make_unique<demand::FleetReporter>(*server, config.prices);
}

std::string queue_in_words(const ScaleConfig& config) {
  return std::visit(
      Overloaded{[](const demand::ServerAccess& server) { return server.url; },
                 [](const CircleCiQueue& circleci) { return circleci.url; },
                 [](const demand::CommandQueueSettings& it) { return it.program.front(); }},
      config.queue);
}

}  // namespace muster::cli
