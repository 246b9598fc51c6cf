#include "agent/job.hpp"

#include <unistd.h>

#include <csignal>
#include <utility>

#include <fmt/core.h>

#include "agent/job_directories.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace muster::agent {
namespace {

using namespace std::chrono_literals;
using protocol::StepState;
using protocol::TaskResult;

constexpr Millis kTermGrace = 2s;     // between being asked to end, and being ended
constexpr Millis kEndPatience = 30s;  // for everything to be gone
constexpr Millis kCheckoutSilence = 10min;

// "10m0s", as CircleCI writes it in its own sentence.
std::string in_go_form(Millis duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  constexpr int kMinute = 60;
  constexpr int kHour = 3600;
  if (seconds < kMinute) return format_duration(duration);
  if (seconds < kHour) return fmt::format("{}m{}s", seconds / kMinute, seconds % kMinute);
  return fmt::format("{}h{}m{}s", seconds / kHour, seconds % kHour / kMinute, seconds % kMinute);
}

std::string describe(const process::Exit& exit) {
  if (exit.signal == 0) return fmt::format("\nExited with code {}\n", exit.code);
  return fmt::format("\nExited with code {} (ended by signal {})\n", exit.shell_code(),
                     exit.signal);
}

// A step without a name of its own is called by its command, which may be a whole script.
std::string in_quotes(const std::string& step_name) {
  constexpr std::size_t kLongest = 40;
  return fmt::format("'{}'", printable(trim(step_name.substr(0, step_name.find('\n'))), kLongest));
}

}  // namespace

Job::Job(const Parts& parts)
    : parts_(parts),
      directory_(
          resolve(parts.task.job.working_directory, parts.places.working_directory, parts.places)) {
  environment_ =
      job_environment(parts.task, parts.places, place_of_job(), process::plain_environment());
}

JobPlace Job::place_of_job() const {
  const auto& launcher = parts_.launcher;
  const bool own_path = launcher.has_own_path();
  if (launcher.user()) return {directory_, launcher.user()->name, own_home(), own_path};
  return {directory_, launcher.has_prefix() ? "" : process::own_user().name, "", own_path};
}

protocol::FinishRequest Job::run() {
  const auto prepared =
      prepare_directories(parts_.launcher, directory_, parts_.places, environment_);
  if (prepared) {
    has_bash_ = prepared->has_bash;
    run_steps();
  } else if (prepared.error().kind == ErrorKind::forbidden && chose_its_directory()) {
    failed_ = true;
    why_not_begun_ = prepared.error().message;
  } else {
    broken_ = prepared.error();
  }
  end_everything();
  return verdict();
}

// One that is not within the runner's.
bool Job::chose_its_directory() const {
  const auto inside = directory_.lexically_relative(parts_.places.working_directory);
  return inside.empty() || *inside.begin() == "..";
}

void Job::run_steps() {
  const auto& steps = parts_.task.job.steps;
  for (std::size_t index = 0; index < steps.size() && !parts_.end.requested(); ++index) {
    if (!wanted(steps[index])) continue;
    std::visit([&](const auto& step) { run_step(index, step); }, steps[index]);
  }
}

bool Job::wanted(const pipeline::Step& step) const {
  const auto* run = std::get_if<pipeline::RunStep>(&step);
  const auto when = run != nullptr ? run->when : pipeline::When::on_success;
  return when == pipeline::When::always || (when == pipeline::When::on_fail) == failed_;
}

JobCommand Job::command_of(const pipeline::RunStep& step) const {
  JobCommand command;
  command.arguments =
      shell_command(step.shell.value_or(parts_.task.job.shell), step.command, has_bash_);
  command.environment = with(environment_, step.environment);
  command.directory =
      resolve(step.working_directory.value_or("."), directory_, parts_.places).string();
  return command;
}

void Job::run_step(std::size_t index, const pipeline::RunStep& step) {
  if (step.background) return start_in_background(index, step);
  run_to_end(index, begin(index, step.name, StepState::running), command_of(step),
             step.no_output_timeout);
}

void Job::run_step(std::size_t index, const pipeline::CheckoutStep& step) {
  auto update = begin(index, step.name, StepState::running);
  const auto pack = parts_.places.private_directory / "source.pack";
  const StopAtWorkEnd stop(parts_.end);
  auto fetched =
      fetch_source(parts_.server, parts_.attempt, parts_.task.source_sha256, pack, stop.token());
  if (!fetched) {
    if (!parts_.end.requested()) broken_ = fetched.error();  // no fault of the job's
    return fail(index, std::move(update), fetched.error());
  }
  run_to_end(index, std::move(update),
             checkout_command(parts_.task, environment_, directory_, pack), kCheckoutSilence);
  std::error_code ignored;
  std::filesystem::remove(pack, ignored);
}

void Job::start_in_background(std::size_t index, const pipeline::RunStep& step) {
  auto update = begin(index, step.name, StepState::background);
  auto started = StepProcess::start(parts_.launcher, command_of(step));
  if (!started) return fail(index, std::move(update), started.error());
  followers_.add(std::move(started->output), output_of(index));
  background_.push_back({index, std::move(update), std::move(started->child)});
}

void Job::run_to_end(std::size_t index, protocol::StepUpdate update, const JobCommand& command,
                     Millis silence) {
  auto started = StepProcess::start(parts_.launcher, command);
  if (!started) return fail(index, std::move(update), started.error());
  const auto ending = follow(*started, output_of(index), parts_.end, silence);
  if (!std::holds_alternative<Exited>(ending)) end_step(started->child);
  judge(index, std::move(update), ending, silence);
  // What the step left running goes on until the end of the task. Its step is over, so nobody
  // reads on; but it must not be ended by a closed pipe.
  followers_.add(std::move(started->output), output_of(index).dropped());
}

protocol::StepUpdate Job::begin(std::size_t index, const std::string& name, StepState state) {
  protocol::StepUpdate update;
  update.name = name;
  update.state = state;
  update.started_at = system_clock().wall();
  parts_.outbox.push(index, update);
  return update;
}

void Job::conclude(std::size_t index, protocol::StepUpdate update, StepState state) {
  update.state = state;
  update.ended_at = system_clock().wall();
  parts_.outbox.push(index, std::move(update));
}

void Job::fail(std::size_t index, protocol::StepUpdate update, const Error& error) {
  failed_ = true;
  output_of(index).write(error.message + "\n");
  conclude(index, std::move(update),
           parts_.end.requested() ? StepState::canceled : StepState::failed);
}

void Job::judge(std::size_t index, protocol::StepUpdate update, const StepEnding& ending,
                Millis silence) {
  if (const auto* exited = std::get_if<Exited>(&ending)) {
    update.exit_code = exited->exit.shell_code();
    if (exited->exit.success()) return conclude(index, std::move(update), StepState::success);
    failed_ = true;
    output_of(index).write(describe(exited->exit));
    return conclude(index, std::move(update), StepState::failed);
  }
  failed_ = true;
  if (std::holds_alternative<Silent>(ending)) {
    timed_out_ =
        fmt::format("step {} was silent for {}", in_quotes(update.name), format_duration(silence));
    output_of(index).write(
        fmt::format("\nToo long with no output (exceeded {}): context deadline exceeded\n",
                    in_go_form(silence)));
    return conclude(index, std::move(update), StepState::timedout);
  }
  if (parts_.end.reason() != EndReason::over_time) {
    return conclude(index, std::move(update), StepState::canceled);
  }
  timed_out_ = fmt::format("step {} was ended: {}", in_quotes(update.name), over_time_in_words());
  output_of(index).write("\n" + timed_out_ + "\n");
  conclude(index, std::move(update), StepState::timedout);
}

std::string Job::over_time_in_words() const {
  return fmt::format("the task ran for longer than {}, the runner's max_run_time",
                     format_duration(parts_.max_run_time));
}

// Asks first. With a lease to lose there is no time for that.
void Job::end_step(const process::Child& child) {
  if (parts_.end.reason() != EndReason::lease_lost) {
    parts_.launcher.ask_to_end(child);
    const auto deadline = system_clock().monotonic() + kTermGrace;
    while (process::identify(child.pid()) && system_clock().monotonic() < deadline) {
      std::this_thread::sleep_for(10ms);
    }
  }
  std::vector<pid_t> spare;
  for (const auto& step : background_) spare.push_back(step.child.pid());
  const auto ended = parts_.launcher.end_all(kEndPatience, spare);
  if (!ended) log::error("a step lives on", {{"reason", ended.error().message}});
}

void Job::end_everything() {
  const auto ended = parts_.launcher.close(kEndPatience);
  if (!ended) log::error("the job lives on", {{"reason", ended.error().message}});
  followers_.finish();
  // Being ended with the task is how a background step is meant to end.
  for (auto& step : background_) {
    conclude(step.index, std::move(step.update), StepState::background);
  }
}

protocol::FinishRequest Job::verdict() const {
  if (const auto reason = parts_.end.reason()) {
    switch (*reason) {
      case EndReason::canceled:
        return {TaskResult::canceled, ""};
      case EndReason::over_time:
        return {TaskResult::timedout, timed_out_.empty() ? over_time_in_words() : timed_out_};
      case EndReason::told_to_stop:
        return {TaskResult::infrastructure_fail,
                "the agent stopped before the task had ended; its log says why"};
      case EndReason::stale:
      case EndReason::lease_lost:
      case EndReason::broken:
        return {TaskResult::infrastructure_fail, "the agent could not go on"};
    }
  }
  if (broken_) return {TaskResult::infrastructure_fail, broken_->message};
  if (!timed_out_.empty()) return {TaskResult::timedout, timed_out_};
  return {failed_ ? TaskResult::failed : TaskResult::success, why_not_begun_};
}

// A source that is not there, or not what was submitted, is so for every runner.
bool Job::blames_runner() const {
  return broken_ && broken_->kind != ErrorKind::not_found && broken_->kind != ErrorKind::invalid;
}

}  // namespace muster::agent
