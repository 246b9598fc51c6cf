#pragma once

// What a group's activities and the runners of its class tell about its instances. Pure.

#include <vector>

#include "aws/autoscaling.hpp"
#include "doctor/finding.hpp"
#include "doctor/group_use.hpp"
#include "fleet/ports.hpp"
#include "protocol/messages.hpp"

namespace muster::doctor {

// The latest activities, newest first.
struct History {
  std::vector<aws::ScalingActivity> activities;
  bool complete = false;  // there are no older ones
};

// Whether what was asked for comes.
Findings judge_launches(const GroupUse& use, const aws::AutoScalingGroup& group,
                        const History& history, WallTime now);

// Whether instances give up their places when they end, and whether somebody else sets the size.
// AWS tells both in the causes of its activities; but another muster looks as this one does, and
// only a lease keeps it away.
Findings judge_causes(const GroupUse& use, const History& history, WallTime now);

// Whether runners are named as their instances, as far as that can be told: a runner that was there
// lately may have gone with its instance, and an instance may not have booted yet.
Findings judge_runner_names(const GroupUse& use, const aws::AutoScalingGroup& group,
                            const History& history,
                            const std::vector<protocol::RunnerContact>& runners, WallTime now);

// Whether instances that connected once are not heard of any more, as the scaler judges it. Of a
// runner that is listed no more only the scaler knows that it was there.
Findings judge_lost(const GroupUse& use, const aws::AutoScalingGroup& group, const History& history,
                    const std::vector<fleet::KnownRunner>& runners, WallTime now);

}  // namespace muster::doctor
