// The words of a decision.

#include <fmt/core.h>

#include "scaling/decide.hpp"

namespace muster::scaling {

std::string_view to_string(Rule rule) {
  switch (rule) {
    case Rule::queue:
      return "queue";
    case Rule::minimum:
      return "minimum";
    case Rule::maximum:
      return "maximum";
    case Rule::backoff:
      return "backoff";
    case Rule::demand_unknown:
      return "demand_unknown";
    case Rule::demand_stale:
      return "demand_stale";
    case Rule::boot_timeout:
      return "boot_timeout";
    case Rule::above_maximum:
      return "above_maximum";
    case Rule::satisfied:
      return "satisfied";
  }
  return "unknown";
}

std::string describe(const Reason& reason) {
  switch (reason.rule) {
    case Rule::queue:
    case Rule::minimum:
      return fmt::format("{}: launch {}", reason.detail, reason.allowed);
    case Rule::maximum:
      return fmt::format("{}: launch {} instead of {}", reason.detail, reason.allowed,
                         reason.wanted);
    case Rule::backoff:
      return fmt::format("{}: launch 0 instead of {}", reason.detail, reason.wanted);
    case Rule::demand_unknown:
    case Rule::demand_stale:
      return fmt::format("{}: hold", reason.detail);
    case Rule::boot_timeout:
      return fmt::format("{}: drain it", reason.detail);
    case Rule::above_maximum:
      return fmt::format("{}: drain {} idle", reason.detail, reason.allowed);
    case Rule::satisfied:
      return fmt::format("{}: nothing to do", reason.detail);
  }
  return reason.detail;
}

}  // namespace muster::scaling
