#include "cli/follow.hpp"

#include <algorithm>
#include <cstdio>
#include <thread>

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/client_session.hpp"
#include "cli/commands.hpp"
#include "client/display.hpp"
#include "client/feed.hpp"
#include "client/fleet_view.hpp"
#include "client/pipeline_view.hpp"
#include "protocol/json.hpp"

namespace muster::cli {
namespace {

using client::Api;
using client::Feed;
using protocol::FleetStatus;
using protocol::PipelineStatus;

constexpr int kFailed = 1;
constexpr int kInterrupted = 130;
constexpr Millis kTick{100};
constexpr Millis kZeroPatience = std::chrono::minutes(10);
constexpr Millis kScalerPatience = std::chrono::seconds(30);
constexpr std::size_t kShownLines = 50;
constexpr std::size_t kShownFailures = 10;
constexpr std::int64_t kShownBytes = 64 << 10;

class Following {
 public:
  Following(const client::Access& access, std::string id, const FollowSettings& settings,
            const Interrupt& interrupt)
      : settings_(settings),
        interrupt_(interrupt),
        display_(settings.json ? client::make_silent_display() : client::make_display()),
        api_(access),
        on_interrupt_(interrupt.token(), [this] { stop_.request_stop(); }),
        pipeline_(
            [id, api = std::make_shared<Api>(access, stop_.get_token())](const std::string& seen) {
              return api->pipeline(id, seen, client::kLongPoll);
            },
            stop_.get_token()) {
    if (settings.fleet) {
      fleet_.emplace([api = std::make_shared<Api>(access, stop_.get_token())](
                         const std::string& seen) { return api->fleet(seen, client::kLongPoll); },
                     stop_.get_token());
    }
  }
  // The feeds' threads wait for the server; they are told not to.
  ~Following() { stop_.request_stop(); }

  int run() {
    while (!interrupt_.requested()) {
      if (const auto error = take_news()) return report(*error);
      if (status_) show();
      if (status_ && client::has_ended(*status_) && fleet_is_done()) return tell();
      std::this_thread::sleep_for(kTick);
    }
    say_how_to_come_back();
    return kInterrupted;
  }

 private:
  // The error that ends it all, if there is one.
  std::optional<Error> take_news() {
    auto pipeline = pipeline_.view();
    if (pipeline.failure && !interrupt_.requested()) return pipeline.failure;
    status_ = std::move(pipeline.value);
    away_ = pipeline.away.has_value();
    if (away_ && !status_) return pipeline.away;  // never reached: nothing to wait for
    if (!fleet_ || !status_) return std::nullopt;
    auto fleet = fleet_->view();
    if (fleet.failure && !interrupt_.requested()) return fleet.failure;
    fleet_status_ = std::move(fleet.value);
    if (fleet_status_) record_.observe(*fleet_status_, client::classes_of(*status_), now());
    return std::nullopt;
  }

  void show() {
    client::Scene scene;
    scene.pipeline = &*status_;
    scene.fleet = fleet_status_ ? &*fleet_status_ : nullptr;
    if (away_) scene.notice = "Server away, waiting.";
    display_->show(scene, now());
  }

  bool scaler_is_missing() const { return !fleet_status_ || !record_.unreported().empty(); }

  bool fleet_is_done() {
    if (!settings_.fleet || record_.is_at_zero()) return true;
    if (!ended_at_) ended_at_ = system_clock().monotonic();
    const auto waited = system_clock().monotonic() - *ended_at_;
    return waited > (scaler_is_missing() ? kScalerPatience : kZeroPatience);
  }

  int tell() {
    const bool good = client::was_successful(*status_);
    if (settings_.json) {
      fmt::print("{}\n", protocol::to_json(*status_));
    } else {
      tell_failures();
      fmt::print("\n");
      print_lines(client::result_table(*status_));
    }
    const bool back = !settings_.fleet || tell_fleet();
    return good && back ? 0 : kFailed;
  }

  void tell_failures() {
    const auto failures = client::failures(*status_);
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
    const auto text = client::harmless(client::last_lines(*output, kShownLines),
                                       client::standard_output_style().color);
    fmt::print("{}{}", text, text.ends_with('\n') ? "" : "\n");
  }

  // Whether the fleet is back at zero. With --json, standard output is taken.
  bool tell_fleet() const {
    auto* out = settings_.json ? stderr : stdout;
    if (scaler_is_missing()) {
      const auto& missing = record_.unreported();
      const std::vector<std::string> names(missing.begin(), missing.end());
      fmt::print(stderr, "muster: no scaler reports about {}; is 'muster scale' running for it?\n",
                 names.empty() ? "this fleet" : printable(join(names, ", ")));
      return false;
    }
    fmt::print(out, "\n{}\n{}\n", record_.peak(), record_.return_to_zero(*status_));
    return record_.is_at_zero();
  }

  void say_how_to_come_back() const {
    if (!status_) return;
    const auto number = status_->number;
    if (client::has_ended(*status_)) {
      fmt::print(stderr, "\nStopped waiting for the fleet; pipeline {} has ended: {}.\n", number,
                 printable(status_->state));
      return;
    }
    fmt::print(stderr,
               "\nStopped following; pipeline {} goes on.\n"
               "  muster pipeline follow {}    to come back\n"
               "  muster pipeline cancel {}    to cancel it\n",
               number, number, number);
  }

  static WallTime now() { return system_clock().wall(); }

  FollowSettings settings_;
  const Interrupt& interrupt_;
  std::unique_ptr<client::Display> display_;
  Api api_;
  std::optional<PipelineStatus> status_;
  std::optional<FleetStatus> fleet_status_;
  client::FleetRecord record_;
  bool away_ = false;
  std::optional<MonotonicTime> ended_at_;

  std::stop_source stop_;  // of the feeds
  std::stop_callback<std::function<void()>> on_interrupt_;
  Feed<PipelineStatus> pipeline_;
  std::optional<Feed<FleetStatus>> fleet_;
};

}  // namespace

int follow(const client::Access& access, const std::string& pipeline,
           const FollowSettings& settings, const Interrupt& interrupt) {
  return Following(access, pipeline, settings, interrupt).run();
}

}  // namespace muster::cli
