#include "agent/confine.hpp"

#include <unistd.h>

#include <fmt/core.h>

#include "agent/bubblewrap.hpp"
#include "agent/container.hpp"
#include "agent/launcher.hpp"
#include "agent/sandbox.hpp"
#include "base/crypto.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "process/file_access.hpp"
#include "process/own_program.hpp"

namespace muster::agent {
namespace {

namespace fs = std::filesystem;

constexpr Millis kPatience = std::chrono::minutes(1);

// As the job's user, who could not be kept from replacing them by links if we made them.
Result<void> make_places(const RunnerSetup& setup, const Places& places) {
  JobCommand command;
  command.arguments = {"/bin/mkdir",
                       "-p",
                       "-m",
                       "700",
                       "--",
                       places.temporary.string(),
                       places.home.string(),
                       places.working_directory.string()};
  command.environment = process::plain_environment();
  command.directory = "/";
  const auto made =
      Launcher({}, setup.user, places.private_directory).run(std::move(command), kPatience);
  if (!made) return made.error().within("preparing the job's directories");
  if (made->exit.success()) return ok();
  return Error{ErrorKind::forbidden,
               fmt::format("the job cannot use its working directory: {}. Let the job's user enter "
                           "and write it, or set another runner.working_directory",
                           printable(trim(made->output), 500))};
}

// What is there for the job's user: bubblewrap, which runs as that, cannot cover what that user
// does not get at, and need not.
std::vector<Hidden> hidden_files(const RunnerSetup& setup) {
  std::vector<fs::path> paths = {"/etc/muster", setup.state, setup.settings.file,
                                 setup.settings.logging.file};
  const auto& named = setup.settings.isolation.hidden;
  paths.insert(paths.end(), named.begin(), named.end());
  std::optional<Result<process::FileAccess>> access;
  if (setup.user) access.emplace(process::FileAccess::as(*setup.user));
  std::vector<Hidden> hidden;
  for (const auto& path : paths) {
    std::error_code failure;
    const auto real = fs::canonical(path, failure);
    if (failure) continue;
    hidden.push_back({real, fs::is_directory(real, failure)});
  }
  return hidden;
}

Result<SandboxPlan> plan_sandbox(const RunnerSetup& setup, const Places& places) {
  SandboxPlan plan;
  plan.system = look_at_system();
  plan.hidden = hidden_files(setup);
  plan.temporary = places.temporary;
  plan.writable = {places.shared_directory, places.working_directory};
  const auto own = process::own_program();
  if (!own) return own.error();
  plan.executable = *own;
  plan.network = setup.settings.isolation.network;
  return plan;
}

Result<std::unique_ptr<Confinement>> confine_in_sandbox(const RunnerSetup& setup,
                                                        const Places& places) {
  if (auto made = make_places(setup, places); !made) return made.error();
  const auto plan = plan_sandbox(setup, places);
  if (!plan) return plan.error();
  auto sandbox = Sandbox::start(*plan, setup.user, places.private_directory);
  if (!sandbox) return bubblewrap_refusal(sandbox.error());
  return std::unique_ptr<Confinement>(std::move(*sandbox));
}

// Of the commands and of the lock: nobody else may put anything there.
Result<ContainerPlan> plan_container(const RunnerSetup& setup, const Places& places,
                                     const std::string& task_id) {
  constexpr mode_t kEnterOnly = 0711;
  const auto commands = places.private_directory / "commands";
  if (auto made = make_directory(commands, kEnterOnly); !made) return made.error();
  ContainerPlan plan;
  plan.name = container_name(task_id);
  plan.state = setup.state.string();
  plan.image = setup.settings.isolation.image;
  plan.user = setup.user.value_or(process::own_user());
  plan.as_root = ::geteuid() == 0;
  plan.network = setup.settings.isolation.network;
  plan.commands = commands;
  plan.temporary = places.temporary;
  plan.writable = {places.shared_directory, places.working_directory};
  return plan;
}

Result<std::unique_ptr<Confinement>> confine_in_container(const RunnerSetup& setup,
                                                          const Places& places,
                                                          const std::string& task_id,
                                                          std::stop_token stop) {
  if (auto made = make_places(setup, places); !made) return made.error();
  auto plan = plan_container(setup, places, task_id);
  if (!plan) return plan.error();
  auto container = Container::start(std::move(*plan), std::move(stop));
  if (!container) return container.error();
  return std::unique_ptr<Confinement>(std::move(*container));
}

Result<void> run_nothing(const RunnerSetup& setup, const Places& places, Confinement& confinement) {
  JobCommand command;
  command.arguments = {"/bin/sh", "-c", "exit 0"};
  command.environment = process::plain_environment();
  command.directory = "/";
  const Launcher launcher({}, setup.user, places.private_directory, &confinement);
  const auto ran = launcher.run(std::move(command), kPatience);
  if (!ran) return ran.error();
  if (ran->exit.success()) return ok();
  return Error{ErrorKind::unavailable,
               fmt::format("a trial command ended with exit code {}: {}", ran->exit.shell_code(),
                           printable(trim(ran->output), 500))};
}

}  // namespace

Result<std::unique_ptr<Confinement>> confine(const RunnerSetup& setup, const Places& places,
                                             const std::string& task_id, std::stop_token stop) {
  switch (setup.settings.isolation.kind) {
    case Isolation::Kind::bubblewrap:
      return confine_in_sandbox(setup, places);
    case Isolation::Kind::podman:
      return confine_in_container(setup, places, task_id, std::move(stop));
    case Isolation::Kind::none:
      break;
  }
  return std::unique_ptr<Confinement>();
}

namespace {

// An image is fetched with the first task, and not by a trial.
Result<bool> lacks_image(const Isolation& isolation) {
  if (isolation.kind != Isolation::Kind::podman) return false;
  const auto has = has_image(isolation.image);
  if (!has) return has.error();
  if (!*has) log::info("the image is fetched with the first task", {{"image", isolation.image}});
  return !*has;
}

}  // namespace

Result<void> try_isolation(const RunnerSetup& setup) {
  if (!setup.settings.isolation) return ok();
  const auto lacks = lacks_image(setup.settings.isolation);
  if (!lacks) return lacks.error();
  if (*lacks) return ok();
  auto trial = setup;
  // Of the trial's own: what is in one that tasks share is not for us to empty.
  trial.settings.working_directory.clear();
  const auto id = "trial-" + random_hex(8);
  const auto workspace = Workspace::make(trial.state, trial.settings, trial.user, id);
  if (!workspace) return workspace.error();
  auto confinement = confine(trial, workspace->places(), id, {});
  if (!confinement) return Error{ErrorKind::invalid, confinement.error().message};
  auto ran = run_nothing(trial, workspace->places(), **confinement);
  if (auto closed = (*confinement)->close(kPatience); ran && !closed) ran = closed;
  if (!ran) return Error{ErrorKind::invalid, ran.error().message}.within("trying the isolation");
  return ok();
}

void remove_left_containers(const RunnerSetup& setup) {
  if (setup.settings.isolation.kind != Isolation::Kind::podman) return;
  const auto names = containers_of(setup.state.string());
  if (!names)
    return log::warn("containers of tasks were not looked for",
                     {{"reason", names.error().message}});
  for (const auto& name : *names) {
    if (is_in_use(setup.state, task_of_container(name))) continue;
    log::info("removing the container that a killed agent left", {{"container", name}});
    const auto removed = remove_container(name, kPatience);
    if (!removed) log::warn("a container stays", {{"reason", removed.error().message}});
  }
}

}  // namespace muster::agent
