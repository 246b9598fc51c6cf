#include "study/policy.hpp"

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::study {

namespace {

constexpr std::string_view kFixed = "fixed:";
constexpr std::int64_t kMostFixed = 100'000;

std::vector<Policy> all_but_fixed() {
  return {{"muster", Ours{.soon_free = true}, {}},
          {"muster-foresight", Ours{.soon_free = true, .foresight = true}, {}},
          {"muster-single", Ours{.single_task = true}, {}},
          {"muster-eager", Ours{}, {}},
          {"tutorial", simulation::tutorial(), {}},
          {"provisioner", simulation::provisioner(), {}},
          {"buildkite", simulation::buildkite(), {}},
          {"gitlab", simulation::gitlab(), {}},
          {"drone", simulation::drone(), {}},
          {"bound", LowerBound{}, {}}};
}

}  // namespace

std::string policy_names() {
  std::vector<std::string> names;
  for (const auto& policy : all_but_fixed()) names.push_back(policy.name);
  return join(names, ", ") + ", fixed:N";
}

Result<Policy> policy_named(std::string_view name) {
  const auto known = all_but_fixed();
  std::vector<std::string_view> names = {kFixed};
  for (const auto& policy : known) {
    if (policy.name == name) return policy;
    names.push_back(policy.name);
  }
  if (name.starts_with(kFixed)) {
    const auto count = parse_int(name.substr(kFixed.size()));
    if (count && *count >= 1 && *count <= kMostFixed) {
      return Policy{std::string(name), simulation::fixed(*count), count};
    }
    return Error{ErrorKind::invalid, fmt::format("'{}': a fixed fleet has 1 to {} instances",
                                                 printable(name), kMostFixed)};
  }
  return Error{ErrorKind::invalid,
               fmt::format("there is no policy '{}'{}; there are {}, and any FILE.yaml that "
                           "muster scale reads",
                           printable(name, 60), did_you_mean(name, names), policy_names())};
}

}  // namespace muster::study
