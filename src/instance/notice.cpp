#include "instance/notice.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "aws/document.hpp"
#include "base/text.hpp"

namespace muster::instance {

namespace {

using Notice = std::optional<std::string>;

constexpr std::size_t kLongestState = 40;

Error unreadable(std::string_view what, const std::string& answer) {
  return {ErrorKind::unavailable, fmt::format("the instance metadata service gave '{}' for {}",
                                              printable(answer, 60), what)};
}

// {"action": "terminate", "time": "2017-09-18T08:22:00Z"}
Result<Notice> spot_notice(const std::string& answer) {
  const auto document = aws::parse_json(answer);
  const auto action = document ? document->text_at("action") : "";
  if (action.empty()) return unreadable("the action on a Spot instance", answer);
  return Notice(fmt::format("EC2 takes this Spot instance back: {} at {}", printable(action, 40),
                            printable(document->text_at("time"), 40)));
}

// {"noticeTime": "2020-10-27T08:22:00Z"}
Result<Notice> rebalance_notice(const std::string& answer) {
  const auto document = aws::parse_json(answer);
  const auto time = document ? document->text_at("noticeTime") : "";
  if (time.empty()) return unreadable("a recommendation to rebalance", answer);
  return Notice(
      fmt::format("EC2 expects to take this Spot instance back, since {}", printable(time, 40)));
}

// "InService", "Terminated", "Warmed:Stopped", …: where the group wants this instance to be.
Result<Notice> lifecycle_notice(const std::string& answer) {
  const auto state = trim(answer);
  const bool is_word =
      !state.empty() && state.size() <= kLongestState && std::ranges::all_of(state, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == ':';
      });
  if (!is_word) return unreadable("the state that the group wants", answer);
  const bool ends = state.find("Terminat") != std::string_view::npos;
  if (!ends) return Notice();
  return Notice(fmt::format("the Auto Scaling group ends this instance: its target is {}", state));
}

}  // namespace

Result<std::optional<std::string>> notice_in(Topic topic, const std::string& answer) {
  switch (topic) {
    case Topic::spot:
      return spot_notice(answer);
    case Topic::rebalance:
      return rebalance_notice(answer);
    case Topic::lifecycle:
      return lifecycle_notice(answer);
    case Topic::drain_tag:
      break;
  }
  // Whatever its value: it is there.
  return Notice(fmt::format("its tag {} asks this instance to drain", kDrainTag));
}

}  // namespace muster::instance
