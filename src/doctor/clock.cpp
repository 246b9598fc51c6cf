#include "doctor/clock.hpp"

#include <fmt/core.h>

namespace muster::doctor {

namespace {

constexpr const char* kCheck = "clock";
constexpr Millis kGood = std::chrono::seconds(30);
constexpr Millis kMost = std::chrono::minutes(5);  // what AWS allows a signature

}  // namespace

Findings judge_clock(const std::string& subject, std::optional<WallTime> told, WallTime ours) {
  Notes notes(subject);
  if (!told) {
    notes.unknown(kCheck, "the answer does not say what time it is");
    return notes.take();
  }
  const auto ahead = ours - *told;
  const auto size = std::chrono::abs(ahead);
  if (size < kGood) {
    notes.good(kCheck, "this machine's clock is right to within 30 s");
    return notes.take();
  }
  const auto words = fmt::format("this machine's clock is {} {} the peer's", humanize(size),
                                 ahead.count() > 0 ? "ahead of" : "behind");
  if (size <= kMost) {
    notes.warn(kCheck, words + ": let a time service (chrony, systemd-timesyncd) set it");
  } else {
    notes.bad(kCheck, words +
                          ": let a time service (chrony, systemd-timesyncd) set it. AWS refuses "
                          "signatures that are 5 minutes off; muster allows for that, other "
                          "programs here do not, and times in its log are wrong");
  }
  return notes.take();
}

}  // namespace muster::doctor
