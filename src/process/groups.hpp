#pragma once

// The groups of a user, from the system's database.

#include <string>
#include <vector>

#include "process/child.hpp"

namespace muster::process {

// Its own, and those that it is a member of.
std::vector<gid_t> groups_of(const User& user);

// Its number, where the database has no name for it.
std::string group_name(gid_t gid);

}  // namespace muster::process
