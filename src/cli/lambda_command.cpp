// The autoscaler as a function of AWS Lambda. Invoked each minute it makes a pass every few
// seconds for most of that minute, while it is in charge; see docs/scaler-by-hand.md.

#include <signal.h>

#include <cstdio>
#include <thread>

#include <fmt/core.h>

#include "aws/lambda_runtime.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/stop_after.hpp"
#include "base/text.hpp"
#include "cli/clear_text.hpp"
#include "cli/commands.hpp"
#include "cli/scale_config.hpp"
#include "cli/scale_memory.hpp"
#include "cli/scale_ports.hpp"
#include "fleet/embedded_metrics.hpp"
#include "fleet/shift.hpp"
#include "process/child.hpp"

namespace muster::cli {

namespace {

constexpr Millis kShift = std::chrono::seconds(55);  // of the minute; the next one is invoked then
constexpr Millis kHandOver = std::chrono::seconds(1);  // at most; the lease ends by itself too
constexpr Millis kLastWords =
    kHandOver + fleet::kLastWrite;                     // before the deadline: no pass goes on
constexpr Millis kLastPass = std::chrono::seconds(2);  // before that: none begins
constexpr std::uint64_t kLongestFile = 1 << 20;
constexpr std::size_t kLongestReason = 2'000;

// MUSTER_CONFIG is the text itself; without it, muster.yaml beside the program.
Result<ScaleConfig> function_config(const aws::Environment& environment) {
  const auto directory = std::filesystem::path(environment("LAMBDA_TASK_ROOT").value_or("."));
  auto text = environment("MUSTER_CONFIG");
  if (!text) {
    const auto file = read_file(directory / "muster.yaml", kLongestFile);
    if (!file) {
      return Error{ErrorKind::invalid,
                   fmt::format("there is no configuration: put the text of a muster.yaml into the "
                               "variable MUSTER_CONFIG ({})",
                               file.error().message)};
    }
    text = *file;
  }
  auto read = read_scale_config(*text, directory);
  if (auto* problems = std::get_if<yaml::Problems>(&read)) {
    yaml::sort_by_position(*problems);
    std::vector<std::string> lines;
    for (const auto& problem : *problems) lines.push_back(problem.describe_in("muster.yaml"));
    return Error{ErrorKind::invalid, join(lines, "; ")};
  }
  auto& config = std::get<ScaleConfig>(read);
  if (!config.lease) {
    return Error{ErrorKind::invalid,
                 "muster.yaml: lease: is missing: a function needs it, to remember and to keep "
                 "other scalers away"};
  }
  // What a function writes to its disk is gone with it.
  config.state_directory.clear();
  return std::move(config);
}

// The parts of a function that live as long as its process.
struct Parts {
  ScaleConfig config;
  std::unique_ptr<ScaleMemory> memory;
  std::unique_ptr<fleet::CapacityProvider> capacity;
  std::unique_ptr<fleet::DemandSource> queue;
};

Result<Parts> make_parts(const aws::Environment& environment) {
  auto config = function_config(environment);
  if (!config) return config.error();
  log_clear_text(*config);
  auto memory = open_memory(*config);
  if (!memory) return memory.error();
  auto capacity = make_capacity(*config, Purpose::scale);
  if (!capacity) return capacity.error();
  auto queue = make_queue(*config);
  return Parts{std::move(*config), std::move(*memory), std::move(*capacity), std::move(queue)};
}

class Function {
 public:
  // `name`: its own, as Lambda tells it.
  Function(std::string name, aws::LambdaRuntime runtime, Parts parts)
      : runtime_(std::move(runtime)),
        parts_(std::move(parts)),
        interval_(poll_interval(parts_.config)),
        metrics_(std::move(name)),
        loop_(parts_.config.managed_classes(),
              {*parts_.queue, *parts_.capacity, parts_.memory->ledger(), metrics_, system_clock()},
              parts_.config.plan_limit()) {}

  // Until the process is asked to end, or Lambda cannot be reached.
  Result<void> serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto invocation = runtime_.next(stop);
      if (!invocation) return stop.stop_requested() ? ok() : invocation.error();
      if (auto told = scale_for(*invocation, stop); !told) return told;
    }
    return ok();
  }

 private:
  Result<void> scale_for(const aws::Invocation& invocation, const std::stop_token& stop) {
    const auto& clock = system_clock();
    const auto left = invocation.deadline - clock.wall() - kLastWords;
    warn_of_short_time(left);
    const auto until = clock.monotonic() + std::clamp(left - kLastPass, Millis(0), kShift);
    const StopAfter too_late(left, stop);
    const auto outcome = fleet::work_shift(loop_, interval_, until, clock, too_late.token());
    auto result = result_json(outcome.passes);
    for (const auto& line : metrics_.take_lines(clock.wall())) fmt::print("{}\n", line);
    std::fflush(stdout);
    hand_over();
    const auto verdict = verdict_of(outcome);
    if (verdict) return runtime_.succeed(invocation, std::move(result));
    const auto& why = verdict.error().message;
    log::error("this invocation has failed", {{"error", why}});
    return runtime_.fail(invocation, "Muster.Incomplete", printable(why, kLongestReason));
  }

  // Else jobs wait for up to a minute, and nothing tells why.
  void warn_of_short_time(Millis left) {
    constexpr Millis kEnough = std::chrono::seconds(50);
    if (left >= kEnough || std::exchange(warned_, true)) return;
    log::warn(
        "the function's time-out is too short to scale all through the minute; set it to 60 s",
        {{"seconds_left", std::to_string(std::max<std::int64_t>(left.count() / 1000, 0))}});
  }

  void hand_over() {
    const StopAfter patience(kHandOver);
    parts_.memory->ledger().hand_over(patience.token());
  }

  static Result<void> verdict_of(const fleet::ShiftOutcome& outcome) {
    const auto& last = outcome.last;
    if (last || last.error().kind != ErrorKind::cancelled) return fleet::verdict_of(outcome);
    return Error{ErrorKind::timeout,
                 fmt::format("{}; the time of the invocation was over: see whether the function's "
                             "time-out is 60 s, and what was waited for answers within seconds",
                             last.error().message)};
  }

  std::string result_json(int passes) const {
    std::string classes;
    for (const auto& pass : metrics_.latest()) {
      classes +=
          fmt::format(R"({}{{"resource_class":{},"desired":{},"why":{}}})",
                      classes.empty() ? "" : ",", json_text(pass.resource_class),
                      pass.decision.desired, json_text(describe(pass.decision.reasons.front())));
    }
    return fmt::format(R"({{"passes":{},"classes":[{}]}})", passes, classes);
  }

  aws::LambdaRuntime runtime_;
  Parts parts_;
  const Millis interval_;
  fleet::EmbeddedMetrics metrics_;
  fleet::Loop loop_;
  bool warned_ = false;
};

}  // namespace

bool is_function() {
  return aws::LambdaRuntime::of(aws::process_environment()).has_value();
}

int run_function() {
  if (auto done = log::configure({.format = log::Format::json}); !done) return report(done.error());
  const auto environment = aws::process_environment();
  auto runtime = aws::LambdaRuntime::of(environment);
  auto parts = make_parts(environment);
  if (!parts) {
    log::error("cannot start", {{"error", parts.error().message}});
    if (auto told = runtime->fail_to_start("Muster.Start", parts.error().message); !told) {
      log::error("nobody could be told", {{"error", told.error().message}});
    }
    return report(parts.error());
  }
  process::SignalWatch signals{SIGTERM, SIGINT};
  std::stop_source stop;
  const std::jthread watcher([&](const std::stop_token& over) {
    if (signals.wait(over)) stop.request_stop();
  });
  Function function(environment("AWS_LAMBDA_FUNCTION_NAME").value_or("muster"), std::move(*runtime),
                    std::move(*parts));
  const auto served = function.serve(stop.get_token());
  return served ? 0 : report(served.error());
}

}  // namespace muster::cli
