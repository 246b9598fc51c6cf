#include "doctor/group_history.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/some_of.hpp"
#include "base/text.hpp"
#include "fleet/lost.hpp"
#include "fleet/observe.hpp"
#include "fleet/runner_names.hpp"

namespace muster::doctor {

namespace {

constexpr Millis kLately = std::chrono::minutes(10);
constexpr Millis kLatest = std::chrono::hours(1);
constexpr std::size_t kMostNamed = 3;
// As AWS words them:
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-health-checks.html and the
// responses of UpdateAutoScalingGroup. muster never calls the latter.
constexpr std::string_view kEndedByItself = "EC2 health check indicating it has been terminated";
constexpr std::string_view kUpdated = "a user request update of AutoScalingGroup constraints";
constexpr std::string_view kResized = "changing the desired capacity";

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

// Names of runners that connected lately.
struct Seen {
  std::vector<std::string> instances;        // of the group
  std::vector<std::string> other_instances;  // by their looks: ended, or of another group
  std::vector<std::string> strangers;        // such as a team's own machines of the class

  std::int64_t count() const {
    return std::ssize(instances) + std::ssize(other_instances) + std::ssize(strangers);
  }
  std::vector<std::string> others() const {
    auto all = strangers;
    all.insert(all.end(), other_instances.begin(), other_instances.end());
    return all;
  }
};

Seen seen_lately(const aws::AutoScalingGroup& group, std::int64_t slots,
                 const std::vector<protocol::RunnerContact>& runners, WallTime now) {
  constexpr std::size_t kLongestName = 60;
  Seen seen;
  for (const auto& [name, last_connected] : runners) {
    if (!last_connected || now - *last_connected >= kLately) continue;
    const auto id = fleet::instance_of(name, slots);
    const bool is_of_group =
        std::ranges::find(group.instances, id, &aws::GroupInstance::id) != group.instances.end();
    auto& kind = is_of_group               ? seen.instances
                 : looks_like_instance(id) ? seen.other_instances
                                           : seen.strangers;
    kind.push_back(printable(name, kLongestName));
  }
  return seen;
}

std::string in_words_of_strangers(const Seen& seen) {
  const auto many = std::ssize(seen.strangers);
  return fmt::format(
      "of {} that connected in the last 10 minutes, {} no {} of the group: {}; leave machines of "
      "your own as they are, and where one is meant to be an instance of the group, set "
      "CIRCLECI_RUNNER_NAME, or runner.name, to the instance's id",
      count_of(seen.count(), "runner"), many == 1 ? "1 is" : fmt::format("{} are", many),
      many == 1 ? "instance" : "instances", some_of(seen.strangers, kMostNamed));
}

}  // namespace

Findings judge_launches(const GroupUse& use, const aws::AutoScalingGroup& group,
                        const History& history, WallTime now) {
  constexpr auto kCheck = "launches";
  Notes notes(use.subject());
  const auto missing =
      group.desired - std::ranges::count_if(group.instances, &aws::GroupInstance::lives);
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

Findings judge_causes(const GroupUse& use, const History& history, WallTime now) {
  Notes notes(use.subject());
  const auto lately_because = [&](std::string_view why, std::string_view what) {
    return std::ranges::count_if(history.activities, [&](const auto& activity) {
      return now - activity.started_at < kLatest && activity.cause.find(why) != std::string::npos &&
             activity.cause.find(what) != std::string::npos;
    });
  };
  constexpr auto kEnds = "ends";
  if (const auto replaced = lately_because(kEndedByItself, ""); replaced > 0) {
    notes.warn(kEnds,
               fmt::format("{} ended within the last hour and left its place, so that AWS started "
                           "another: let each end itself with TerminateInstanceInAutoScalingGroup "
                           "and ShouldDecrementDesiredCapacity (of Spot instances some may have "
                           "been taken back by AWS)",
                           count_of(replaced, "instance")));
  } else {
    notes.good(kEnds, "no instance left its place to another in the last hour");
  }
  constexpr auto kOthers = "other-scalers";
  if (const auto resized = lately_because(kUpdated, kResized); resized > 0) {
    notes.warn(
        kOthers,
        fmt::format("somebody else started {} within the last hour, by UpdateAutoScalingGroup "
                    "with a desired capacity: if that is another scaler, such as the "
                    "function of CircleCI's tutorial, switch it off",
                    count_of(resized, "instance")));
  } else if (use.under_lease) {
    notes.good(kOthers,
               "nobody else set the group's size in the last hour, as far as its latest "
               "activities tell");
  } else {
    notes.unknown(kOthers,
                  "not known: another muster on this group would set its size as this one does; "
                  "set lease.table for all of them, so that only one scales");
  }
  return notes.take();
}

Findings judge_runner_names(const GroupUse& use, const aws::AutoScalingGroup& group,
                            const History& history,
                            const std::vector<protocol::RunnerContact>& runners, WallTime now) {
  constexpr auto kCheck = "runner-names";
  Notes notes(use.subject());
  const auto seen = seen_lately(group, use.policy.slots, runners, now);
  const bool waited_for = std::ranges::any_of(group.instances, [&](const auto& it) {
    return it.lifecycle_state == "InService" &&
           launched_before(it.id, history, now - use.policy.boot_timeout);
  });
  const bool may_be_elsewhere = use.is_one_of_several && !seen.other_instances.empty();
  if (seen.count() == 0) {
    notes.unknown(kCheck,
                  "no runner of the class has connected in the last 10 minutes; run this "
                  "again while one works");
  } else if (seen.instances.empty() && waited_for && !may_be_elsewhere) {
    notes.bad(kCheck, fmt::format("no runner is named as an instance of the group, but as {}; set "
                                  "CIRCLECI_RUNNER_NAME, or runner.name, to the instance's id, or "
                                  "the scaler takes healthy instances for dead and ends them",
                                  some_of(seen.others(), kMostNamed)));
  } else if (!seen.strangers.empty()) {
    notes.warn(kCheck, in_words_of_strangers(seen));
  } else if (seen.instances.empty()) {
    notes.unknown(kCheck, fmt::format("runners are named as instances, which have ended by now{}; "
                                      "run this again while one works",
                                      use.is_one_of_several ? ", or are in another group" : ""));
  } else {
    notes.good(kCheck, "all runners of the last 10 minutes are named as instances");
  }
  return notes.take();
}

Findings judge_lost(const GroupUse& use, const aws::AutoScalingGroup& group, const History& history,
                    const std::vector<fleet::KnownRunner>& runners, WallTime now) {
  constexpr auto kCheck = "lost-instances";
  Notes notes(use.subject());
  const auto then = now - fleet::kOffline;
  std::vector<std::string> lost;
  for (const auto& instance : group.instances) {
    if (instance.lifecycle_state != "InService") continue;
    const auto launched_at = launched_before(instance.id, history, then) ? then : now;
    std::int64_t its_own = 0, silent = 0;
    for (const auto& runner : runners) {
      if (fleet::instance_of(runner.name, use.policy.slots) != instance.id) continue;
      ++its_own;
      if (fleet::is_lost(runner, launched_at, now)) ++silent;
    }
    if (its_own > 0 && silent == its_own) lost.push_back(instance.id);
  }
  if (lost.empty()) {
    notes.good(kCheck, "no instance whose runner is listed has been silent for half an hour");
  } else {
    notes.warn(
        kCheck,
        fmt::format("{} connected and {} not been heard of for half an hour: {}; look at "
                    "the console of each, and end one that does nothing: aws autoscaling "
                    "terminate-instance-in-auto-scaling-group --region {} "
                    "--should-decrement-desired-capacity --instance-id ID",
                    count_of(std::ssize(lost), "instance"), lost.size() == 1 ? "has" : "have",
                    some_of(lost, kMostNamed), use.region));
  }
  return notes.take();
}

}  // namespace muster::doctor
