#pragma once

// Whom AWS takes the doctor for: what is found of permissions is found of them.

#include <string>

#include "aws/session.hpp"
#include "doctor/finding.hpp"

namespace muster::doctor {

struct Caller {
  std::string words;          // "the role scaler (arn:aws:sts::…)"
  std::string policy_holder;  // whose policy has to allow what is not allowed: "the role scaler"
};

// Whether there are credentials, from where, and until when.
Findings examine_credentials(aws::Session& session);

struct Identity {
  Findings findings;
  Caller caller;  // by the access key, where AWS does not tell
};

// To be asked of credentials that were found. `region`: any of theirs, or why none is known.
Identity examine_identity(aws::Session& session, const Result<std::string>& region);

// `told`: the caller's ARN; `key`: the access key and where it is from. Pure.
Identity judge_identity(const Result<std::string>& told, const std::string& key);

}  // namespace muster::doctor
