#include "agent/task_runner.hpp"

#include <algorithm>

#include "agent/confine.hpp"
#include "agent/delivery.hpp"
#include "agent/heartbeat.hpp"
#include "agent/job.hpp"
#include "agent/result_word.hpp"
#include "base/log.hpp"

namespace muster::agent {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kUnsentOutput = 256 << 20;  // bytes; then a job waits for the server
constexpr Millis kFinishPatience = 2h;              // at least, of a server that is away

class TaskRun {
 public:
  TaskRun(const RunnerSetup& setup, ControlPlane& server, const protocol::ClaimedTask& task,
          std::stop_token end_now)
      : setup_(setup),
        server_(server),
        task_(task),
        attempt_{task.task_id, task.attempt, task.token},
        begun_(system_clock().monotonic()),
        end_(begun_ + setup.settings.max_run_time),
        end_now_(end_now),
        tell_(end_now, [this] { end_.request(EndReason::told_to_stop); }) {}

  // False if the runner could not run it.
  bool run() {
    begin();
    return able_;
  }

 private:
  void begin() {
    Heartbeat heartbeat(server_, attempt_, {Millis(task_.lease_ms), task_.ends_with_lease}, end_);
    if (task_.ends_with_lease) heartbeat.wait_for_first_answer();
    auto workspace = Workspace::make(setup_.state, setup_.settings, setup_.user, task_.task_id);
    if (!workspace) return give_up(workspace.error());
    auto spool = Spool::open(workspace->places().private_directory, kUnsentOutput);
    if (!spool) return give_up(spool.error());
    const auto confinement = confined(workspace->places());
    if (!confinement) return give_up(confinement.error());
    run_in(*workspace, std::move(*spool), confinement->get());
  }

  Result<std::unique_ptr<Confinement>> confined(const Places& places) {
    if (!setup_.settings.isolation) return std::unique_ptr<Confinement>();
    return confine(setup_, places, task_.task_id, StopAtWorkEnd(end_).token());
  }

  void run_in(const Workspace& workspace, Spool spool, Confinement* confinement) {
    const auto& places = workspace.places();
    Outbox outbox(std::move(spool));
    Delivery delivery(server_, attempt_, outbox, end_);
    const Launcher launcher(setup_.settings.command_prefix, setup_.user, places.private_directory,
                            confinement);
    Job job(
        {task_, attempt_, places, launcher, server_, outbox, end_, setup_.settings.max_run_time});
    const auto verdict = job.run();
    if (launcher.has_prefix()) remove_as_job(launcher, workspace);
    if (attempt_is_lost()) {
      outbox.close();
      return;
    }
    able_ = end_.requested() || !job.blames_runner();
    log_end(delivery.finish(verdict, finish_patience(), end_now_), verdict);
  }

  // Behind a prefix the files may be those of a user whose files we may not remove.
  static void remove_as_job(const Launcher& launcher, const Workspace& workspace) {
    constexpr const char* kClear = R"sh(failed=0
for place; do
  [ -d "$place/" ] || continue
  find "$place/" -type d ! -perm -700 -exec chmod u+rwx {} \;
  find "$place/" -mindepth 1 -delete ||
    rm -rf -- "$place"/* "$place"/.[!.]* "$place"/..?* || failed=1
done 2>/dev/null
exit $failed
)sh";
    JobCommand command;
    command.arguments = {"/bin/sh", "-c", kClear, "clean"};
    for (const auto& place : workspace.cleared_at_end()) command.arguments.push_back(place);
    command.environment = process::plain_environment();
    command.directory = "/";
    const auto removed = launcher.run(std::move(command), 1min);
    if (!removed) {
      log::warn("cannot clean up", {{"reason", removed.error().message}});
    } else if (!removed->exit.success()) {
      log::warn("cannot clean up", {{"reason", "the jobs' user could not remove all of it"}});
    }
  }

  void give_up(const Error& error) {
    if (attempt_is_lost()) return;
    able_ = end_.requested();
    protocol::FinishRequest verdict{protocol::TaskResult::infrastructure_fail, error.message};
    if (end_.reason() == EndReason::canceled) verdict = {protocol::TaskResult::canceled, ""};
    log_end(finish_task(server_, attempt_, verdict, finish_patience(), end_now_), verdict);
  }

  // A result is worth the wait that its work was.
  Millis finish_patience() const {
    return std::max<Millis>(kFinishPatience, setup_.settings.max_run_time);
  }

  bool attempt_is_lost() {
    const auto reason = end_.reason();
    if (reason != EndReason::stale && reason != EndReason::lease_lost) return false;
    log::warn(reason == EndReason::stale ? "task given up: the server has ended its attempt"
                                         : "task given up: no heartbeat was answered in its lease",
              {{"task", task_.task_id}, {"job", task_.job.name}, {"took", took()}});
    return true;
  }

  void log_end(const Result<void>& finished, const protocol::FinishRequest& verdict) const {
    if (!finished) {
      log::error("the server did not take the task's result",
                 {{"task", task_.task_id}, {"reason", finished.error().message}});
    }
    const bool fine = verdict.result != protocol::TaskResult::infrastructure_fail;
    const std::string word(word_of(verdict.result));
    log::write(fine ? log::Level::info : log::Level::error, "task ended",
               {{"task", task_.task_id},
                {"attempt", std::to_string(task_.attempt)},
                {"runner", setup_.settings.name},
                {"job", task_.job.name},
                {"result", verdict.message.empty() ? word : word + ": " + verdict.message},
                {"took", took()}});
  }

  std::string took() const { return humanize(system_clock().monotonic() - begun_); }

  const RunnerSetup& setup_;
  ControlPlane& server_;
  const protocol::ClaimedTask& task_;
  const Attempt attempt_;
  const MonotonicTime begun_;
  WorkEnd end_;
  bool able_ = true;
  std::stop_token end_now_;
  std::stop_callback<std::function<void()>> tell_;
};

}  // namespace

bool run_task(const RunnerSetup& setup, ControlPlane& server, const protocol::ClaimedTask& task,
              std::stop_token end_now) {
  return TaskRun(setup, server, task, std::move(end_now)).run();
}

}  // namespace muster::agent
