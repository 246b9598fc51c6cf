#pragma once

// The policies that a study compares, by name. Pure.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "fleet/observe.hpp"
#include "simulation/peers.hpp"

namespace muster::study {

// Our own loop and decide().
struct Ours {
  bool single_task = false;
  bool soon_free = false;  // what will soon be free is counted
  bool foresight = false;  // and what is blocked
};
// Likewise, but each class as somebody has configured it, by its schedules.
struct Configured {
  struct Class {
    fleet::ManagedClass managed;
    bool single_task = true;
  };
  std::map<std::string, Class> classes;
};
// What nobody can do better who lets no task wait: see bound.hpp.
struct LowerBound {};

struct Policy {
  std::string name;
  std::variant<Ours, Configured, simulation::Peer, LowerBound> what;
  std::optional<std::int64_t> fixed;  // so many instances, whatever the maximum is
};

// "muster", "muster-foresight", "muster-single", "muster-eager", "tutorial", "provisioner",
// "buildkite", "gitlab", "drone", "fixed:N", "bound".
Result<Policy> policy_named(std::string_view name);

// All names, in words.
std::string policy_names();

}  // namespace muster::study
