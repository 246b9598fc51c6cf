#include "agent/agent.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <thread>

#include <fmt/core.h>

#include "agent/claim_loop.hpp"
#include "agent/confine.hpp"
#include "agent/server_client.hpp"
#include "agent/task_runner.hpp"
#include "agent/workspace.hpp"
#include "base/log.hpp"
#include "base/tree.hpp"
#include "process/child.hpp"

namespace muster::agent {
namespace {

// The first TERM or INT drains, the second ends; so does a drain that lasts too long, and the death
// of the guardian, without which nobody would end the job if we were killed.
class Shutdown {
 public:
  Shutdown(UniqueFd guardian, Millis longest_drain)
      : guardian_(std::move(guardian)),
        done_(::eventfd(0, EFD_CLOEXEC)),
        longest_drain_(longest_drain),
        thread_([this] { watch(); }) {}
  ~Shutdown() { ::eventfd_write(done_.get(), 1); }
  Shutdown(const Shutdown&) = delete;
  Shutdown& operator=(const Shutdown&) = delete;

  std::stop_token drain() const { return drain_.get_token(); }
  std::stop_token end_now() const { return end_now_.get_token(); }

 private:
  enum class Event { signal, guardian_died, time_over, done };

  Event next(int patience) {
    for (;;) {
      std::array<pollfd, 2> entries = {pollfd{guardian_.get(), POLLIN, 0},
                                       pollfd{done_.get(), POLLIN, 0}};
      const int ready = ::poll(entries.data(), entries.size(), patience);
      if (ready == 0) return Event::time_over;
      if (ready < 0) continue;
      if (entries[1].revents != 0) return Event::done;
      char signal = 0;
      const auto got = ::read(guardian_.get(), &signal, 1);
      if (got >= 0) return got == 0 ? Event::guardian_died : Event::signal;
    }
  }

  void watch() {
    constexpr int kForEver = -1;
    auto event = next(kForEver);
    if (event == Event::signal) {
      log::info("draining: no new task is claimed; a second signal ends the running one");
      drain_.request_stop();
      const auto longest = std::min<Millis>(longest_drain_, std::chrono::hours(24 * 20));
      event = next(static_cast<int>(longest.count()));
    }
    if (event == Event::done) return;
    log::warn(event == Event::guardian_died ? "the agent's guardian process has died: ending now"
                                            : "ending now");
    end_now_.request_stop();
    drain_.request_stop();
  }

  UniqueFd guardian_;
  UniqueFd done_;
  Millis longest_drain_;
  std::stop_source drain_;
  std::stop_source end_now_;
  std::jthread thread_;
};

Result<std::optional<process::User>> user_for_jobs(const Settings& settings,
                                                   const std::string& job_user) {
  if (!settings.command_prefix.empty()) return std::optional<process::User>();
  if (::geteuid() != 0) {
    if (settings.isolation) return std::optional<process::User>();
    log::warn(
        "jobs run as the runner's own user and can read what it can; to separate them, start "
        "the runner as root or set runner.isolation or runner.command_prefix");
    return std::optional<process::User>();
  }
  auto user = process::find_user(job_user);
  if (!user) {
    return user.error().within(
        "choosing who jobs run as (--job-user names an existing user; not root)");
  }
  if (user->uid == 0) {
    log::warn("jobs run as root, as asked: they can do anything on this machine");
  }
  return std::optional(*user);
}

std::string in_words(ClaimLoop::Ended why, const Settings& settings) {
  switch (why) {
    case ClaimLoop::Ended::task_done:
      return "its single task is done";
    case ClaimLoop::Ended::idle:
      return fmt::format("no task for {}, its idle_timeout",
                         format_duration(settings.idle_timeout.value_or(Millis(0))));
    case ClaimLoop::Ended::idle_after_task:
      return fmt::format("no other task for {}, its {}",
                         format_duration(settings.idle_after_task.value_or(Millis(0))),
                         kIdleVariable);
    case ClaimLoop::Ended::recycled:
      return "a fresh one shall take its place: it is to be recycled";
    case ClaimLoop::Ended::drained:
      return "it was told to drain";
    case ClaimLoop::Ended::sent_away:
      return "an administrator of the server has drained it";
    case ClaimLoop::Ended::stopped:
      return "it was told to stop";
  }
  return "";
}

std::string in_words(const Error& error) {
  return error.kind == ErrorKind::unavailable ? "the server was never reached"
                                              : "the server refuses it";
}

}  // namespace

Result<void> try_isolation(const Settings& settings, const std::string& job_user,
                           const std::filesystem::path& state) {
  auto user = user_for_jobs(settings, job_user);
  if (!user) return user.error();
  auto tried = try_isolation({settings, *user, state});
  if (auto removed = remove_tree(state); tried && !removed) return removed;
  return tried;
}

std::string own_hostname() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "runner";
  return name.data();
}

Result<void> run_agent(const Settings& settings, const std::string& job_user, UniqueFd guardian,
                       AgentMetrics& metrics, const std::function<Result<void>()>& begin) {
  process::become_subreaper();
  auto user = user_for_jobs(settings, job_user);
  if (!user) return user.error();
  const auto& own = settings.state_directory;
  const RunnerSetup setup{settings, *user, own.empty() ? default_state_directory() : own};
  if (auto tried = try_isolation(setup); !tried) return tried;
  remove_left_containers(setup);
  remove_leftovers(setup.state, settings, setup.user);

  if (auto begun = begin(); !begun) return begun;
  Shutdown shutdown(std::move(guardian), settings.max_run_time);
  ServerClient client(settings.url, settings.token, {settings.ca_file, "api.ca_file"});
  WatchedControlPlane server(client, metrics);
  ClaimLoop loop(settings, own_hostname(), server,
                 [&](const protocol::ClaimedTask& task) {
                   return run_task(setup, server, task, shutdown.end_now());
                 },
                 {shutdown.drain(), shutdown.end_now()});
  const auto ended = loop.run();
  log::info("stopped", {{"why", ended ? in_words(*ended, settings) : in_words(ended.error())}});
  if (!ended) return ended.error();
  return ok();
}

}  // namespace muster::agent
