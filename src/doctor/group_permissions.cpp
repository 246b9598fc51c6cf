#include "doctor/group_permissions.hpp"

#include <fmt/core.h>

#include "doctor/ask.hpp"

namespace muster::doctor {

namespace {

constexpr int kNoSize = -1;
constexpr const char* kNoInstance = "i-00000000000000000";
constexpr auto kResize = "autoscaling:SetDesiredCapacity";
constexpr auto kEnd = "autoscaling:TerminateInstanceInAutoScalingGroup";

// AWS got as far as the sense of the call. What does not even fit the form of the API it may refuse
// before it looks at permissions: that has its own words.
bool was_refused_as_senseless(const Result<void>& answer) {
  if (answer) return false;
  const auto& message = answer.error().message;
  return message.find("ValidationError") != std::string::npos &&
         message.find("failed to satisfy constraint") == std::string::npos;
}

std::string to_allow(std::string_view action, const std::string& arn, const Caller& caller) {
  return fmt::format("allow {} on {} in the policy of {}", action, arn, caller.policy_holder);
}

}  // namespace

Findings judge_resize(const GroupUse& use, const std::string& arn, const Caller& caller,
                      const Result<void>& answer) {
  constexpr auto kCheck = "permission-resize";
  Notes notes(use.subject());
  if (was_refused_as_senseless(answer)) {
    notes.good(kCheck, fmt::format("{} is allowed to {}", kResize, caller.words));
  } else if (answer) {
    notes.bad(kCheck, "a size of -1 was accepted, as AWS never does: what answers is not AWS");
  } else if (answer.error().kind == ErrorKind::forbidden) {
    notes.bad(kCheck, fmt::format("{} may not size the group: {}", caller.words,
                                  to_allow(kResize, arn, caller)));
  } else {
    notes.failed(kCheck, answer.error(), Asked::for_the_doctor);
  }
  return notes.take();
}

Findings judge_end(const GroupUse& use, const std::string& arn, const Caller& caller,
                   const Result<void>& answer) {
  constexpr auto kCheck = "permission-end";
  Notes notes(use.subject());
  if (was_refused_as_senseless(answer)) {
    notes.good(kCheck, fmt::format("{} is allowed to {}", kEnd, caller.words));
  } else if (answer) {
    notes.bad(kCheck, fmt::format("the end of {}, which is no instance, was accepted, as AWS never "
                                  "does: what answers is not AWS",
                                  kNoInstance));
  } else if (answer.error().kind == ErrorKind::forbidden) {
    notes.unknown(kCheck, fmt::format("whether {} may end instances shows only with a real "
                                      "one, if the policy is limited to the group: {}",
                                      caller.words, to_allow(kEnd, arn, caller)));
  } else {
    notes.failed(kCheck, answer.error(), Asked::for_the_doctor);
  }
  return notes.take();
}

Findings examine_permissions(const GroupUse& use, const std::string& arn, const Caller& caller,
                             aws::AutoScaling& scaling) {
  const auto resized = ask("AWS", [&](const std::stop_token& stop) {
    return scaling.set_desired_capacity(use.group, kNoSize, stop);
  });
  const auto ended =
      ask("AWS", [&](const std::stop_token& stop) { return scaling.terminate(kNoInstance, stop); });
  auto findings = judge_resize(use, arn, caller, resized);
  append(findings, judge_end(use, arn, caller, ended));
  return findings;
}

}  // namespace muster::doctor
