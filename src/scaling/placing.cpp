// In which of a class's groups the launches and withdrawals of a decision are.

#include <algorithm>

#include <fmt/core.h>

#include "scaling/boots.hpp"
#include "scaling/draft.hpp"
#include "scaling/judge_demand.hpp"

namespace muster::scaling {

namespace {

std::int64_t coming_in(const Snapshot& snapshot, std::size_t place, WallTime since) {
  return std::ranges::count_if(snapshot.instances, [&](const auto& it) {
    return place_of(it, snapshot) == place && it.state == InstanceState::booting &&
           (it.requested || (it.launched_at >= since && !is_overdue(it, snapshot)));
  });
}

Room room_of(const Draft& draft, std::size_t place) {
  const auto& snapshot = draft.snapshot;
  const auto& group = snapshot.groups[place];
  Room room{.free =
                std::clamp<std::int64_t>(group.most, 0, kMostInstances) - draft.groups[place].live};
  const auto* shortage = find_shortage(draft.decision.next.shortages, group.name);
  room.is_short = is_short(shortage, snapshot.now);
  room.is_tried = shortage != nullptr && !room.is_short;
  if (room.is_tried) room.coming = coming_in(snapshot, place, shortage->until);
  return room;
}

std::string shortage_in_words(const Shortage& shortage, WallTime now) {
  return shortage.until > now
             ? fmt::format("{} is short ({}), and is tried again at {}", shortage.group,
                           shortage.why, in_words(shortage.until))
             : fmt::format("{} was short ({}), and one is tried before there are more",
                           shortage.group, shortage.why);
}

Placed& placed_in(Decision& decision, const std::string& group) {
  const auto found = std::ranges::find(decision.places, group, &Placed::group);
  return found != decision.places.end() ? *found : decision.places.emplace_back(Placed{group});
}

// Why a group gets fewer than it has room for, and what it gets.
void tell(Draft& draft, const Group& group, const Share& share) {
  const auto* shortage = find_shortage(draft.decision.next.shortages, group.name);
  if (shortage != nullptr && share.launches < share.room) {
    draft.reason(Rule::shortage, share.room, share.launches,
                 shortage_in_words(*shortage, draft.snapshot.now), group.name);
  }
  if (share.launches == 0) return;
  const auto why = shortage != nullptr            ? "tried with one"
                   : share.launches == share.left ? "the first that has room"
                                                  : "full with these";
  draft.reason(Rule::placed, share.left, share.launches, fmt::format("{} is {}", group.name, why),
               group.name);
}

}  // namespace

void Draft::count_groups() {
  groups.resize(snapshot.groups.size());
  if (groups.empty()) return;
  for (const auto& instance : snapshot.instances) {
    auto& [live, requested, given_up] = groups[place_of(instance, snapshot)];
    ++live;
    if (instance.requested) ++(is_given_up(instance) ? given_up : requested);
  }
}

bool Draft::is_given_up(const Instance& instance) const {
  if (!instance.requested || instance.state != InstanceState::booting) return false;
  if (is_overdue(instance, snapshot)) return true;
  if (snapshot.groups.empty()) return false;
  const auto& group = snapshot.groups[place_of(instance, snapshot)];
  return is_short(find_shortage(decision.next.shortages, group.name), snapshot.now);
}

// A group that is short binds all of the launches only if no other one takes them.
void place_launches(Draft& draft) {
  const auto& groups = draft.snapshot.groups;
  auto& launch = draft.decision.launch;
  if (groups.empty() || launch <= 0) return;
  std::vector<Room> rooms;
  for (std::size_t i = 0; i < groups.size(); ++i) rooms.push_back(room_of(draft, i));
  const auto shares = place(launch, rooms);
  std::int64_t placed = 0;
  bool any_short = false;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const auto& share = shares[i];
    tell(draft, groups[i], share);
    any_short |= share.launches < share.room;
    placed += share.launches;
    if (share.launches > 0) placed_in(draft.decision, groups[i].name).launch = share.launches;
  }
  if (placed == launch) return;
  draft.reason(any_short ? Rule::shortage : Rule::maximum, launch, placed,
               any_short ? "no other group has room" : "the groups have no more room");
  launch = placed;
}

// What was refused is withdrawn where it was asked for, the rest from who is preferred least.
void place_withdrawals(Draft& draft) {
  const auto& groups = draft.snapshot.groups;
  auto rest = draft.decision.withdraw;
  if (groups.empty() || rest <= 0) return;
  std::vector<std::int64_t> requested;
  for (const auto& there : draft.groups) {
    rest -= there.given_up;
    requested.push_back(there.requested);
  }
  const auto more = withdraw_from(rest, requested);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const auto withdrawn = draft.groups[i].given_up + more[i];
    if (withdrawn > 0) placed_in(draft.decision, groups[i].name).withdraw = withdrawn;
  }
}

}  // namespace muster::scaling
