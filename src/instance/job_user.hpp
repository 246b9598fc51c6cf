#pragma once

// Whether jobs may run as a user: an account of its own, by which they cannot become root. Pure.

#include <string>
#include <vector>

#include "base/result.hpp"
#include "process/child.hpp"

namespace muster::instance {

// `groups`: the names of the user's own and of those that it is a member of.
Result<void> may_run_jobs(const process::User& user, const std::vector<std::string>& groups);

}  // namespace muster::instance
