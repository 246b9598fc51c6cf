#pragma once

// Whether a group is set as a scaler needs it. Pure.

#include <vector>

#include "aws/autoscaling.hpp"
#include "doctor/finding.hpp"
#include "doctor/group_use.hpp"

namespace muster::doctor {

// Protection from scale-in, AZRebalance and other suspended processes, minimum and maximum.
Findings judge_settings(const GroupUse& use, const aws::AutoScalingGroup& group);

// Which instances still are of an older launch template. They go as their tasks end.
Findings judge_drift(const GroupUse& use, const aws::AutoScalingGroup& group);

// A policy of the group is another scaler.
Findings judge_policies(const GroupUse& use, const std::vector<aws::ScalingPolicy>& policies);

// Two classes must not scale one group.
Findings judge_sharing(const std::vector<GroupUse>& uses);

}  // namespace muster::doctor
