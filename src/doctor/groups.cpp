#include "doctor/groups.hpp"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "aws/autoscaling.hpp"
#include "base/text.hpp"
#include "doctor/ask.hpp"
#include "doctor/clock.hpp"
#include "doctor/group_history.hpp"
#include "doctor/group_permissions.hpp"
#include "doctor/group_settings.hpp"

namespace muster::doctor {

namespace {

constexpr int kActivities = 100;  // AWS's most in one answer

constexpr auto kExists = "group-exists";

// The cure that the lack of any words does not name.
Error explained(const Error& error, const GroupUse& use) {
  if (error.kind != ErrorKind::timeout) return error;
  return {error.kind, fmt::format("{}; check that {} is the region meant, and that this machine "
                                  "reaches AWS",
                                  error.message, use.region)};
}

class Region {
 public:
  Region(aws::AutoScaling scaling, const Contacts& contacts, const KnownRunners& known,
         const Caller& caller)
      : scaling_(std::move(scaling)), contacts_(contacts), known_(known), caller_(caller) {}

  Findings examine(const std::vector<GroupUse>& uses) {
    std::set<std::string> names;
    for (const auto& use : uses) names.insert(use.group);
    const std::vector<std::string> wanted(names.begin(), names.end());
    const auto groups = ask("AWS in " + uses.front().region, [&](const std::stop_token& stop) {
      return scaling_.groups(wanted, stop);
    });
    Findings findings;
    if (const auto told = scaling_.answered_at()) {
      findings = judge_clock("AWS in " + uses.front().region, told, system_clock().wall());
    }
    // Of two classes that name one group only the first is told all: judge_sharing() has the rest.
    for (const auto& use : uses) {
      if (names.erase(use.group) > 0) append(findings, examine(use, groups));
    }
    return findings;
  }

 private:
  using Groups = Result<std::vector<aws::AutoScalingGroup>>;

  Findings examine(const GroupUse& use, const Groups& groups) {
    Notes notes(use.subject());
    if (!groups) {
      notes.failed(kExists, explained(groups.error(), use), Asked::as_the_scaler);
      return notes.take();
    }
    const auto group = std::ranges::find(*groups, use.group, &aws::AutoScalingGroup::name);
    if (group == groups->end()) {
      notes.bad(kExists, fmt::format("there is no such Auto Scaling group in {}: correct its name "
                                     "or its region, or create it",
                                     use.region));
      return notes.take();
    }
    notes.good(kExists, fmt::format("exists; {} asked for, {} there", group->desired,
                                    group->instances.size()));
    auto findings = notes.take();
    append(findings, judge_settings(use, *group));
    append(findings, judge_drift(use, *group));
    append(findings, examine_history(use, *group));
    append(findings, examine_policies(use));
    append(findings, examine_permissions(use, group->arn, caller_, scaling_));
    return findings;
  }

  Findings examine_history(const GroupUse& use, const aws::AutoScalingGroup& group) {
    const auto activities = ask("AWS", [&](const std::stop_token& stop) {
      return scaling_.activities(use.group, kActivities, stop);
    });
    const auto now = system_clock().wall();
    Findings findings;
    History history;
    if (activities) {
      history = {*activities, std::ssize(*activities) < kActivities};
      findings = judge_launches(use, group, history, now);
      append(findings, judge_causes(use, history, now));
    } else {
      Notes notes(use.subject());
      notes.failed("launches", activities.error(), Asked::as_the_scaler);
      findings = notes.take();
    }
    const auto runners = contacts_.find(use.resource_class);
    if (runners != contacts_.end()) {
      append(findings, judge_runner_names(use, group, history, runners->second, now));
    }
    if (const auto known = known_.find(use.resource_class); known != known_.end()) {
      append(findings, judge_lost(use, group, history, known->second, now));
    }
    return findings;
  }

  Findings examine_policies(const GroupUse& use) {
    const auto policies =
        ask("AWS", [&](const std::stop_token& stop) { return scaling_.policies(use.group, stop); });
    if (policies) return judge_policies(use, *policies);
    constexpr auto kCheck = "scaling-policies";
    Notes notes(use.subject());
    if (policies.error().kind == ErrorKind::forbidden) {
      notes.unknown(kCheck,
                    "not looked at: the scaler's own rights do not reach so far; run doctor with "
                    "your own credentials to have it looked at");
    } else {
      notes.failed(kCheck, policies.error(), Asked::for_the_doctor);
    }
    return notes.take();
  }

  aws::AutoScaling scaling_;
  const Contacts& contacts_;
  const KnownRunners& known_;
  const Caller& caller_;
};

Findings examine_region(aws::Session& session, const std::vector<GroupUse>& uses,
                        const Contacts& contacts, const KnownRunners& known, const Caller& caller) {
  net::HttpClient http;
  auto scaling = aws::AutoScaling::open(session, http, uses.front().region, {});
  if (scaling) return Region(std::move(*scaling), contacts, known, caller).examine(uses);
  Findings findings;
  for (const auto& use : uses) {
    Notes notes(use.subject());
    notes.failed(kExists, scaling.error(), Asked::as_the_scaler);
    append(findings, notes.take());
  }
  return findings;
}

}  // namespace

Findings examine_groups(aws::Session& session, const std::vector<GroupUse>& uses,
                        const Contacts& contacts, const KnownRunners& known, const Caller& caller) {
  std::map<std::string, std::vector<GroupUse>> regions;
  for (const auto& use : uses) regions[use.region].push_back(use);
  Findings findings;
  for (const auto& [region, members] : regions) {
    append(findings, examine_region(session, members, contacts, known, caller));
  }
  return findings;
}

}  // namespace muster::doctor
