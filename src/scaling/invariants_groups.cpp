// What must hold where a class has several groups.

#include <algorithm>

#include <fmt/core.h>

#include "scaling/boots.hpp"
#include "scaling/invariants.hpp"

namespace muster::scaling {

namespace {

class GroupJudge {
 public:
  GroupJudge(const Snapshot& snapshot, const Decision& decision)
      : snapshot_(snapshot), decision_(decision) {}

  std::vector<Violation> run() {
    judge_places();
    return std::move(found_);
  }

 private:
  void expect(bool holds, Invariant invariant, std::string what) {
    if (!holds) found_.push_back({invariant, std::move(what)});
  }

  // All that is launched and withdrawn is so in some group.
  void judge_places() {
    std::int64_t launched = 0, withdrawn = 0;
    for (const auto& placed : decision_.places) {
      launched += placed.launch;
      withdrawn += placed.withdraw;
      judge_place(placed);
    }
    const bool all = launched == decision_.launch && withdrawn == decision_.withdraw;
    expect(all || snapshot_.groups.empty(), Invariant::bounded,
           fmt::format("{} are launched and {} withdrawn in groups, of {} and {}", launched,
                       withdrawn, decision_.launch, decision_.withdraw));
  }

  // Launches go where there is room and no shortage, and one only where there was one. Who is
  // preferred has taken what it can.
  void judge_place(const Placed& placed) {
    const auto& name = placed.group;
    const auto group = std::ranges::find(snapshot_.groups, name, &Group::name);
    if (group == snapshot_.groups.end()) {
      return expect(false, Invariant::bounded, name + " is no group, and is launched in");
    }
    const auto there = in_group(*group);
    const auto* shortage = find_shortage(decision_.next.shortages, name);
    const auto tried = shortage == nullptr ? placed.launch : 1 - there.requested;
    expect(placed.launch >= 0 && placed.withdraw >= 0, Invariant::bounded,
           "less than nothing is done in " + name);
    expect(placed.launch == 0 || placed.withdraw == 0, Invariant::bounded,
           "desired capacity of " + name + " is lowered and raised at once");
    expect(placed.withdraw <= there.requested, Invariant::safe,
           fmt::format("{} are withdrawn of {} requested in {}", placed.withdraw, there.requested,
                       name));
    if (placed.launch == 0) return;
    expect(placed.launch <= group->most - there.live, Invariant::bounded,
           fmt::format("{} live in {} and {} are launched, of at most {}", there.live, name,
                       placed.launch, group->most));
    expect(!is_short(shortage, snapshot_.now) && placed.launch <= tried, Invariant::bounded,
           fmt::format("{} are launched in {}, which was short", placed.launch, name));
    for (auto preferred = snapshot_.groups.begin(); preferred != group; ++preferred) {
      const auto* why = find_shortage(decision_.next.shortages, preferred->name);
      expect(why != nullptr ||
                 in_group(*preferred).live + launched_in(preferred->name) >= preferred->most,
             Invariant::live,
             fmt::format("{} is launched in, and {} has room", name, preferred->name));
    }
  }

  std::int64_t launched_in(const std::string& group) const {
    const auto placed = std::ranges::find(decision_.places, group, &Placed::group);
    return placed == decision_.places.end() ? 0 : placed->launch;
  }

  struct InGroup {
    std::int64_t live = 0, requested = 0;
  };
  InGroup in_group(const Group& group) const {
    InGroup there;
    for (const auto& instance : snapshot_.instances) {
      if (&snapshot_.groups[place_of(instance, snapshot_)] != &group) continue;
      ++there.live;
      if (instance.requested) ++there.requested;
    }
    return there;
  }

  const Snapshot& snapshot_;
  const Decision& decision_;
  std::vector<Violation> found_;
};

}  // namespace

std::vector<Violation> violations_in_groups(const Snapshot& snapshot, const Decision& decision) {
  return GroupJudge(snapshot, decision).run();
}

}  // namespace muster::scaling
