#pragma once

// The secrets from which a group's instances read their class's token as they boot. The scaler may
// not read them, and so cannot say what is wrong with one; whoever asks the doctor mostly may.

#include <string>
#include <vector>

#include "aws/session.hpp"
#include "base/result.hpp"
#include "doctor/finding.hpp"
#include "doctor/group_use.hpp"

namespace muster::doctor {

// `kept`: what is in the secret, or why it cannot be read. `personal`: the scaler's own token,
// which must be another; empty if it is not known. Nothing of either is told. Pure.
Findings judge_class_secret(const GroupUse& use, const Result<std::string>& kept,
                            const std::string& personal);

// One finding for each group.
Findings examine_class_secrets(aws::Session& session, const std::vector<GroupUse>& uses,
                               const std::string& personal);

}  // namespace muster::doctor
