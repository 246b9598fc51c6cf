#include "history/replay.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "scaling/boots.hpp"
#include "scaling/spend.hpp"

namespace muster::history {

using namespace scaling;

namespace {

bool acts_as(const Decision& a, const Decision& b) {
  const auto acts = [](const Decision& it) {
    return std::tie(it.launch, it.drain, it.reap, it.withdraw, it.places, it.desired);
  };
  return acts(a) == acts(b);
}

// The words may have been put better since.
bool reasons_as(const Decision& a, const Decision& b) {
  return std::ranges::equal(a.reasons, b.reasons, [](const Reason& x, const Reason& y) {
    const auto data = [](const Reason& it) {
      return std::tie(it.rule, it.wanted, it.allowed, it.subject);
    };
    return data(x) == data(y);
  });
}

// What was used until now by those that lived since the latest decision. A decision is recorded
// only when something changes; passes were made all the while, and none of them counts more than
// a step.
void count_up_to(WallTime now, const SpendCap& cap, Spend& spend) {
  if (!spend.counted_until) return;
  const auto longest = std::max(cap.per, Millis(0)) + kLongestStep;
  if (between(*spend.counted_until, now) > longest) {
    spend.used.clear();  // all of it is too old to count
    spend.counted_until = later(now, -longest);
  }
  for (auto time = later(*spend.counted_until, kLongestStep); time < now;
       time = later(time, kLongestStep)) {
    spend = spend_until_now(spend, cap, spend.living, time).memory;
  }
}

}  // namespace

bool Replay::is_asked_for(const std::string& resource_class) const {
  if (!terms_.resource_class.empty() && terms_.resource_class != resource_class) return false;
  return !terms_.policies || terms_.policies->contains(resource_class);
}

Snapshot Replay::under_policy(const fleet::ClassPass& record) const {
  auto snapshot = record.snapshot;
  const auto& managed = terms_.policies->at(record.resource_class);
  auto in_force = scaling::policy_at(managed.policy, managed.schedules, snapshot.now);
  snapshot.policy = in_force.policy;
  if (snapshot.place_max) snapshot.policy.max = std::min(snapshot.policy.max, *snapshot.place_max);
  snapshot.schedule = std::move(in_force.schedule);
  snapshot.policy_until = in_force.until;
  const auto before = memories_.find(record.resource_class);
  if (before == memories_.end()) return snapshot;
  const auto& [recorded, now] = before->second;
  const auto carry = [&](auto State::*part) {
    if (recorded.*part != now.*part) snapshot.state.*part = now.*part;
  };
  carry(&State::surplus);
  carry(&State::launches);
  carry(&State::drains);
  carry(&State::turnover);
  if (recorded.spend != now.spend && snapshot.policy.spend_cap) {
    snapshot.state.spend = now.spend;
    count_up_to(snapshot.now, *snapshot.policy.spend_cap, snapshot.state.spend);
  }
  return snapshot;
}

void Replay::compare(const fleet::ClassPass& record, const Decision& now,
                     const std::string& where) {
  const auto& then = record.decision;
  Difference difference{record.snapshot.now, record.resource_class, where, then, now};
  difference.acts = !acts_as(then, now);
  difference.reasons = !reasons_as(then, now);
  difference.rest = !terms_.policies && !(then.next == now.next && then.counts == now.counts &&
                                          then.revisit_at == now.revisit_at);
  if (difference.acts) ++result_.act_otherwise;
  if (difference.acts || difference.reasons || difference.rest) {
    result_.differences.push_back(std::move(difference));
  }
}

void Replay::take(const fleet::ClassPass& record, const std::string& where) {
  const auto& name = record.resource_class;
  if (!is_asked_for(name)) {
    ++result_.left_out[name];
    return;
  }
  const auto snapshot = terms_.policies ? under_policy(record) : record.snapshot;
  const auto now = decide(snapshot);
  ++result_.decisions;
  ++result_.classes[name];
  result_.first = std::min(result_.first.value_or(snapshot.now), snapshot.now);
  result_.last = std::max(result_.last.value_or(snapshot.now), snapshot.now);
  const auto note = [&](bool is_now, std::vector<Violation> found) {
    for (auto& violation : found) {
      result_.breaches.push_back({snapshot.now, name, where, is_now, std::move(violation)});
    }
  };
  note(false, violations(record.snapshot, record.decision));
  const auto before = result_.differ();
  compare(record, now, where);
  const bool other = result_.differ() > before || terms_.policies.has_value();
  if (other) note(true, violations(snapshot, now));
  memories_.insert_or_assign(name, Memory{record.decision.next, now.next});
}

}  // namespace muster::history
