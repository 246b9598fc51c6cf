#pragma once

// The log of decisions that a command line names: a scaler.db, a file of JSON lines, or "-".

#include <string>

#include "history/log.hpp"

namespace muster::cli {

// For people.
std::string log_name(const std::string& log);

// Errors name the log. That its last line is cut off is said on standard error, and no error.
Result<history::LeftOut> read_log(const std::string& log, const history::Visit& visit);

}  // namespace muster::cli
