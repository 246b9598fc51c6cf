#pragma once

// Why the runner's service has ended, in words: from what systemd tells the commands that it runs
// after a service (SERVICE_RESULT, EXIT_CODE and EXIT_STATUS, see systemd.exec(5)). Pure.

#include <optional>
#include <string>

#include "aws/environment.hpp"

namespace muster::instance {

// Nothing: systemd has not started us so.
std::optional<std::string> why_service_ended(const aws::Environment& environment);

}  // namespace muster::instance
