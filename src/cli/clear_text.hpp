#pragma once

// Tokens that go to another machine in the clear: told, and not refused, as a tunnel may carry
// them.

#include <optional>
#include <string>

#include "cli/scale_config.hpp"

namespace muster::cli {

// "server.url: is http to another machine, ...", with the cure; nothing, if nobody on the way can
// read what goes to `url`. `setting`: what names it.
std::optional<std::string> clear_text_warning(const std::string& setting, const std::string& url);

// The same of the server whose queue is read, if it is one.
std::optional<std::string> clear_text_warning(const ScaleConfig& config);

// To the log, and as a line of standard error.
void log_clear_text(const ScaleConfig& config);
void print_clear_text(const std::optional<std::string>& warning);

}  // namespace muster::cli
