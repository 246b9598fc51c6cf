#pragma once

// Notices that an instance may find in its metadata: that it ends soon, or should. Pure.

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace muster::instance {

enum class Topic { spot, rebalance, lifecycle, drain_tag };

struct Place {
  Topic topic;
  std::string_view path;  // below /latest/meta-data/; not found there: no notice
};

inline constexpr std::string_view kDrainTag = "muster:drain";
// In the order in which to look.
inline constexpr std::array<Place, 4> kPlaces{{
    {Topic::spot, "spot/instance-action"},
    {Topic::rebalance, "events/recommendations/rebalance"},
    {Topic::lifecycle, "autoscaling/target-lifecycle-state"},
    {Topic::drain_tag, "tags/instance/muster:drain"},
}};

// Whether rubbish can be told from a notice. If not, it is none while the service, at another
// place, answers with rubbish.
constexpr bool has_form(Topic topic) {
  return topic != Topic::drain_tag;
}

// What an answer found at a place means, in words; or nothing, if it is no notice. An answer that
// nobody could have meant is an error: the service is not itself.
Result<std::optional<std::string>> notice_in(Topic topic, const std::string& answer);

}  // namespace muster::instance
