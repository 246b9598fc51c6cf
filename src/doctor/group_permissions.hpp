#pragma once

// Whether the scaler may do to a group what it will want to do, found out by calls that do nothing.
//
// AWS looks at the caller's permission first and at the sense of the call after that, so that what
// makes no sense tells whether it would have been allowed. Why the calls are harmless:
//
//   SetDesiredCapacity to -1. A group's minimum is never below 0, so the value is out of range in
//   every state that the group can be in. (A value above the maximum would not be: the maximum may
//   be raised in between, and what AWS describes may be seconds old.)
//
//   TerminateInstanceInAutoScalingGroup of i-00000000000000000, which is no instance. A policy
//   that is limited to the group is then not met, as AWS cannot tell the group of an instance that
//   is not there: a refusal proves nothing.
//
// What is proved is proved of whoever runs the doctor, and `caller` is named with it.
//
// The judges are pure; asking is examine_permissions().

#include "aws/autoscaling.hpp"
#include "doctor/credentials.hpp"
#include "doctor/finding.hpp"
#include "doctor/group_use.hpp"

namespace muster::doctor {

Findings judge_resize(const GroupUse& use, const std::string& arn, const Caller& caller,
                      const Result<void>& answer);
Findings judge_end(const GroupUse& use, const std::string& arn, const Caller& caller,
                   const Result<void>& answer);

Findings examine_permissions(const GroupUse& use, const std::string& arn, const Caller& caller,
                             aws::AutoScaling& scaling);

}  // namespace muster::doctor
