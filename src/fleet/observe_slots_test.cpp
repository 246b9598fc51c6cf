// Instances of several slots, each with a runner of its own.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fleet/observe.hpp"

namespace muster::fleet {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;
using enum scaling::InstanceState;

constexpr WallTime kNow{hours(1000)};

ManagedClass of(std::int64_t slots) {
  return {"local/small", {.slots = slots}};
}

CapacityInstance young(const std::string& id) {
  return {id, "local/small", kNow, false, false};
}
CapacityInstance old(const std::string& id) {
  return {id, "local/small", kNow - hours(1), false, false};
}

ClassDemand known(std::vector<KnownRunner> runners, std::int64_t running = 0) {
  return {scaling::DemandReading{0, running, kNow}, std::move(runners)};
}

KnownRunner heard_of(const std::string& name, Millis ago) {
  return {name, {}, false, kNow - hours(1), kNow - ago, kNow - hours(1)};
}

KnownRunner drained(const std::string& name, bool is_busy) {
  return {.name = name, .busy = is_busy, .draining = true};
}

struct Row {
  const char* what;
  CapacityInstance instance;
  std::vector<KnownRunner> runners;
  scaling::InstanceState state;
  std::int64_t slots, running;
};

TEST(ObserveSlots, AnInstanceIsWhatItsRunnersAreTogether) {
  const std::optional<bool> unsaid;
  const Row rows[] = {
      {"none connected", young("i"), {}, booting, 3, 0},
      {"one has", young("i"), {{"i.2", false, false}}, idle, 3, 0},
      {"one is busy", young("i"), {{"i.1", false, true}, {"i.3", true, true}}, busy, 3, 1},
      {"two are", young("i"), {{"i.1", true, true}, {"i.3", true, true}}, busy, 3, 2},
      {"nobody says which",
       young("i"),
       {{"i.1", unsaid, false}, {"i.2", false, false}},
       connected,
       3,
       0},
      {"of others",
       young("i"),
       {{"j.1", true, true}, {"i-1", true, true}, {"i1", true, true}},
       booting,
       3,
       0},
      {"told twice", young("i"), {{"i.1", true, true}, {"i.1", true, true}}, busy, 3, 1},
      {"one has not come in time",
       old("i"),
       {{"i.1", false, false}, {"i.3", false, false}},
       idle,
       2,
       0},
      {"more than the policy has now",
       old("i"),
       {{"i.1", true, true}, {"i.2", true, true}, {"i.3", true, true}, {"i.4", true, true}},
       busy,
       4,
       4},
      {"launched when the class had one slot", old("i"), {{"i", true, true}}, busy, 1, 1},
      {"one is not heard of any more",
       old("i"),
       {heard_of("i.1", minutes(30)), heard_of("i.2", minutes(1)), heard_of("i.3", minutes(1))},
       connected,
       2,
       0},
      {"one is drained by its keeper",
       old("i"),
       {drained("i.1", false), {"i.2", false, false}, {"i.3", true, true}},
       busy,
       2,
       1},
      {"one works its last task",
       old("i"),
       {drained("i.1", true), {"i.2", false, false}, {"i.3", false, false}},
       busy,
       3,
       1},
      {"all are drained", old("i"), {drained("i.1", false), drained("i.2", false)}, draining, 2, 0},
      {"all are not",
       old("i"),
       {heard_of("i.1", minutes(30)), heard_of("i.2", minutes(40))},
       lost,
       2,
       0},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    const auto seen = observe(of(3), {{row.instance}, {}}, known(row.runners), {}, kNow).snapshot;
    ASSERT_EQ(seen.instances.size(), 1U);
    EXPECT_EQ(seen.instances[0].state, row.state);
    EXPECT_EQ(seen.instances[0].slots, row.slots);
    EXPECT_EQ(seen.instances[0].running, row.running);
  }
}

TEST(ObserveSlots, ItsLatestTaskIsThatOfAnyRunner) {
  const KnownRunner first{"i.1", {}, false, kNow - hours(3), kNow, kNow - hours(2)};
  const KnownRunner second{"i.2", {}, false, kNow - hours(3), kNow, kNow - hours(1)};
  const auto seen = observe(of(2), {{old("i")}, {}}, known({second, first}), {}, kNow).snapshot;
  EXPECT_EQ(seen.instances[0].used_at, kNow - hours(1));
}

TEST(ObserveSlots, WhoseRunnerWasSeenHasNotFailed) {
  const auto end = [](std::vector<KnownRunner> runners) {
    return observe(of(2), {{}, {{"i", "local/small", "gone"}}}, known(std::move(runners)), {},
                   kNow);
  };
  EXPECT_THAT(end({{"j.1", false, false}}).snapshot.failed_boots, ElementsAre("i"));
  const auto seen = end({{"i.2", false, false}, {"i.1", false, false}});
  EXPECT_THAT(seen.snapshot.failed_boots, IsEmpty());
  EXPECT_EQ(seen.ended_unused, 1);
  EXPECT_EQ(end({{"i.2", false, true}, {"i.1", false, false}}).ended_unused, 0);
}

// Three tasks run, and one instance that is not listed may have one of them, or has not.
TEST(ObserveSlots, TheTasksOfAllItsRunnersAreItsOwn) {
  const auto unexplained = [](std::vector<KnownRunner> runners) {
    const CapacityList list{{young("i"), young("j")}, {}};
    return observe(of(2), list, known(std::move(runners), 3), {}, kNow).memory.unexplained_tasks;
  };
  EXPECT_EQ(unexplained({{"i.1", true, true}, {"i.2", true, true}}), 1);
  EXPECT_EQ(unexplained({{"i.1", true, true}, {"i.2", true, true}, {"other", {}, false}}), 0);
  EXPECT_EQ(unexplained({{"i.1", {}, false}}), 1) << "it may run two";
}

}  // namespace
}  // namespace muster::fleet
