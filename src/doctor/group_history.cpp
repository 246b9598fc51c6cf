#include "doctor/group_history.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::doctor {

namespace {

constexpr Millis kLately = std::chrono::minutes(10);

bool lives(const aws::GroupInstance& instance) {
  return instance.lifecycle_state == "InService" || instance.lifecycle_state.starts_with("Pending");
}

const aws::ScalingActivity* launch_of(const std::string& id, const History& history) {
  const auto found = std::ranges::find_if(history.activities, [&](const auto& activity) {
    return activity.description.starts_with("Launching") &&
           activity.description.find(id) != std::string::npos;
  });
  return found == history.activities.end() ? nullptr : &*found;
}

// A launch that is not among the latest activities is older than all of these; AWS keeps them for
// six weeks.
bool launched_before(const std::string& id, const History& history, WallTime then) {
  if (const auto* launch = launch_of(id, history)) {
    return launch->ended_at.value_or(launch->started_at) < then;
  }
  if (history.complete) return true;
  return !history.activities.empty() && history.activities.back().started_at < then;
}

bool looks_like_instance(std::string_view name) {
  return name.starts_with("i-") && name.size() >= 10 &&
         name.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
}

}  // namespace

Findings judge_launches(const GroupUse& use, const aws::AutoScalingGroup& group,
                        const History& history, WallTime now) {
  constexpr auto kCheck = "launches";
  Notes notes(use.subject());
  const auto missing = group.desired - std::ranges::count_if(group.instances, lives);
  if (missing <= 0) {
    notes.good(kCheck, "all instances that were asked for are there");
    return notes.take();
  }
  const auto latest = std::ranges::find_if(history.activities, [](const auto& activity) {
    return activity.description.starts_with("Launching");
  });
  const bool failed = latest != history.activities.end() &&
                      (latest->status_code == "Failed" || latest->status_code == "Cancelled");
  if (failed) {
    notes.warn(kCheck, fmt::format("{} that AWS was asked for cannot be launched; the latest try, "
                                   "{} ago, failed: {}",
                                   count_of(missing, "instance"),
                                   humanize(std::max(now - latest->started_at, Millis(0))),
                                   latest->status_message));
    return notes.take();
  }
  notes.good(kCheck, fmt::format("{} on the way", count_of(missing, "instance")));
  return notes.take();
}

Findings judge_runner_names(const GroupUse& use, const aws::AutoScalingGroup& group,
                            const History& history,
                            const std::vector<protocol::RunnerContact>& runners, WallTime now) {
  constexpr auto kCheck = "runner-names";
  Notes notes(use.subject());
  std::vector<std::string> recent;
  for (const auto& runner : runners) {
    if (runner.last_connected && now - *runner.last_connected < kLately) {
      recent.push_back(runner.name);
    }
  }
  if (recent.empty()) {
    notes.unknown(kCheck,
                  "no runner of the class has connected in the last 10 minutes; run this "
                  "again while one works");
    return notes.take();
  }
  const auto has_runner = [&](const auto& instance) {
    return std::ranges::find(recent, instance.id) != recent.end();
  };
  if (std::ranges::any_of(group.instances, has_runner)) {
    notes.good(kCheck, "runners are named as their instances");
    return notes.take();
  }
  const auto since = now - use.policy.boot_timeout;
  const bool should_have_connected = std::ranges::any_of(group.instances, [&](const auto& it) {
    return it.lifecycle_state == "InService" && launched_before(it.id, history, since);
  });
  if (should_have_connected) {
    notes.bad(kCheck,
              fmt::format("no runner is named as an instance of the group, but as {}; set "
                          "CIRCLECI_RUNNER_NAME, or runner.name, to the instance's id, or the "
                          "scaler takes healthy instances for dead and ends them",
                          recent.front()));
  } else if (std::ranges::all_of(recent, looks_like_instance)) {
    notes.unknown(kCheck,
                  "runners are named as instances, which have ended by now; run this again "
                  "while one works");
  } else {
    notes.warn(kCheck,
               fmt::format("the runner {} is no instance of the group: if it is meant to be one, "
                           "set CIRCLECI_RUNNER_NAME, or runner.name, to the instance's id",
                           recent.front()));
  }
  return notes.take();
}

}  // namespace muster::doctor
