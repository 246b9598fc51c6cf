#include "doctor/group_settings.hpp"

#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "base/shell_word.hpp"
#include "base/text.hpp"

namespace muster::doctor {

namespace {

constexpr std::size_t kMostNamed = 20;  // instances in one command; AWS takes 50

void judge_protection(Notes& notes, const GroupUse& use, const aws::AutoScalingGroup& group) {
  constexpr auto kNew = "group-protection";
  if (group.protects_new_instances) {
    notes.good(kNew, "new instances are protected from scale-in");
  } else {
    notes.bad(
        kNew,
        "new instances are not protected from scale-in, so that AWS may end one that "
        "runs a task; run: " +
            use.command("update-auto-scaling-group", "--new-instances-protected-from-scale-in"));
  }
  std::vector<std::string> open;
  for (const auto& instance : group.instances) {
    if (instance.lives() && !instance.protected_from_scale_in)
      open.push_back(shell_word(instance.id));
  }
  if (open.empty()) return;
  const auto count = count_of(std::ssize(open), "instance");
  open.resize(std::min(open.size(), kMostNamed));
  notes.warn(
      "instance-protection",
      fmt::format("{} of the group {} not protected from scale-in; run: {}", count,
                  count.starts_with("1 ") ? "is" : "are",
                  use.command("set-instance-protection",
                              "--protected-from-scale-in --instance-ids " + join(open, " "))));
}

void judge_processes(Notes& notes, const GroupUse& use, const aws::AutoScalingGroup& group) {
  constexpr auto kRebalance = "az-rebalance";
  if (group.has_suspended("AZRebalance")) {
    notes.good(kRebalance, "AZRebalance is suspended");
  } else if (use.suspends_rebalancing) {
    notes.good(kRebalance, "AZRebalance is on; muster suspends it before it launches");
  } else {
    notes.warn(kRebalance,
               "AZRebalance is on: AWS may launch instances of its own, and end idle "
               "ones, to even out its zones; set suspend_rebalancing, or run: " +
                   use.command("suspend-processes", "--scaling-processes AZRebalance"));
  }
  constexpr auto kProcesses = "suspended-processes";
  std::vector<std::string> missing;
  for (const auto* process : {"Launch", "Terminate"}) {
    if (group.has_suspended(process)) missing.emplace_back(process);
  }
  if (missing.empty()) {
    notes.good(kProcesses, "the group launches and ends instances");
    return;
  }
  notes.bad(
      kProcesses,
      fmt::format("the group's process {} is suspended, so that nothing it does is done; "
                  "run: {}",
                  join(missing, " and "),
                  use.command("resume-processes", "--scaling-processes " + join(missing, " "))));
}

void judge_bounds(Notes& notes, const GroupUse& use, const aws::AutoScalingGroup& group) {
  constexpr auto kMinimum = "group-minimum";
  if (group.min == 0) {
    notes.good(kMinimum, "the group's minimum is 0");
  } else {
    notes.bad(kMinimum,
              fmt::format("the group's minimum is {}, so that AWS replaces each instance that ends "
                          "and the group never gets to zero; for warm instances set 'min' of the "
                          "class, and run: {}",
                          group.min, use.command("update-auto-scaling-group", "--min-size 0")));
  }
  constexpr auto kMaximum = "group-maximum";
  if (group.max >= use.policy.max) {
    notes.good(kMaximum, fmt::format("the group's maximum of {} leaves room for the class's of {}",
                                     group.max, use.policy.max));
    return;
  }
  notes.warn(kMaximum,
             fmt::format("the group's maximum of {} binds before the class's of {}: lower 'max' of "
                         "the class, or run: {}",
                         group.max, use.policy.max,
                         use.command("update-auto-scaling-group",
                                     fmt::format("--max-size {}", use.policy.max))));
}

// Else they are a treadmill: see ADR 12.
void judge_idle(Notes& notes, const GroupUse& use) {
  constexpr auto kCheck = "idle-timeout";
  constexpr auto kCure =
      "let them idle for 30m or more (IdleSeconds of the stack, idle_timeout of an instance)";
  constexpr auto kBoot = std::chrono::seconds(90);
  if (!use.keeps_instances) return;
  if (!use.idle_timeout) {
    notes.warn(kCheck,
               fmt::format("some instances are kept while nothing waits (min, headroom or warm), "
                           "and each that ends itself for want of a job is launched again: {}, and "
                           "say so here, as idle_timeout of auto_scaling_group",
                           kCure));
  } else if (*use.idle_timeout < std::chrono::minutes(30)) {
    notes.warn(kCheck,
               fmt::format("some instances are kept while nothing waits (min, headroom or warm), "
                           "but each ends after {} without a job and is launched again, with a "
                           "boot of 90 s {} times an hour: {}",
                           format_duration(*use.idle_timeout),
                           std::chrono::hours(1) / (kBoot + *use.idle_timeout), kCure));
  } else {
    notes.good(kCheck, fmt::format("those that are kept while nothing waits idle for {}",
                                   format_duration(*use.idle_timeout)));
  }
}

}  // namespace

Findings judge_settings(const GroupUse& use, const aws::AutoScalingGroup& group) {
  Notes notes(use.subject());
  judge_protection(notes, use, group);
  judge_processes(notes, use, group);
  judge_bounds(notes, use, group);
  judge_idle(notes, use);
  return notes.take();
}

// AWS itself resolves "$Latest" and "$Default": then what can be told is whether instances differ.
Findings judge_drift(const GroupUse& use, const aws::AutoScalingGroup& group) {
  constexpr auto kCheck = "launch-template";
  Notes notes(use.subject());
  std::map<std::string, std::int64_t> counts;
  for (const auto& instance : group.instances) {
    if (instance.lives()) ++counts[instance.template_version];
  }
  const bool numbered = parse_int(group.template_version).has_value();
  if (numbered) counts.erase(group.template_version);
  if (counts.empty() || (!numbered && counts.size() == 1)) {
    notes.good(kCheck, "all instances are of the present launch template");
    return notes.take();
  }
  std::vector<std::string> versions;
  for (const auto& [version, count] : counts) {
    versions.push_back(fmt::format("{} of version {}", count, version.empty() ? "none" : version));
  }
  notes.warn(kCheck,
             fmt::format("new instances are of version {} of the launch template, and {}: they go "
                         "as their tasks end; to have one go sooner, drain it: aws ec2 create-tags "
                         "--resources ID --tags Key=muster:drain,Value=",
                         group.template_version, join(versions, ", ")));
  return notes.take();
}

Findings judge_policies(const GroupUse& use, const std::vector<aws::ScalingPolicy>& policies) {
  constexpr auto kCheck = "scaling-policies";
  Notes notes(use.subject());
  for (const auto& policy : policies) {
    if (!policy.scales) continue;
    notes.bad(
        kCheck,
        fmt::format("the group's policy {} ({}) scales it, too; run: {}", policy.name, policy.type,
                    use.command("delete-policy", "--policy-name " + shell_word(policy.name))));
  }
  auto findings = notes.take();
  if (findings.empty()) {
    notes.good(kCheck, "no scaling policy of AWS changes the group's size");
    findings = notes.take();
  }
  return findings;
}

Findings judge_sharing(const std::vector<GroupUse>& uses) {
  std::map<std::string, std::vector<std::string>> classes;
  for (const auto& use : uses) classes[use.subject()].push_back(use.resource_class);
  Findings findings;
  for (const auto& [subject, names] : classes) {
    if (names.size() == 1) continue;
    Notes notes(subject);
    notes.bad("one-class",
              fmt::format("is named by {}: each would undo what the other does; give each class a "
                          "group of its own",
                          join(names, " and ")));
    append(findings, notes.take());
  }
  return findings;
}

}  // namespace muster::doctor
