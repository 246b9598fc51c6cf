// The words of a decision.

#include <fmt/core.h>

#include "base/text.hpp"
#include "scaling/decide.hpp"

namespace muster::scaling {

std::string_view to_string(Rule rule) {
  switch (rule) {
    case Rule::queue:
      return "queue";
    case Rule::soon_free:
      return "soon_free";
    case Rule::plan:
      return "plan";
    case Rule::headroom:
      return "headroom";
    case Rule::warm:
      return "warm";
    case Rule::foreseen:
      return "foreseen";
    case Rule::minimum:
      return "minimum";
    case Rule::maximum:
      return "maximum";
    case Rule::launch_rate:
      return "launch_rate";
    case Rule::spend_cap:
      return "spend_cap";
    case Rule::backoff:
      return "backoff";
    case Rule::shortage:
      return "shortage";
    case Rule::placed:
      return "placed";
    case Rule::instances_unknown:
      return "instances_unknown";
    case Rule::demand_unknown:
      return "demand_unknown";
    case Rule::demand_stale:
      return "demand_stale";
    case Rule::unheard:
      return "unheard";
    case Rule::boot_timeout:
      return "boot_timeout";
    case Rule::reaped:
      return "reaped";
    case Rule::many_silent:
      return "many_silent";
    case Rule::above_maximum:
      return "above_maximum";
    case Rule::last_task:
      return "last_task";
    case Rule::scale_in_rate:
      return "scale_in_rate";
    case Rule::surplus:
      return "surplus";
    case Rule::not_come:
      return "not_come";
    case Rule::unneeded:
      return "unneeded";
    case Rule::satisfied:
      return "satisfied";
  }
  return "unknown";
}

namespace {

// The words go on behind it.
std::string without_full_stop(std::string text) {
  while (text.ends_with('.')) text.pop_back();
  return text;
}

std::string in_words(const Reason& reason, const std::string& detail) {
  switch (reason.rule) {
    case Rule::queue:
    case Rule::headroom:
    case Rule::warm:
    case Rule::foreseen:
    case Rule::minimum:
      return fmt::format("{}: launch {}", detail, reason.allowed);
    case Rule::soon_free:
    case Rule::plan:
    case Rule::maximum:
    case Rule::launch_rate:
    case Rule::spend_cap:
    case Rule::backoff:
      return fmt::format("{}: launch {} instead of {}", detail, reason.allowed, reason.wanted);
    case Rule::shortage:
      return fmt::format("{}: launch {} instead of {}{}", detail, reason.allowed, reason.wanted,
                         reason.subject.empty() ? "" : " there");
    case Rule::placed:
      return fmt::format("{}: launch {} of {} there", detail, reason.allowed, reason.wanted);
    case Rule::instances_unknown:
    case Rule::demand_unknown:
    case Rule::demand_stale:
      return fmt::format("{}: hold", detail);
    case Rule::unheard:
      return fmt::format("{}: have a look", detail);
    case Rule::boot_timeout:
      return detail + (reason.allowed > 0 ? ": drain it" : ": look once more");
    case Rule::reaped:
      return fmt::format("{}: end it", detail);
    case Rule::many_silent:
      return fmt::format("{}: end {} of them, and have a look at them", detail,
                         reason.allowed == 0 ? "none" : std::to_string(reason.allowed));
    case Rule::above_maximum:
      return fmt::format("{}: drain {} idle", detail, reason.allowed);
    case Rule::last_task:
      return fmt::format("{}: {} of {} end after the task they run", detail, reason.allowed,
                         reason.wanted);
    case Rule::scale_in_rate:
      return fmt::format("{}: drain {} instead of {}", detail, reason.allowed, reason.wanted);
    case Rule::surplus:
      return fmt::format("{}: drain {}", detail, reason.allowed);
    case Rule::not_come:
    case Rule::unneeded:
      return fmt::format("{}: withdraw {}", detail, reason.allowed);
    case Rule::satisfied:
      return fmt::format("{}: nothing to do", detail);
  }
  return detail;
}

}  // namespace

std::string describe(const Reason& reason) {
  return in_words(reason, without_full_stop(reason.detail));
}

std::string describe(const std::vector<Reason>& reasons) {
  std::vector<std::string> words;
  for (const auto& reason : reasons) words.push_back(describe(reason));
  return join(words, "; ");
}

std::string describe(const Counts& counts) {
  return fmt::format("{} booting, {} idle, {} busy, {} spent, {} draining{}", counts.booting,
                     counts.idle, counts.busy, counts.spent, counts.draining,
                     counts.lost == 0 ? "" : fmt::format(", {} lost", counts.lost));
}

bool is_hold(const Reason& reason) {
  return reason.rule == Rule::instances_unknown || reason.rule == Rule::demand_unknown ||
         reason.rule == Rule::demand_stale;
}

}  // namespace muster::scaling
