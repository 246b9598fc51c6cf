#pragma once

// What the runner of an instance is told: the YAML of CircleCI's machine runner 3, which
// `muster agent` reads too. Pure.

#include <string>

#include "base/result.hpp"
#include "instance/config.hpp"

namespace muster::instance {

// An id as EC2 gives it; what else the metadata service might answer is refused.
Result<std::string> instance_id_in(const std::string& answer);

// Secret: it holds the token. `home` is the job user's.
std::string runner_yaml(const Config& config, const std::string& token,
                        const std::string& instance_id, const std::string& home);

// What `muster agent` takes from its environment, as systemd's EnvironmentFile; not secret.
std::string runner_environment(const Config& config);

}  // namespace muster::instance
