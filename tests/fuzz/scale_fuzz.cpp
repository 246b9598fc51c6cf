// muster.yaml: read, or refused with reasons; and what is read can be decided by, at any time.

#include "base/time.hpp"
#include "cli/scale_config.hpp"
#include "fuzz/check_problems.hpp"
#include "scaling/invariants.hpp"

namespace {

using namespace muster;

// One that is there and five that wait, at some hour of some day.
scaling::Snapshot seen_at(WallTime now, const fleet::ManagedClass& managed) {
  const auto in_force = scaling::policy_at(managed.policy, managed.schedules, now);
  scaling::Snapshot snapshot;
  snapshot.now = now;
  snapshot.demand = scaling::DemandReading{5, 1, now};
  snapshot.instances = {{"i-1", scaling::InstanceState::connected, now}};
  snapshot.policy = in_force.policy;
  snapshot.schedule = in_force.schedule;
  snapshot.policy_until = in_force.until;
  for (const auto& group : managed.groups) snapshot.groups.push_back({group.name, group.most});
  return snapshot;
}

void check_class(const fleet::ManagedClass& managed) {
  constexpr WallTime kSomeTime{std::chrono::hours(500'000)};
  fuzz::check(!managed.name.empty(), "a class has a name");
  for (const int hours : {0, 7, 31, 24 * 200}) {
    const auto snapshot = seen_at(kSomeTime + std::chrono::hours(hours), managed);
    fuzz::check(snapshot.policy.min <= snapshot.policy.max, "no minimum is above its maximum");
    const auto broken = scaling::violations(snapshot, scaling::decide(snapshot));
    fuzz::check(broken.empty(), "the invariants hold", broken.empty() ? "" : broken[0].what);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = cli::parse_scale_config(fuzz::text_of(data, size), "/srv");
  if (const auto* problems = std::get_if<yaml::Problems>(&read)) {
    fuzz::check_problems(*problems);
    return 0;
  }
  const auto& config = std::get<cli::ScaleConfig>(read);
  fuzz::check(!config.classes.empty(), "something is scaled");
  fuzz::check(config.lease.has_value() == config.state_directory.empty(),
              "what is remembered has one place");
  for (const auto& managed : config.managed_classes()) check_class(managed);
  return 0;
}
