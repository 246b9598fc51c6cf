#include "cli/follow.hpp"

#include <algorithm>
#include <cstdio>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/client_session.hpp"
#include "cli/commands.hpp"
#include "client/display.hpp"
#include "client/fleet_view.hpp"
#include "client/output_choice.hpp"
#include "client/pipeline_view.hpp"
#include "client/watch.hpp"
#include "protocol/json.hpp"

namespace muster::cli {
namespace {

using client::Api;
using client::Watch;
using protocol::PipelineStatus;

constexpr int kFailed = 1;
constexpr Millis kTick{100};
constexpr Millis kWaitPatience = std::chrono::seconds(10);
constexpr Millis kFleetPatience = std::chrono::minutes(10);
constexpr std::size_t kShownLines = 50;
constexpr std::size_t kShownFailures = 10;
constexpr std::int64_t kShownBytes = 64 << 10;

Watch::Sources sources(const client::Access& access, const std::string& pipeline,
                       const FollowSettings& settings, const std::stop_token& stop) {
  Watch::Sources wanted;
  wanted.answered = settings.submitted;
  wanted.pipeline = [pipeline, api = std::make_shared<Api>(access, stop)](const std::string& seen) {
    return api->pipeline(pipeline, seen, client::kLongPoll);
  };
  if (!settings.fleet) return wanted;
  wanted.fleet = [api = std::make_shared<Api>(access, stop)](const std::string& seen) {
    return api->fleet(seen, client::kLongPoll);
  };
  return wanted;
}

class Following {
 public:
  Following(const client::Access& access, std::string pipeline, const FollowSettings& settings,
            const Interrupt& interrupt)
      : name_(std::move(pipeline)),
        settings_(settings),
        interrupt_(interrupt),
        access_(access),
        display_(settings.json ? client::make_silent_display() : client::make_display()),
        api_(access),
        on_interrupt_(interrupt.token(), [this] { stop_.request_stop(); }),
        watch_(sources(access, name_, settings, stop_.get_token()), system_clock(),
               stop_.get_token()) {}
  // The watch's threads wait for the server; they are told not to.
  ~Following() { stop_.request_stop(); }

  int run() {
    while (!interrupt_.requested()) {
      const auto updated = watch_.update();
      if (interrupt_.requested()) break;  // which is what ended the watch, if it has ended
      if (!updated) return give_up(updated.error());
      observe_fleet();
      explain_wait();
      show();
      if (has_ended() && !told_) {
        tell_pipeline();
        show();  // the fleet, which may be back already
      }
      if (told_ && fleet_is_done()) return verdict();
      std::this_thread::sleep_for(kTick);
    }
    return leave();
  }

 private:
  const PipelineStatus& status() const { return *watch_.pipeline(); }
  bool has_ended() const { return watch_.pipeline() && client::has_ended(status()); }

  void observe_fleet() {
    if (!watch_.fleet() || !watch_.pipeline()) return;
    const auto monotonic = system_clock().monotonic();
    record_.observe(*watch_.fleet(), client::classes_of(status()), monotonic);
    if (watch_.away()) record_.excuse_silence(monotonic);  // reports cannot reach us
  }

  void show() {
    client::Scene scene;
    if (watch_.pipeline()) {
      if (!told_) scene.pipeline = &status();
      // The last tree stands without it: it goes on below the results.
      const bool fleet = watch_.fleet() && (told_ || !has_ended());
      if (fleet) scene.fleet = &*watch_.fleet();
      scene.classes = client::classes_of(status());
    }
    scene.notice = notice();
    display_->show(scene, now());
  }

  std::vector<std::string> notice() const {
    if (watch_.away()) return {"Server away, waiting."};
    return why_;
  }

  // Whoever waits for nobody is told so, without having asked for the fleet.
  void explain_wait() {
    const auto monotonic = system_clock().monotonic();
    if (!watch_.pipeline() || !client::only_waits(status())) {
      waiting_until_.reset();
      why_.clear();
      return;
    }
    if (!waiting_until_) waiting_until_ = monotonic + kWaitPatience;
    if (monotonic < *waiting_until_ || watch_.away()) return;
    waiting_until_ = monotonic + kWaitPatience;
    const auto told = client::Api(access_, stop_.get_token()).fleet_now();
    if (!told) return;
    const auto classes = client::classes_of(status());
    waiting_.observe(told->fleet, classes, monotonic);
    auto silent = waiting_.silent(monotonic);
    silent.merge(client::silent_at(told->fleet, told->at));
    tell_why(client::why_waiting(told->fleet, classes, silent));
  }

  void tell_why(std::vector<std::string> why) {
    if (settings_.json && why != why_) {
      for (const auto& line : why) fmt::print(stderr, "{}\n", line);
    }
    why_ = std::move(why);
  }

  bool is_back() const { return record_.is_back(client::last_end_of(status())); }

  bool fleet_is_done() {
    if (!settings_.fleet || is_back()) return true;
    const auto monotonic = system_clock().monotonic();
    if (!ended_at_) ended_at_ = monotonic;
    return !record_.silent(monotonic).empty() || monotonic - *ended_at_ > kFleetPatience;
  }

  // At once: whoever waits for the fleet may have seen enough.
  void tell_pipeline() {
    told_ = true;
    display_->settle();
    if (settings_.json) {
      fmt::print("{}\n", protocol::to_json(status()));
    } else {
      tell_failures();
      fmt::print("\n");
      print_lines(client::result_table(status(), client::standard_output_style().width));
    }
    std::fflush(stdout);
  }

  int verdict() const {
    const bool back = !settings_.fleet || tell_fleet();
    return client::was_successful(status()) && back ? 0 : kFailed;
  }

  void tell_failures() {
    const auto failures = client::failures(status());
    for (std::size_t i = 0; i < std::min(failures.size(), kShownFailures); ++i) {
      tell_failure(failures[i]);
    }
    if (failures.size() > kShownFailures) {
      fmt::print("\n... and {} more failed.\n", failures.size() - kShownFailures);
    }
  }

  void tell_failure(const client::Failure& failure) {
    fmt::print("\n--- {}\n", client::headline(failure));
    if (!failure.has_step || failure.step.output_size == 0) return;
    const auto start = std::max<std::int64_t>(failure.step.output_size - kShownBytes, 0);
    const auto output = api_.output(failure.task_id, failure.step.index, start);
    if (!output) {
      fmt::print("(its output could not be fetched: {})\n", output.error().message);
      return;
    }
    const auto shown = client::last_lines(*output, kShownLines);
    if (start > 0 || shown.size() < output->size()) {
      fmt::print("(cut; all of it: {})\n",
                 client::output_command(status().number, failure.choice, failure.step));
    }
    const auto text = client::harmless(shown, client::standard_output_style().color);
    fmt::print("{}{}", text, text.ends_with('\n') ? "" : "\n");
  }

  // Whether the fleet is back at its minimum. With --json, standard output is taken.
  bool tell_fleet() const {
    auto* out = settings_.json ? stderr : stdout;
    fmt::print(out, "\n{}\n{}\n", record_.peak(), record_.way_back(client::last_end_of(status())));
    if (is_back()) return true;
    const auto silent = record_.silent(system_clock().monotonic());
    if (!silent.empty()) fmt::print(out, "{}\n", client::silence_of(silent));
    return false;
  }

  int give_up(const Error& error) const {
    const int code = report(error);
    if (watch_.away()) say_how_to_come_back();
    return code;
  }

  int leave() {
    if (settings_.json && !told_ && watch_.pipeline()) {
      fmt::print("{}\n", protocol::to_json(status()));
    }
    if (has_ended()) {
      fmt::print(stderr, "\nStopped waiting for the fleet; pipeline {} has ended: {}.\n",
                 printable(name_), printable(status().state));
    } else if (settings_.cancel_on_interrupt) {
      cancel();
    } else {
      fmt::print(stderr, "\nStopped following; pipeline {} goes on.\n", printable(name_));
      say_how_to_come_back();
    }
    return kInterrupted;
  }

  void cancel() {
    const auto canceled = api_.cancel(name_);
    if (canceled) {
      fmt::print(stderr, "\nCanceled pipeline {}.\n", printable(name_));
      return;
    }
    report(canceled.error().within("canceling the pipeline"));
    say_how_to_come_back();
  }

  void say_how_to_come_back() const {
    const auto name = printable(name_);
    fmt::print(stderr,
               "  muster pipeline follow {0}    to come back\n"
               "  muster pipeline cancel {0}    to cancel it\n",
               name);
  }

  static WallTime now() { return system_clock().wall(); }

  std::string name_;
  FollowSettings settings_;
  const Interrupt& interrupt_;
  client::Access access_;
  std::unique_ptr<client::Display> display_;
  Api api_;
  client::FleetRecord record_;
  client::FleetRecord waiting_;  // what has been asked for to explain a wait
  std::optional<MonotonicTime> waiting_until_;
  std::vector<std::string> why_;
  std::optional<MonotonicTime> ended_at_;
  bool told_ = false;  // what became of the pipeline

  std::stop_source stop_;  // of the watch
  std::stop_callback<std::function<void()>> on_interrupt_;
  Watch watch_;
};

}  // namespace

int follow(const client::Access& access, const std::string& pipeline,
           const FollowSettings& settings, const Interrupt& interrupt) {
  return Following(access, pipeline, settings, interrupt).run();
}

}  // namespace muster::cli
