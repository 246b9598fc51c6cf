#include "capacity/local.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/token_file.hpp"
#include "base/tree.hpp"
#include "fleet/runner_names.hpp"
#include "process/own_program.hpp"

namespace muster::capacity {

namespace {

constexpr std::string_view kLogName = "agent.log";
constexpr std::string_view kGoodEnd = "exit code 0";

std::filesystem::path instances_of(const std::filesystem::path& state_directory) {
  return state_directory / "instances";
}

// A name that a runner may have: letters, digits and . - _
std::string new_id(const std::string& resource_class) {
  std::string id;
  for (const char c : resource_class) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '_' || c == '-';
    id += plain ? c : '-';
  }
  return id + "-" + random_hex(4);
}

// The last line of a log, however long the log is.
std::string last_line(const std::filesystem::path& file) {
  constexpr off_t kTail = 4096;
  const UniqueFd log(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!log) return "";
  const auto size = ::lseek(log.get(), 0, SEEK_END);
  ::lseek(log.get(), std::max<off_t>(size - kTail, 0), SEEK_SET);
  const auto tail = read_all(log.get(), 2 * kTail);
  if (!tail) return "";
  const auto lines = trim(*tail);
  return std::string(lines.substr(lines.find_last_of('\n') + 1));
}

// Into a pipe whose buffer takes it all, so that this cannot block.
Result<void> write_at_once(int pipe, const std::string& text) {
  const int buffer = ::fcntl(pipe, F_GETPIPE_SZ);
  if (std::cmp_less(buffer, text.size()) &&
      ::fcntl(pipe, F_SETPIPE_SZ, static_cast<int>(text.size())) < 0) {
    return system_error(errno, "cannot give an agent its configuration");
  }
  return write_all(pipe, text);
}

std::string in_words(const process::Exit& exit) {
  return exit.signal != 0 ? fmt::format("signal {}", exit.signal)
                          : fmt::format("exit code {}", exit.code);
}

fleet::CapacityInstance as_port(const InstanceRecord& record) {
  return {record.id, record.resource_class, record.launched_at, record.draining,
          record.single_task};
}

}  // namespace

// Root's jobs run as another user, who must be able to reach the working directory.
LocalCapacity::LocalCapacity(LocalSettings settings, const Clock& clock)
    : settings_(std::move(settings)),
      clock_(clock),
      directory_mode_(::geteuid() == 0 ? 0711 : 0700) {}

Result<std::unique_ptr<LocalCapacity>> LocalCapacity::open(LocalSettings settings,
                                                           const Clock& clock) {
  std::unique_ptr<LocalCapacity> local(new LocalCapacity(std::move(settings), clock));
  const auto instances = instances_of(local->settings_.state_directory);
  if (auto made = make_directory(instances, local->directory_mode_); !made) return made.error();
  if (auto adopted = local->adopt(); !adopted) return adopted.error();
  return local;
}

std::filesystem::path LocalCapacity::directory_of(const std::string& id) const {
  return instances_of(settings_.state_directory) / id;
}

Result<void> LocalCapacity::adopt() {
  auto found = find_instances(instances_of(settings_.state_directory));
  if (!found) return found.error();
  for (auto& instance : *found) {
    if (!instance.record) {
      remove_directory(instance.directory);
    } else if (!*instance.record) {
      log::warn("left an instance's directory alone; remove it once no process uses it",
                {{"error", instance.record->error().message}});
    } else {
      adopt(std::move(**instance.record));
    }
  }
  return ok();
}

void LocalCapacity::adopt(InstanceRecord record) {
  Instance instance{std::move(record), {}};
  const auto id = instance.record.id;
  const auto many = std::ssize(instance.record.processes);
  bool lives = false;
  for (const auto& identity : instance.record.processes) {
    auto& agent = instance.agents.emplace_back();
    agent.runner = fleet::runner_name(id, many, std::ssize(instance.agents));
    agent.identity = identity;
    agent.pidfd = open_process(identity);
    if (!agent.pidfd) continue;
    watch_.add(agent.runner, agent.pidfd);
    lives = true;
  }
  if (lives) log::info("adopted an instance of an earlier scaler", {{"instance", id}});
  instances_.emplace(id, std::move(instance));
}

Result<fleet::CapacityList> LocalCapacity::list(const std::stop_token&) {
  fleet::CapacityList all;
  for (auto it = instances_.begin(); it != instances_.end();) {
    auto& [id, instance] = *it;
    const auto how = how_ended(instance);
    if (!how) {
      if (has_lost_an_agent(instance)) give_way(id);
      all.live.push_back(as_port(instance.record));
      ++it;
      continue;
    }
    all.ended.push_back({id, instance.record.resource_class, *how});
    bury(instance, *how);
    it = instances_.erase(it);
  }
  return all;
}

// Nothing while any of its agents runs. Of several, as the first that has failed.
std::optional<std::string> LocalCapacity::how_ended(Instance& instance) {
  if (instance.agents.empty()) return "it was never started";
  std::optional<std::string> how;
  bool lives = false;
  for (auto& agent : instance.agents) {
    if (!agent.how) agent.how = how_ended(agent);
    if (!agent.how) {
      lives = true;
      continue;
    }
    watch_.forget(agent.runner);
    if (!how || *how == kGoodEnd) how = agent.how;
  }
  return lives ? std::nullopt : how;
}

std::optional<std::string> LocalCapacity::how_ended(Agent& agent) {
  if (agent.child) {
    const auto exit = agent.child->wait(Millis(0));
    return exit ? std::optional(in_words(*exit)) : std::nullopt;
  }
  if (agent.identity && process::is_alive(*agent.identity)) return std::nullopt;
  return "it ended; only the scaler that started it could have seen how";
}

// What it has free is less than its class believes.
bool LocalCapacity::has_lost_an_agent(const Instance& instance) {
  return std::ranges::any_of(instance.agents,
                             [](const auto& agent) { return agent.how.has_value(); });
}

void LocalCapacity::give_way(const std::string& id) {
  if (const auto asked = drain(id, {}); !asked) {
    log::warn("cannot drain an instance", {{"instance", id}, {"error", asked.error().message}});
  }
}

void LocalCapacity::bury(const Instance& instance, const std::string& how) {
  const auto& id = instance.record.id;
  bool failed = false;
  for (const auto& agent : instance.agents) {
    if (!agent.child || *agent.how == kGoodEnd) continue;
    failed = true;
    log::warn("an instance has failed", {{"instance", agent.runner},
                                         {"how", *agent.how},
                                         {"said", last_line(agent.directory / kLogName)}});
  }
  if (!failed) log::debug("an instance has ended", {{"instance", id}, {"how", how}});
  remove_directory(directory_of(id));
}

// The record goes first: what is left without one is no instance, and is removed at the next start.
void LocalCapacity::remove_directory(const std::filesystem::path& directory) {
  std::error_code failure;
  std::filesystem::remove(directory / "instance.json", failure);
  if (auto removed = remove_tree(directory); !removed) {
    log::warn("something of an instance stays", {{"error", removed.error().message}});
  }
}

Result<std::vector<std::string>> LocalCapacity::launch(const fleet::Place& place,
                                                       std::int64_t count, const std::stop_token&) {
  const auto& resource_class = place.resource_class;
  const auto agent = settings_.classes.find(resource_class);
  if (agent == settings_.classes.end()) {
    return Error{ErrorKind::not_found, "no local provider for " + resource_class};
  }
  const auto token = read_token_file(agent->second.token_file);
  if (!token) return token.error().within("reading the token of the resource class");
  std::vector<std::string> launched;
  for (; count > 0; --count) {
    auto id = launch_one(resource_class, agent->second, *token);
    if (!id) {
      log::warn("cannot launch an instance",
                {{"resource_class", resource_class}, {"error", id.error().message}});
      break;  // the next would fail as well
    }
    launched.push_back(std::move(*id));
  }
  return launched;
}

Result<std::string> LocalCapacity::launch_one(const std::string& resource_class,
                                              const AgentSettings& settings,
                                              const std::string& token) {
  Instance instance;
  instance.record.id = new_id(resource_class);
  instance.record.resource_class = resource_class;
  instance.record.launched_at = clock_.wall();
  instance.record.single_task = settings.single_task;
  const auto id = instance.record.id;
  const auto directory = directory_of(id);

  auto prepared = make_directory(directory, directory_mode_);
  if (prepared) prepared = write_record(directory, instance.record);
  if (prepared) prepared = start(instance, settings, token);
  if (instance.agents.empty()) {
    remove_directory(directory);
    return prepared.error();
  }
  // Started is started: one that was not given its configuration ends, and counts as a failed boot.
  if (!prepared) {
    log::warn("an instance cannot start its work",
              {{"instance", id}, {"error", prepared.error().message}});
  }
  for (const auto& agent : instance.agents) watch_.add(agent.runner, agent.pidfd);
  instances_.emplace(id, std::move(instance));
  return id;
}

Result<void> LocalCapacity::start(Instance& instance, const AgentSettings& settings,
                                  const std::string& token) {
  // Our copies of the reading ends stay open while we write: no SIGPIPE, should an agent be gone.
  std::vector<Pipe> pipes;
  for (std::int64_t number = 1; number <= settings.slots; ++number) {
    auto pipe = start_agent(instance, settings, number);
    if (!pipe) return pipe.error();
    pipes.push_back(std::move(*pipe));
  }
  const auto& record = instance.record;
  if (auto noted = write_record(directory_of(record.id), record); !noted) return noted;
  for (std::size_t i = 0; i < pipes.size(); ++i) {
    const auto& agent = instance.agents[i];
    const auto config = agent_config(settings, token, agent.runner, agent.directory / "work");
    if (auto written = write_at_once(pipes[i].writing.get(), config); !written) return written;
  }
  return ok();
}

Result<LocalCapacity::Pipe> LocalCapacity::start_agent(Instance& instance,
                                                       const AgentSettings& settings,
                                                       std::int64_t number) {
  auto& record = instance.record;
  auto directory = directory_of(record.id);
  if (settings.slots > 1) directory /= std::to_string(number);
  if (auto made = make_directory(directory, directory_mode_); !made) return made.error();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error(errno, "cannot make a pipe");
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};

  auto child = start_process(record, settings, directory, pipe.reading.get());
  if (!child) return child.error();
  const auto identity = process::identify(child->pid());
  auto pidfd = std::make_shared<UniqueFd>(::fcntl(child->pidfd(), F_DUPFD_CLOEXEC, 0));
  instance.agents.push_back({fleet::runner_name(record.id, settings.slots, number), directory,
                             identity, std::move(*child), std::move(pidfd), std::nullopt});
  if (!identity) return Error{ErrorKind::unavailable, "the agent ended at once"};
  record.processes.push_back(*identity);
  return pipe;
}

Result<process::Child> LocalCapacity::start_process(const InstanceRecord& record,
                                                    const AgentSettings& agent,
                                                    const std::filesystem::path& directory,
                                                    int config_pipe) {
  const UniqueFd log(::open((directory / kLogName).c_str(),
                            O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!log) return system_error(errno, "cannot open the agent's log");
  auto executable = settings_.executable;
  // Resolved now: in the child, /proc/self is another process.
  if (executable == "/proc/self/exe") {
    const auto own = process::own_program();
    if (!own) return own.error();
    executable = *own;
  }
  process::Command command;
  command.arguments = {executable.string(), "agent", "--config", "-"};
  command.environment = process::plain_environment();
  for (const auto& [name, value] : agent.environment) command.environment[name] = value;
  if (!settings_.job_user.empty()) command.environment["MUSTER_JOB_USER"] = settings_.job_user;
  // A token of another class is refused at once; and what a killed agent leaves goes with it.
  command.environment["MUSTER_RESOURCE_CLASS"] = record.resource_class;
  command.environment["MUSTER_AGENT_STATE"] = (directory / "state").string();
  if (const auto most = agent.idle_after_task) {
    command.environment["MUSTER_IDLE_AFTER_TASK"] = format_duration(*most);
  }
  if (const auto after = agent.recycling.after) {
    command.environment["MUSTER_RECYCLE_AFTER"] = format_duration(*after);
  }
  if (const auto tasks = agent.recycling.after_tasks) {
    command.environment["MUSTER_RECYCLE_AFTER_TASKS"] = std::to_string(*tasks);
  }
  command.directory = directory.string();
  command.standard_input = config_pipe;
  command.standard_output = log.get();
  command.standard_error = log.get();
  return process::Child::start(command);
}

// It is noted first and asked then: a second TERM would end its task, so better none than two.
Result<void> LocalCapacity::drain(const std::string& id, const std::stop_token&) {
  const auto found = instances_.find(id);
  if (found == instances_.end() || found->second.record.draining) return ok();
  auto& instance = found->second;
  instance.record.draining = true;
  if (auto noted = write_record(directory_of(id), instance.record); !noted) {
    instance.record.draining = false;
    return noted;
  }
  Result<void> asked = ok();
  for (auto& agent : instance.agents) {
    if (!agent.pidfd && agent.identity) agent.pidfd = open_process(*agent.identity);
    if (agent.pidfd &&
        ::syscall(SYS_pidfd_send_signal, agent.pidfd->get(), SIGTERM, nullptr, 0) != 0 &&
        errno != ESRCH) {
      asked = system_error(errno, "cannot signal " + agent.runner);
    }
  }
  return asked;
}

void LocalCapacity::wait_for_change(Millis patience, std::stop_token stop) {
  watch_.wait(patience, stop);
}

Result<fleet::CapacityList> look_at_local(const std::filesystem::path& state_directory) {
  auto found = find_instances(instances_of(state_directory));
  if (!found) return found.error();
  fleet::CapacityList all;
  for (const auto& [directory, record] : *found) {
    if (!record || !*record) continue;
    const auto& known = **record;
    if (is_alive(known)) {
      all.live.push_back(as_port(known));
    } else {
      all.ended.push_back({known.id, known.resource_class, "it ended"});
    }
  }
  return all;
}

}  // namespace muster::capacity
