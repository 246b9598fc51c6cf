#include "instance/service_end.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::instance {

namespace {

// Those that need no further word.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kResults{{
    {"timeout", "the runner did not start or stop in the time that its service gives it"},
    {"watchdog", "the runner stopped telling systemd that it is alive"},
    {"oom-kill", "the machine ran out of memory: the kernel ended a process of the runner"},
    {"resources", "systemd could not set up what the runner needs to start"},
    {"protocol", "the runner did not tell systemd that it had started"},
    {"exec-condition", "a condition of the runner's service kept it from starting"},
    {"start-limit-hit", "the runner was started too often"},
}};

// "exit code 3", "signal KILL".
std::string how(const std::string& code, const std::string& status) {
  const auto* kind = code == "exited" ? "exit code" : "signal";
  return fmt::format("{} {}", kind, status.empty() ? "unknown" : printable(status, 40));
}

}  // namespace

std::optional<std::string> why_service_ended(const aws::Environment& environment) {
  const auto result = environment("SERVICE_RESULT");
  if (!result) return std::nullopt;
  const auto code = environment("EXIT_CODE").value_or("");
  const auto status = environment("EXIT_STATUS").value_or("");
  if (*result == "success") {
    return code == "killed" ? fmt::format("the runner was stopped by {}", how(code, status))
                            : "the runner has ended";
  }
  if (*result == "exit-code") return fmt::format("the runner failed with {}", how(code, status));
  if (*result == "signal") return fmt::format("the runner was killed by {}", how(code, status));
  if (*result == "core-dump") return fmt::format("the runner crashed with {}", how(code, status));
  const auto* const known = std::ranges::find(kResults, std::string_view(*result),
                                              &decltype(kResults)::value_type::first);
  if (known != kResults.end()) return std::string(known->second);
  return fmt::format("the runner has ended, and systemd says '{}'", printable(*result, 40));
}

}  // namespace muster::instance
