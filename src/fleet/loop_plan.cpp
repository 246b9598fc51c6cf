// The loop's part that looks at all classes of a pass together.

#include "fleet/loop.hpp"
#include "scaling/plan_share.hpp"

namespace muster::fleet {

// From one look at all classes. Each is looked at again when it is decided for, as the acts for
// those before it may have taken long.
std::map<std::string, scaling::PlanShare> Loop::share_plan(
    const Ours& ours, const std::map<std::string, ClassDemand>& demand) {
  std::map<std::string, scaling::PlanShare> shares;
  if (!plan_limit_) return shares;
  std::vector<scaling::PlanClaim> claims;
  for (const auto* managed : ours) {
    claims.push_back(scaling::claim_on_plan(look_at(*managed, demand).snapshot));
  }
  const auto given =
      scaling::share_plan(*plan_limit_, claims, scaling::turn_at(ports_.clock.wall()));
  for (std::size_t i = 0; i < ours.size(); ++i) {
    shares.emplace(ours[i]->name, scaling::PlanShare{*plan_limit_, given[i]});
  }
  return shares;
}

}  // namespace muster::fleet
