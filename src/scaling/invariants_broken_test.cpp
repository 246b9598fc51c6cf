// Each checker of the invariants can fail: right decisions are made wrong in one respect each.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "scaling/invariants.hpp"

namespace muster::scaling {
namespace {

constexpr WallTime kNow{std::chrono::hours(500'000)};

bool is_among(const std::vector<Violation>& found, Invariant invariant) {
  return std::ranges::find(found, invariant, &Violation::invariant) != found.end();
}

// One idle, one busy, one connected and one that never came; 2 wait and 2 run.
Snapshot example() {
  Snapshot snapshot;
  snapshot.now = kNow;
  snapshot.demand = DemandReading{2, 2, kNow};
  snapshot.policy.max = 10;
  snapshot.policy.reaps = true;
  snapshot.policy.boot_timeout = std::chrono::minutes(5);
  const auto launched = kNow - std::chrono::minutes(10);
  snapshot.instances = {{"idle", InstanceState::idle, launched},
                        {"busy", InstanceState::busy, launched},
                        {"connected", InstanceState::connected, launched},
                        {"silent", InstanceState::booting, launched}};
  snapshot.state.given_up = {"silent"};
  snapshot.state.given_up_at = kNow - std::chrono::minutes(1);
  snapshot.state.quiet_since = kNow - std::chrono::minutes(1);
  return snapshot;
}

struct Wrong {
  const char* name;
  Invariant breaks;
  std::function<void(Snapshot&, Decision&)> how;
};

TEST(Invariants, EachIsSeenToBeBroken) {
  const Wrong wrongs[] = {
      {"a busy one is drained", Invariant::safe, [](auto&, auto& d) { d.drain = {"busy"}; }},
      {"a busy one is ended", Invariant::safe, [](auto&, auto& d) { d.reap = {"busy"}; }},
      {"one that may be busy is ended", Invariant::safe,
       [](auto&, auto& d) { d.reap = {"connected"}; }},
      {"a stranger is ended", Invariant::safe, [](auto&, auto& d) { d.reap = {"stranger"}; }},
      {"one that may run an unexplained task is ended", Invariant::safe,
       [](auto& s, auto& d) {
         s.demand = DemandReading{2, 9, kNow};
         d.reap = {"silent"};
       }},
      {"one is ended in whose time a task may just have come", Invariant::safe,
       [](auto& s, auto& d) {
         s.demand = DemandReading{0, 1, kNow};
         d = decide(s);
         d.reap = {"silent"};
         s.state.quiet_since = kNow - std::chrono::seconds(29);
       }},
      {"what is there is withdrawn", Invariant::safe, [](auto&, auto& d) { d.withdraw = 1; }},
      {"an unknown queue lowers capacity", Invariant::honest,
       [](auto& s, auto& d) {
         s.demand = DemandUnknown{"no answer"};
         d = decide(s);
         d.drain = {"idle"};
       }},
      {"it is forgotten that the queue is unknown", Invariant::honest,
       [](auto& s, auto& d) {
         s.demand = DemandReading{0, 2, kNow};
         d = decide(s);
         s.demand = DemandUnknown{"no answer"};
       }},
      {"a queue that is old is served", Invariant::honest,
       [](auto& s, auto&) {
         s.demand = DemandReading{4, 2, kNow - std::chrono::hours(1)};
       }},
      {"a queue that is known is said not to be", Invariant::honest,
       [](auto& s, auto& d) {
         auto unknown = s;
         unknown.demand = DemandUnknown{"no answer"};
         d = decide(unknown);
       }},
      {"instances that are known are said not to be", Invariant::honest,
       [](auto& s, auto& d) {
         auto blind = s;
         blind.instances_unknown = "no list";
         d = decide(blind);
       }},
      {"it is forgotten that nobody knows what is there", Invariant::honest,
       [](auto& s, auto&) { s.instances_unknown = "no list"; }},
      {"something is launched blindly", Invariant::honest,
       [](auto& s, auto& d) {
         s.instances_unknown = "no list";
         d = decide(s);
         d.launch = 1;
       }},
      {"a booting one is not counted", Invariant::counted_once,
       [](auto&, auto& d) { d.launch += 1, d.desired += 1; }},
      {"a second slot is forgotten", Invariant::counted_once,
       [](auto& s, auto& d) {
         s.policy.slots = 2;
         s.demand = DemandReading{2, 2, kNow};
         s.instances[0].slots = 2;
         d = decide(s);
         d.launch += 1, d.desired += 1;
       }},
      {"a slot is counted twice", Invariant::live,
       [](auto& s, auto& d) {
         s.policy.slots = 2;
         s.demand = DemandReading{4, 2, kNow};
         d = decide(s);
         d.launch -= 1, d.desired -= 1;
       }},
      {"one that may run the second of two tasks is ended", Invariant::safe,
       [](auto& s, auto& d) {
         s.policy.slots = 2;
         s.instances[1].slots = 2, s.instances[1].running = 1;
         s.instances.erase(s.instances.begin() + 2);
         s.demand = DemandReading{0, 2, kNow};
         d = decide(s);
         d.reap = {"silent"};
       }},
      {"a draining one is counted", Invariant::live,
       [](auto&, auto& d) { d.launch -= 1, d.desired -= 1; }},
      {"headroom is forgotten", Invariant::live, [](auto& s, auto&) { s.policy.headroom = 1; }},
      {"headroom for nobody", Invariant::counted_once,
       [](auto& s, auto& d) {
         s.demand = DemandReading{0, 0, kNow};
         s.policy.headroom = 1;
         d = decide(s);
         d.launch += 1, d.desired += 1;
       }},
      {"warm ones are forgotten", Invariant::live, [](auto& s, auto&) { s.policy.warm.least = 1; }},
      {"what is foreseen is forgotten", Invariant::live,
       [](auto& s, auto& d) {
         s.policy.foresight = true;
         s.state.turnover.boot = std::chrono::minutes(1);
         s.foreseen = {{kNow + std::chrono::minutes(1), 2, 0}};
         d = decide(s);
         d.launch -= 1, d.desired -= 1;
       }},
      {"more are launched than are foreseen", Invariant::counted_once,
       [](auto& s, auto& d) {
         s.policy.foresight = true;
         s.state.turnover.boot = std::chrono::minutes(1);
         s.foreseen = {{kNow + std::chrono::minutes(1), 2, 0}};
         d = decide(s);
         d.launch += 1, d.desired += 1;
       }},
      {"idle ones are drained before the delay is over", Invariant::steady,
       [](auto& s, auto& d) {
         s.demand = DemandReading{0, 2, kNow};
         s.policy.scale_in_delay = std::chrono::minutes(1);
         d = decide(s);
         d.drain = {"idle"};
         d.reasons.push_back({Rule::surplus, 1, 1, "", ""});
       }},
      {"more are launched than the rate lets", Invariant::bounded,
       [](auto& s, auto& d) {
         s.policy.launch_rate = Rate{2, std::chrono::minutes(1)};
         s.state.launches = {{kNow - Millis(1), 2}};
         d = decide(s);
         d.launch = 1, d.desired += 1;
       }},
      {"a launch is forgotten", Invariant::restartable,
       [](auto& s, auto& d) {
         s.policy.launch_rate = Rate{2, std::chrono::minutes(1)};
         d = decide(s);
         d.next.launches.clear();
       }},
      {"a rate binds that is not used up", Invariant::live,
       [](auto& s, auto& d) {
         s.policy.launch_rate = Rate{2, std::chrono::minutes(1)};
         d.launch = 0, d.desired -= 1;
         d.reasons.push_back({Rule::launch_rate, 1, 0, "", ""});
       }},
      {"something is launched though the cap is used up", Invariant::bounded,
       [](auto& s, auto& d) {
         s.policy.spend_cap = SpendCap{1, std::chrono::hours(24)};
         s.state.spend.used = {{kNow - Millis(1), Millis(std::chrono::hours(1)).count()}};
         d = decide(s);
         d.launch = 1, d.desired += 1;
       }},
      {"a busy one takes another task though the cap has no room", Invariant::bounded,
       [](auto& s, auto& d) {
         s.policy.spend_cap = SpendCap{1, std::chrono::hours(24)};
         s.policy.reuses = true;
         s.state.spend.used = {{kNow - Millis(1), Millis(std::chrono::hours(1)).count()}};
         d = decide(s);
         std::erase_if(d.drain, [](const auto& id) { return id == "busy"; });
       }},
      {"what is used is forgotten", Invariant::restartable,
       [](auto& s, auto& d) {
         s.policy.spend_cap = SpendCap{100, std::chrono::hours(24)};
         s.state.spend.used = {{kNow - Millis(1), 1'000}};
         d = decide(s);
         d.next.spend.used.clear();
       }},
      {"a failed boot is forgotten", Invariant::restartable,
       [](auto& s, auto& d) {
         s.failed_boots = {"gone"};
         d = decide(s);
         d.next.failed_boots_in_a_row = 0;
       }},
      {"a back-off is too short", Invariant::bounded,
       [](auto& s, auto& d) {
         s.failed_boots = {"gone"};
         d = decide(s);
         *d.next.backoff_until -= std::chrono::seconds(1);
       }},
      {"a back-off is forgotten", Invariant::bounded,
       [](auto& s, auto& d) {
         s.state.failed_boots_in_a_row = 2;
         s.state.backoff_until = kNow + std::chrono::seconds(3);
         d = decide(s);
         d.next.backoff_until.reset();
       }},
      {"one that never came is not ended", Invariant::frugal,
       [](auto& s, auto& d) {
         s.demand = DemandReading{0, 0, kNow};
         s.policy.reaps = true;
         s.policy.drains = false;
         s.instances = {{"dead", InstanceState::booting, kNow - std::chrono::hours(1)}};
         s.state.given_up = {"dead"};
         s.state.given_up_at = kNow - std::chrono::minutes(1);
         s.state.quiet_since = kNow - std::chrono::minutes(1);
         d = decide(s);
         d.reap.clear();
       }},
      {"the desired number is not what lives and is launched", Invariant::counted_once,
       [](auto&, auto& d) { d.launch = 0, d.desired = 0; }},
      {"a maximum binds that is not reached", Invariant::live,
       [](auto&, auto& d) {
         d.launch = 0, d.desired -= 1;
         d.reasons.push_back({Rule::maximum, 1, 0, "", ""});
       }},
      {"a back-off binds after no failure", Invariant::live,
       [](auto&, auto& d) {
         d.launch = 0, d.desired -= 1;
         d.reasons.push_back({Rule::backoff, 1, 0, "", ""});
       }},
      {"a cap binds that is not used up", Invariant::live,
       [](auto& s, auto& d) {
         s.policy.spend_cap = SpendCap{100, std::chrono::hours(24)};
         d = decide(s);
         d.reasons.push_back({Rule::spend_cap, 1, 0, "", ""});
       }},
      {"more than the share of the plan is launched", Invariant::counted_once,
       [](auto& s, auto& d) {
         s.plan_share = PlanShare{3, 3};
         d = decide(s);
         d.launch += 1, d.desired += 1;
       }},
      {"a task is left to a busy one that nobody expects to be free", Invariant::live,
       [](auto& s, auto& d) {
         s.policy.soon_free = true;
         d = decide(s);
         d.launch -= 1, d.desired -= 1;
         d.reasons.push_back({Rule::soon_free, 1, 0, "", ""});
       }},
      {"more than may be", Invariant::bounded,
       [](auto&, auto& d) { d.launch = 99, d.desired = 103; }},
      {"a launch in a back-off", Invariant::bounded,
       [](auto&, auto& d) { d.next.backoff_until = kNow + Millis(1), d.launch = 1; }},
      {"one is launched beyond the minimum", Invariant::frugal,
       [](auto& s, auto& d) {
         s.demand = DemandReading{0, 2, kNow};
         s.policy.min = 4;
         d = decide(s);
         d.launch += 1, d.desired += 1;
       }},
      {"one is launched for an unknown queue", Invariant::frugal,
       [](auto& s, auto& d) {
         s.demand = DemandUnknown{"no answer"};
         d = decide(s);
         d.launch += 1, d.desired += 1;
       }},
      {"what nobody needs any more is not withdrawn", Invariant::frugal,
       [](auto& s, auto& d) {
         s.demand = DemandReading{0, 2, kNow};
         s.instances.push_back({"requested", InstanceState::booting, kNow, true});
         d = decide(s);
         d.withdraw = 0, d.desired += 1;
       }},
      {"who is idle for nobody is not seen", Invariant::frugal,
       [](auto& s, auto& d) {
         s.demand = DemandReading{0, 2, kNow};
         s.policy.scale_in_delay = std::chrono::minutes(1);
         d = decide(s);
         d.next.surplus.reset();
       }},
      {"who is idle for nobody stays when the delay is over", Invariant::frugal,
       [](auto& s, auto& d) {
         s.demand = DemandReading{0, 2, kNow};
         s.policy.scale_in_delay = std::chrono::minutes(1);
         s.state.surplus = Surplus{kNow - std::chrono::minutes(2), 1};
         d = decide(s);
         d.drain.clear();
         d.next.surplus = s.state.surplus;
       }},
      {"a launch is not made up for after a kill", Invariant::restartable,
       [](auto& s, auto& d) {
         s.demand = DemandReading{6, 2, kNow};
         d = decide(s);
         d.next.failed_boots_in_a_row = 9;
       }},
      {"an end is not made up for after a kill", Invariant::restartable,
       [](auto& s, auto& d) {
         s.demand = DemandReading{0, 1, kNow};
         d = decide(s);
         d.next.reaped_at = kNow + Millis(1);
       }},
      {"who is asked to end is not asked again after a kill", Invariant::restartable,
       [](auto&, auto& d) { d.drain = {"idle"}; }},
      {"a withdrawal is not made up for after a kill", Invariant::restartable,
       [](auto& s, auto& d) {
         s.instances.push_back({"requested", InstanceState::booting, kNow, true});
         s.state.failed_boots_in_a_row = 5;
         s.state.backoff_until = kNow + std::chrono::minutes(1);
         d = decide(s);
         d.next.failed_boots_in_a_row = 0, d.next.backoff_until.reset();
       }},
      {"a memory that changes by itself", Invariant::steady,
       [](auto& s, auto& d) {
         s.instances.pop_back();
         d = decide(s);
         d.next.given_up = {"stranger"};
       }},
  };
  for (const auto& wrong : wrongs) {
    SCOPED_TRACE(wrong.name);
    auto snapshot = example();
    auto decision = decide(snapshot);
    ASSERT_TRUE(violations(snapshot, decision).empty());
    wrong.how(snapshot, decision);
    EXPECT_TRUE(is_among(violations(snapshot, decision), wrong.breaks));
  }
}

}  // namespace
}  // namespace muster::scaling
