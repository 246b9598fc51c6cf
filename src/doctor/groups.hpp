#pragma once

// Asks AWS about the groups of a configuration. Thin: what the answers mean is judged elsewhere.

#include <map>
#include <string>
#include <vector>

#include "aws/session.hpp"
#include "doctor/credentials.hpp"
#include "doctor/finding.hpp"
#include "doctor/group_use.hpp"
#include "fleet/ports.hpp"
#include "protocol/messages.hpp"

namespace muster::doctor {

// By class; a class is missing if its runners could not be listed.
using Contacts = std::map<std::string, std::vector<protocol::RunnerContact>>;

// As the scaler lists them, by class; a class is missing if its namespace's could not be listed.
using KnownRunners = std::map<std::string, std::vector<fleet::KnownRunner>>;

// One finding for each group at least; regions are asked one after another, each through one
// connection.
Findings examine_groups(aws::Session& session, const std::vector<GroupUse>& uses,
                        const Contacts& contacts, const KnownRunners& known, const Caller& caller);

}  // namespace muster::doctor
