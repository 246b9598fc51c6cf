#pragma once

// CircleCI's queue: whether its token is accepted and may see the classes, and who has connected.

#include <optional>
#include <string>
#include <vector>

#include "demand/runner_api.hpp"
#include "doctor/finding.hpp"
#include "doctor/groups.hpp"

namespace muster::doctor {

struct CircleCiFindings {
  Findings findings;
  Contacts contacts;
  KnownRunners known;
};

// `api` has its token. Nothing is asked any more once the token is refused or nobody answers.
CircleCiFindings examine_circleci(demand::RunnerApi& api, const std::string& url,
                                  const std::vector<std::string>& classes);

// What the answer to the question for a class's queue says of the class. Pure.
Findings judge_class(const std::string& resource_class, const demand::Answer<std::int64_t>& answer);

// The classes' maxima together against what the plan lets run at once. Pure.
Findings judge_concurrency(const std::string& url, std::optional<std::int64_t> limit,
                           std::int64_t sum_of_max);

}  // namespace muster::doctor
