#include "fleet/observe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace muster::fleet {
namespace {

using scaling::InstanceState;
using testing::ElementsAre;
using testing::IsEmpty;

using std::chrono::minutes;

constexpr WallTime kNow{std::chrono::hours(1000)};
const ManagedClass kClass{"local/small", {}};

CapacityInstance instance(bool draining = false, bool single_task = true, Millis age = {}) {
  return {"i0", "local/small", kNow - age, draining, single_task};
}

ClassDemand known(std::vector<KnownRunner> runners) {
  return {scaling::DemandReading{0, 0, kNow}, std::move(runners)};
}

struct Case {
  std::string name;
  CapacityInstance instance;
  std::vector<KnownRunner> runners;
  bool connected_before;
  InstanceState state;
};

class States : public testing::TestWithParam<Case> {};

TEST_P(States, FollowFromBothPorts) {
  const auto& param = GetParam();
  ClassMemory before;
  if (param.connected_before) before.connected.insert("i0");
  const auto seen = observe(kClass, {{param.instance}, {}}, known(param.runners), before, kNow);
  ASSERT_EQ(seen.snapshot.instances.size(), 1U);
  EXPECT_EQ(seen.snapshot.instances[0].state, param.state);
}

using enum InstanceState;

CapacityInstance old() {
  return instance(false, true, std::chrono::hours(1));
}
KnownRunner heard_of(Millis ago, std::optional<bool> is_busy = std::nullopt,
                     Millis used = std::chrono::hours(1)) {
  return {"i0", is_busy, false, kNow - std::chrono::hours(1), kNow - ago, kNow - used};
}

KnownRunner drained(bool is_busy, Millis ago = {}) {
  auto runner = heard_of(ago, is_busy);
  runner.draining = true;
  return runner;
}

INSTANTIATE_TEST_SUITE_P(
    Table, States,
    testing::Values(
        Case{"unheard_of", instance(), {}, false, booting},
        Case{"of_another_name", instance(), {{"i1", true, true}}, false, booting},
        Case{"connected", instance(), {{"i0", false, false}}, false, idle},
        Case{"busy_now", instance(), {{"i0", true, true}}, true, busy},
        Case{"had_its_task", instance(), {{"i0", false, true}}, true, spent},
        Case{"continuous", instance(false, false), {{"i0", false, true}}, true, idle},
        Case{"nobody_knows", instance(), {{"i0", std::nullopt, false}}, false, connected},
        Case{"dropped_from_the_list", instance(), {}, true, connected},
        Case{"heard_of_lately", old(), {heard_of(minutes(29))}, true, connected},
        Case{"not_heard_of", old(), {heard_of(minutes(30))}, true, lost},
        Case{"not_heard_of_and_young", instance(), {heard_of(minutes(30))}, true, connected},
        Case{"not_heard_of_and_idle", old(), {heard_of(minutes(30), false)}, true, lost},
        Case{"not_heard_of_and_busy", old(), {heard_of(minutes(30), true)}, true, busy},
        Case{"not_heard_of_since_its_task",
             old(),
             {heard_of(minutes(30), {}, minutes(31))},
             true,
             used},
        Case{"has_just_taken_its_task",
             old(),
             {heard_of(minutes(0), {}, std::chrono::seconds(19))},
             true,
             connected},
        Case{"took_its_task_a_while_ago",
             old(),
             {heard_of(minutes(0), {}, std::chrono::seconds(20))},
             true,
             used},
        Case{"takes_one_after_the_other",
             instance(false, false, std::chrono::hours(1)),
             {heard_of(minutes(0), {}, minutes(20))},
             true,
             connected},
        Case{"not_heard_of_after_its_task",
             old(),
             {heard_of(minutes(30), {}, minutes(32))},
             true,
             lost},
        Case{"drained_by_its_keeper", instance(), {drained(false)}, true, draining},
        Case{"drained_by_its_keeper_and_busy", instance(), {drained(true)}, true, draining},
        Case{"drained_by_its_keeper_and_not_heard_of",
             old(),
             {drained(false, minutes(30))},
             true,
             lost},
        Case{"draining_and_busy", instance(true), {{"i0", true, true}}, true, draining},
        Case{"draining_and_not_heard_of",
             instance(true, false, std::chrono::hours(1)),
             {heard_of(minutes(30), false)},
             true,
             lost},
        Case{"draining_and_heard_of",
             instance(true, false, std::chrono::hours(1)),
             {heard_of(minutes(29), false)},
             true,
             draining},
        Case{"draining_and_never_there", instance(true, false, minutes(30)), {}, false, lost},
        Case{"draining_and_may_still_come",
             instance(true, false, minutes(29)),
             {},
             false,
             draining}),
    [](const auto& shown) { return shown.param.name; });

// What is seen of one that was listed once.
class LeftOut : public testing::Test {
 protected:
  InstanceState look(const ClassDemand& demand) {
    const auto seen = observe(kClass, {{one_}, {}}, demand, memory_, now_);
    memory_ = seen.memory;
    return seen.snapshot.instances.at(0).state;
  }
  // Every minute, from the next on.
  InstanceState look_for(Millis time, const ClassDemand& demand) {
    auto state = InstanceState::booting;
    for (const auto end = now_ + time; now_ < end;) {
      now_ += minutes(1);
      state = look(demand);
    }
    return state;
  }

  const ClassDemand without_it_ = known({});
  const ClassDemand unread_{scaling::DemandUnknown{"no answer"}, std::nullopt};
  WallTime now_ = kNow;
  CapacityInstance one_ = instance(false, false, std::chrono::hours(1));
  ClassMemory memory_{.connected = {"i0"}};
};

TEST_F(LeftOut, OfTheListForLongIsLost) {
  EXPECT_EQ(look(without_it_), connected);
  EXPECT_EQ(look_for(kOffline - minutes(1), without_it_), connected);
  EXPECT_EQ(look_for(minutes(1), without_it_), lost) << "it would count as idle for ever (S5)";
  one_.draining = true;
  EXPECT_EQ(look(without_it_), lost) << "it would keep its place for ever";
}

TEST_F(LeftOut, OfTheListAndThenInItBeginsAnew) {
  EXPECT_EQ(look_for(kOffline, without_it_), connected);
  EXPECT_EQ(look(known({{"i0", false, false}})), idle);
  EXPECT_EQ(look_for(kOffline, without_it_), connected);
  EXPECT_EQ(look_for(minutes(1), without_it_), lost);
}

TEST_F(LeftOut, OfAListThatIsReadAgainAfterLongCountsFromThen) {
  look_for(kOffline, unread_);
  EXPECT_EQ(look_for(kOffline, without_it_), connected);
  EXPECT_EQ(look_for(minutes(1), unread_), lost) << "it was left out before, and is not back";
}

TEST_F(LeftOut, OfAQueueThatListsNoRunnersIsNotLost) {
  const ClassDemand lists_none{scaling::DemandReading{0, 0, kNow}, std::nullopt};
  look(without_it_);
  look(lists_none);
  EXPECT_TRUE(memory_.unlisted.empty());
  EXPECT_EQ(look_for(std::chrono::hours(5), lists_none), connected);
}

// A leap of the clock says nothing of how long it was.
TEST_F(LeftOut, AndAClockThatJumpsMakesNobodyLost) {
  look(without_it_);
  now_ += std::chrono::hours(24);
  EXPECT_EQ(look(without_it_), connected);
}

TEST(Observe, SeesItsOwnClassAloneWhateverTheOrderOfTheList) {
  CapacityList list;
  for (const auto* id : {"c", "a", "b"}) {
    for (const auto* name : {"local/small", "local/large", "local/medium"}) {
      const auto ours = name == kClass.name ? std::string(id) : std::string(id) + name;
      list.live.push_back({ours, name, kNow});
      list.ended.push_back({"ended-" + ours, name, ""});
    }
  }
  sort_by_class(list);
  const auto seen = observe(kClass, list, known({}), {}, kNow).snapshot;
  std::vector<std::string> ids;
  for (const auto& instance : seen.instances) ids.push_back(instance.id);
  EXPECT_THAT(ids, ElementsAre("c", "a", "b"));
  EXPECT_THAT(seen.failed_boots, ElementsAre("ended-a", "ended-b", "ended-c"));
}

TEST(Observe, AsksForNoMoreThanTheProviderLetsLive) {
  const auto max = [](std::int64_t own, std::map<Place, std::int64_t> most) {
    const CapacityList list{.live = {}, .ended = {}, .most = std::move(most)};
    return observe({"local/small", {.max = own}}, list, known({}), {}, kNow).snapshot.policy.max;
  };
  EXPECT_EQ(max(6, {{{"local/small"}, 2}}), 2);
  EXPECT_EQ(max(1, {{{"local/small"}, 2}}), 1);
  EXPECT_EQ(max(6, {{{"local/large"}, 2}}), 6);
}

TEST(Observe, TakesThePolicyThatIsInForce) {
  ManagedClass managed{"local/small", {.max = 4}};
  managed.schedules.push_back({.name = "always",
                               .start = scaling::Cron::parse("* * * * *").value(),
                               .end = scaling::Cron::parse("0 0 29 2 *").value(),
                               .max = 9});
  const auto seen = observe(managed, {}, known({}), {}, kNow + std::chrono::minutes(1)).snapshot;
  EXPECT_EQ(seen.policy.max, 9);
  EXPECT_EQ(seen.schedule, "always");
  EXPECT_EQ(seen.policy_until, kNow + std::chrono::minutes(2));
}

TEST(Observe, KnowsWhenARunnerTookItsLatestTask) {
  const auto used_at = [](std::optional<WallTime> first, std::optional<WallTime> used) {
    const KnownRunner runner{"i0", {}, false, first, kNow, used};
    return observe(kClass, {{instance()}, {}}, known({runner}), {}, kNow)
        .snapshot.instances.at(0)
        .used_at;
  };
  const auto first = kNow - minutes(9);
  EXPECT_EQ(used_at(first, kNow - minutes(5)), kNow - minutes(5));
  EXPECT_EQ(used_at(first, first), std::nullopt) << "as of one that has taken none";
  EXPECT_EQ(used_at(first, std::nullopt), std::nullopt);
  EXPECT_EQ(used_at(std::nullopt, kNow), kNow) << "it may have taken one";
}

TEST(Observe, TellsOnceThatABootSucceeded) {
  const auto runners = known({{"i0", false, false}});
  const auto first = observe(kClass, {{instance()}, {}}, runners, {}, kNow);
  EXPECT_TRUE(first.snapshot.any_boot_succeeded);
  EXPECT_THAT(first.memory.connected, ElementsAre("i0"));
  const auto second = observe(kClass, {{instance()}, {}}, runners, first.memory, kNow);
  EXPECT_FALSE(second.snapshot.any_boot_succeeded);
  const auto gone = observe(kClass, {}, runners, second.memory, kNow);
  EXPECT_THAT(gone.memory.connected, IsEmpty());
}

TEST(Observe, TellsHowLongThoseTookThatItSawBooting) {
  const auto later = kNow + Millis(90'000);
  const auto runners = known({{"i0", false, false}});
  const auto booting = observe(kClass, {{instance()}, {}}, known({}), {}, kNow);
  EXPECT_EQ(booting.snapshot.boot_took, std::nullopt);
  const auto there = observe(kClass, {{instance()}, {}}, runners, booting.memory, later);
  EXPECT_EQ(there.snapshot.boot_took, Millis(90'000));
  // Launched by us, and there at the next look.
  ClassMemory launched;
  launched.expected["i0"] = kNow;
  const auto quick = observe(kClass, {{instance()}, {}}, runners, launched, later);
  EXPECT_EQ(quick.snapshot.boot_took, Millis(90'000));
  // It may have connected long before it was seen.
  const auto anothers = observe(kClass, {{instance()}, {}}, runners, {}, later);
  EXPECT_EQ(anothers.snapshot.boot_took, std::nullopt);
  // Nobody tells who has connected: that a boot timeout is over is no measure.
  const ClassDemand silent{scaling::DemandReading{0, 0, later}, std::nullopt};
  const auto believed = observe(kClass, {{instance()}, {}}, silent, booting.memory,
                                kNow + kClass.policy.boot_timeout);
  EXPECT_TRUE(believed.snapshot.any_boot_succeeded);
  EXPECT_EQ(believed.snapshot.boot_took, std::nullopt);
}

// Their runners have another class's token, and so no list of this class has them.
TEST(Observe, LeavesAloneWhoServesTheClassThatItsGroupWasOfBefore) {
  const ManagedClass before_it{"local/large", kClass.policy};
  const auto named = [](const char* id, const char* resource_class) {
    return CapacityInstance{id, resource_class, kNow};
  };
  const auto before =
      observe(before_it, {{named("i0", "local/large"), named("i1", "local/large")}, {}}, known({}),
              {}, kNow);
  const auto late = kNow + 3 * kClass.policy.boot_timeout;
  const auto changed =
      observe(kClass, {{named("i0", "local/small"), named("i1", "local/small")}, {}}, known({}),
              before.memory, late);
  EXPECT_EQ(changed.snapshot.instances.at(0).state, draining);
  EXPECT_EQ(changed.memory.resource_class, "local/small");
  const auto next = observe(kClass, {{named("i0", "local/small"), named("i2", "local/small")}, {}},
                            known({{"i2", true, true}}), changed.memory, late);
  EXPECT_EQ(next.snapshot.instances.at(0).state, draining);
  EXPECT_EQ(next.snapshot.instances.at(1).state, busy) << "it came later";
  EXPECT_THAT(next.memory.anothers, ElementsAre("i0"));
  EXPECT_THAT(next.snapshot.failed_boots, IsEmpty()) << "i1 has ended";
}

TEST(Observe, TakesNobodyForFailedWhosePlaceIsGone) {
  auto managed = kClass;
  managed.places = {"here/a", "here/b"};
  const auto before = observe(managed, {{instance()}, {}}, known({}), {}, kNow);
  const auto failed_in = [&](std::vector<std::string> places, const ClassMemory& memory) {
    managed.places = std::move(places);
    return std::ssize(observe(managed, {}, known({}), memory, kNow).snapshot.failed_boots);
  };
  EXPECT_EQ(failed_in({"here/a", "here/b"}, before.memory), 1);
  EXPECT_EQ(failed_in({"here/a", "here/b", "here/c"}, before.memory), 1) << "it was added";
  EXPECT_EQ(failed_in({"here/a"}, before.memory), 0);
  EXPECT_EQ(failed_in({"here/c"}, before.memory), 0);
  auto of_another = before.memory;
  of_another.resource_class = "local/large";
  EXPECT_EQ(failed_in({"here/a", "here/b"}, of_another), 0);
}

// It may list runners when it can be read again.
TEST(Observe, BelievesNobodyToHaveConnectedBecauseTheQueueIsUnknown) {
  const ClassDemand unreadable{scaling::DemandUnknown{"rubbish"}, std::nullopt};
  const auto before = observe(kClass, {{instance()}, {}}, known({}), {}, kNow);
  const auto late = observe(kClass, {{instance()}, {}}, unreadable, before.memory,
                            kNow + 2 * kClass.policy.boot_timeout);
  EXPECT_FALSE(late.snapshot.any_boot_succeeded);
  EXPECT_EQ(late.snapshot.instances.at(0).state, InstanceState::booting);
  EXPECT_THAT(late.memory.connected, IsEmpty());
}

TEST(Observe, ShowsWhatTheSourceForeseesAsFarAsItIsBelieved) {
  ClassDemand demand = known({});
  EXPECT_TRUE(observe(kClass, {}, demand, {}, kNow).snapshot.foreseen.empty());
  demand.foreseen.resize(scaling::kMostForeseen + 1, {kNow, 2, 1});
  const auto seen = observe(kClass, {}, demand, {}, kNow).snapshot.foreseen;
  ASSERT_EQ(seen.size(), scaling::kMostForeseen);
  EXPECT_EQ(seen.front().tasks, 2);
}

TEST(Observe, CallsAnEndWithoutAConnectionAFailedBoot) {
  const CapacityList ended{{}, {{"i0", "local/small", "exit code 1"}}};
  EXPECT_THAT(observe(kClass, ended, known({}), {}, kNow).snapshot.failed_boots, ElementsAre("i0"));
  // It came and went between two passes.
  const auto quick = observe(kClass, ended, known({{"i0", false, true}}), {}, kNow);
  EXPECT_THAT(quick.snapshot.failed_boots, IsEmpty());
  EXPECT_TRUE(quick.snapshot.any_boot_succeeded);
  ClassMemory connected;
  connected.connected = {"i0"};
  EXPECT_THAT(observe(kClass, ended, known({}), connected, kNow).snapshot.failed_boots, IsEmpty());
}

// A machine that does not turn itself off, as a Muster server tells of its runner.
TEST(Observe, OneThatHasHadItsTaskAndStaysIsEndedInTheEnd) {
  const auto ended = [](Millis age, Millis silent, std::optional<Millis> longest_life) {
    ManagedClass managed{"local/small", {}};
    managed.policy.reaps = true;
    managed.policy.longest_life = longest_life;
    const KnownRunner runner{"i0", false, true, kNow - age, kNow - silent};
    const CapacityList live{{instance(false, true, age)}, {}};
    ClassMemory quiet;
    quiet.state.quiet_since = kNow - minutes(1);
    return decide(observe(managed, live, known({runner}), quiet, kNow).snapshot).reap;
  };
  const std::chrono::hours old(2);
  EXPECT_THAT(ended(old, kOffline - Millis(1), {}), IsEmpty()) << "it may still end itself";
  EXPECT_THAT(ended(old, kOffline, {}), ElementsAre("i0"));
  EXPECT_THAT(ended(old, kOffline, old + Millis(1)), IsEmpty());
  EXPECT_THAT(ended(old, Millis(0), old), ElementsAre("i0")) << "even if it is heard of";
  EXPECT_THAT(ended(old, Millis(0), {}), IsEmpty());
}

// An instance that had no task while tasks waited says that something keeps it from claiming.
TEST(Observe, CountsWhoHasEndedWithoutATask) {
  const CapacityList ended{{}, {{"i0", "local/small", "exit code 0"}}};
  const auto unused = [&](const KnownRunner& runner) {
    ClassMemory before;
    before.connected = {"i0"};
    return observe(kClass, ended, known({runner}), before, kNow).ended_unused;
  };
  const auto first = kNow - minutes(2);
  EXPECT_EQ(unused({"i0", false, false}), 1);
  EXPECT_EQ(unused({"i0", false, true}), 0);
  EXPECT_EQ(unused({"i0", std::nullopt, false, first, kNow, first}), 1);
  EXPECT_EQ(unused({"i0", std::nullopt, false, first, kNow, first + minutes(1)}), 0);
  EXPECT_EQ(unused({"i0", std::nullopt, false, first, kNow}), 0) << "nobody says";
  EXPECT_EQ(unused({"i1", false, false}), 0) << "it is not listed";
  const CapacityList live{{instance()}, {}};
  EXPECT_EQ(observe(kClass, live, known({{"i0", false, false}}), {}, kNow).ended_unused, 0);
}

TEST(Observe, AcquitsLaterWhatEndedWhileTheQueueWasUnknown) {
  const CapacityList ended{{}, {{"i0", "local/small", "exit code 0"}}};
  const auto doubtful = observe(kClass, ended, {}, {}, kNow);
  EXPECT_THAT(doubtful.snapshot.failed_boots, ElementsAre("i0"));
  EXPECT_THAT(doubtful.memory.doubtful, ElementsAre("i0"));
  const auto still = observe(kClass, {}, {}, doubtful.memory, kNow);
  EXPECT_THAT(still.snapshot.failed_boots, IsEmpty());
  const auto acquitted = observe(kClass, {}, known({{"i0", false, true}}), still.memory, kNow);
  EXPECT_TRUE(acquitted.snapshot.any_boot_succeeded);
  EXPECT_THAT(acquitted.memory.doubtful, IsEmpty());
}

TEST(Observe, TakesBackAnEndThatAnOlderListMadeUp) {
  const auto here = observe(kClass, {{instance()}, {}}, known({}), {}, kNow);
  const auto away = observe(kClass, {}, known({}), here.memory, kNow);
  EXPECT_THAT(away.snapshot.failed_boots, ElementsAre("i0"));
  const auto back = observe(kClass, {{instance()}, {}}, known({}), away.memory, kNow);
  EXPECT_EQ(back.snapshot.returned_boots, 1);
  EXPECT_THAT(back.memory.doubtful, IsEmpty());
  const auto after = observe(kClass, {{instance()}, {}}, known({}), back.memory, kNow);
  EXPECT_EQ(after.snapshot.returned_boots, 0);
}

// Two numbers, and nobody's name.
ClassDemand counted() {
  return {scaling::DemandReading{0, 0, kNow}, std::nullopt};
}

TEST(Observe, NumbersThatCannotBeTellNothingOfWhoIsAtWork) {
  using Limits = std::numeric_limits<std::int64_t>;
  ClassDemand absurd = known({});
  for (const auto running : {Limits::min(), Limits::max()}) {
    absurd.demand = scaling::DemandReading{0, running, kNow};
    const auto seen = observe(kClass, {{{"i0", "local/small", kNow}}, {}}, absurd, {}, kNow);
    EXPECT_EQ(seen.memory.unexplained_tasks, 0);
    EXPECT_EQ(seen.snapshot.unlisted_at_work, 0);
  }
}

// Two run tasks, and the list of runners lags behind: one of the three has failed.
TEST(Observe, WhoMustHaveRunATaskIsNoFailedBoot) {
  const auto named = [](const std::string& id) {
    return CapacityInstance{id, "local/small", kNow};
  };
  ClassDemand lagging = known({});
  lagging.demand = scaling::DemandReading{0, 2, kNow};
  const auto running =
      observe(kClass, {{named("i0"), named("i1"), named("i2")}, {}}, lagging, {}, kNow);
  EXPECT_EQ(running.memory.unexplained_tasks, 2);

  const auto ended = [&](const std::string& id) {
    return EndedInstance{id, "local/small", "gone"};
  };
  const CapacityList empty{{}, {ended("i0"), ended("i1"), ended("i2")}};
  const auto after = observe(kClass, empty, known({}), running.memory, kNow);
  EXPECT_THAT(after.snapshot.failed_boots, ElementsAre("i2"));
  EXPECT_FALSE(after.snapshot.any_boot_succeeded) << "nobody has seen one connect";
  EXPECT_EQ(after.memory.unexplained_tasks, 0);

  lagging.demand = scaling::DemandReading{0, 1, kNow};
  const auto over =
      observe(kClass, {{named("i0"), named("i1"), named("i2")}, {}}, lagging, running.memory, kNow);
  EXPECT_EQ(over.memory.unexplained_tasks, 2) << "whose task is over has connected all the same";
  EXPECT_EQ(over.snapshot.unlisted_at_work, 1) << "and may take another";

  lagging.demand = scaling::DemandUnknown{"away"};
  const auto first =
      observe(kClass, {{named("i1"), named("i2")}, {ended("i0")}}, lagging, running.memory, kNow);
  EXPECT_THAT(first.snapshot.failed_boots, IsEmpty());
  EXPECT_EQ(first.memory.unexplained_tasks, 1) << "each explains one end";

  lagging.demand = scaling::DemandReading{0, 2, kNow};
  lagging.runners = {{"elsewhere", std::nullopt, false}};
  EXPECT_EQ(
      observe(kClass, {{named("i0"), named("i1")}, {}}, lagging, {}, kNow).memory.unexplained_tasks,
      1)
      << "a runner that is no instance may run the other";
  lagging.runners.emplace();

  ClassMemory explained;
  explained.connected = {"i0"};
  lagging.demand = scaling::DemandReading{0, 1, kNow};
  EXPECT_EQ(observe(kClass, {{named("i0"), named("i1")}, {}}, lagging, explained, kNow)
                .memory.unexplained_tasks,
            0);
}

// One task runs: on somebody who may be at work, or on who boots, as no list has it yet. Only then
// is another launched, and its end no failed boot.
TEST(Observe, WhoMayBeAtWorkExplainsATask) {
  const ManagedClass warm{"local/small", {.max = 9, .warm = {.least = 1}}};
  const CapacityInstance booting{"i1", "local/small", kNow};
  struct Row {
    const char* other;
    std::vector<CapacityInstance> there;
    std::vector<KnownRunner> runners;
    std::int64_t at_work;
  };
  const Row rows[] = {
      {"nobody", {}, {}, 1},
      {"has had its task", {old()}, {{"i0", false, true}}, 1},
      {"connected", {old()}, {heard_of(minutes(1))}, 0},
      {"draining", {instance(true)}, {{"i0", {}, false}}, 0},
      {"lost", {old()}, {heard_of(minutes(30))}, 0},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.other);
    auto live = row.there;
    live.push_back(booting);
    auto demand = known(row.runners);
    demand.demand = scaling::DemandReading{0, 1, kNow};
    const auto seen = observe(warm, {live, {}}, demand, {}, kNow);
    EXPECT_EQ(seen.snapshot.unlisted_at_work, row.at_work);
    EXPECT_EQ(decide(seen.snapshot).launch, row.at_work);
    const CapacityList ended{row.there, {{"i1", "local/small", "gone"}}};
    const auto after = observe(warm, ended, demand, seen.memory, kNow);
    EXPECT_EQ(std::ssize(after.snapshot.failed_boots), 1 - row.at_work);
  }
}

TEST(Observe, BelievesInABootWhenNobodyCanTell) {
  auto young = instance();
  const auto booting = observe(kClass, {{young}, {}}, counted(), {}, kNow);
  EXPECT_EQ(booting.snapshot.instances[0].state, InstanceState::booting);
  const auto later = kNow + kClass.policy.boot_timeout;
  const auto believed = observe(kClass, {{young}, {}}, counted(), {}, later);
  EXPECT_EQ(believed.snapshot.instances[0].state, InstanceState::connected);
}

TEST(Observe, CallsNoEndAFailedBootWhenNobodyCanTell) {
  const CapacityList ended{{}, {{"i0", "local/small", "exit code 1"}}};
  EXPECT_THAT(observe(kClass, ended, counted(), {}, kNow).snapshot.failed_boots, IsEmpty());
}

TEST(Observe, PassesOnWhyALaunchFailed) {
  ClassMemory before;
  before.failed_launches = 2;
  const CapacityList failed{{}, {}, {}, {{{"local/small"}, {"no capacity", "a-1"}}}};
  const auto seen = observe(kClass, failed, known({}), before, kNow);
  EXPECT_EQ(seen.snapshot.failed_launches, 3);
  EXPECT_EQ(seen.snapshot.launch_trouble, "no capacity");
  const auto again = observe(kClass, failed, known({}), seen.memory, kNow);
  EXPECT_EQ(again.snapshot.failed_launches, 0) << "another process was told of the same one";
  EXPECT_EQ(again.memory.told_failure, "a-1");
}

ClassMemory having_seen(const std::string& id) {
  ClassMemory memory;
  memory.first_seen = {{id, kNow}};
  return memory;
}

TEST(Observe, AnInstanceThatIsMissingHasEnded) {
  const auto before = having_seen("i0");
  const auto missing = observe(kClass, {}, known({}), before, kNow);
  EXPECT_THAT(missing.snapshot.failed_boots, ElementsAre("i0"));
  EXPECT_THAT(observe(kClass, {}, known({}), missing.memory, kNow).snapshot.failed_boots,
              IsEmpty());
  // The provider tells of it as well.
  const CapacityList ended{{}, {{"i0", "local/small", "exit code 1"}}};
  EXPECT_THAT(observe(kClass, ended, known({}), before, kNow).snapshot.failed_boots,
              ElementsAre("i0"));
  const auto quick = observe(kClass, {}, known({{"i0", false, true}}), before, kNow);
  EXPECT_THAT(quick.snapshot.failed_boots, IsEmpty());
  EXPECT_TRUE(quick.snapshot.any_boot_succeeded);
  auto connected = before;
  connected.connected = {"i0"};
  EXPECT_THAT(observe(kClass, {}, known({}), connected, kNow).snapshot.failed_boots, IsEmpty());
  EXPECT_THAT(observe(kClass, {}, counted(), before, kNow).snapshot.failed_boots, IsEmpty());
  EXPECT_THAT(observe(kClass, {}, {}, before, kNow).memory.doubtful, ElementsAre("i0"));
}

TEST(Observe, NothingIsMissingFromAListThatCannotBeRead) {
  const auto before = having_seen("i0");
  CapacityList unreadable;
  unreadable.unreadable = {{"local/small", "the program failed"}};
  const auto seen = observe(kClass, unreadable, known({}), before, kNow);
  EXPECT_THAT(seen.snapshot.failed_boots, IsEmpty());
  EXPECT_EQ(seen.memory, before);
}

TEST(Observe, WhatWasOnlyRequestedIsNoFailedBootAndStartsAnew) {
  const CapacityInstance pending{"g/pending-1", "local/small", std::nullopt, false, true, true};
  const auto first = observe(kClass, {{pending}, {}}, known({}), {}, kNow);
  EXPECT_THAT(first.memory.first_seen, IsEmpty());
  const auto later = kNow + std::chrono::minutes(1);
  const auto still = observe(kClass, {{pending}, {}}, known({}), first.memory, later);
  EXPECT_EQ(still.snapshot.instances.at(0).launched_at, kNow);
  const auto gone = observe(kClass, {}, known({}), still.memory, later);
  EXPECT_THAT(gone.snapshot.failed_boots, IsEmpty());
  EXPECT_THAT(gone.snapshot.instances, IsEmpty());
  const auto again = observe(kClass, {{pending}, {}}, known({}), gone.memory, later);
  EXPECT_EQ(again.snapshot.instances.at(0).launched_at, later);
}

TEST(Observe, WhatWasLaunchedBootsUntilItIsListedOrLate) {
  ClassMemory before;
  before.expected = {{"i0", kNow}};
  CapacityList late;
  late.late_listings = {{"local/small", {std::chrono::minutes(2)}}};
  const auto soon = kNow + std::chrono::seconds(119);
  const auto unlisted = observe(kClass, late, known({}), before, soon);
  ASSERT_EQ(unlisted.snapshot.instances.size(), 1U);
  EXPECT_EQ(unlisted.snapshot.instances[0].state, InstanceState::booting);
  EXPECT_EQ(unlisted.memory.expected, before.expected);
  const auto too_late =
      observe(kClass, late, known({}), unlisted.memory, kNow + std::chrono::minutes(2));
  EXPECT_THAT(too_late.snapshot.instances, IsEmpty());
  EXPECT_THAT(too_late.snapshot.failed_boots, ElementsAre("i0"));
  EXPECT_THAT(too_late.memory.doubtful, ElementsAre("i0")) << "it may turn out to have connected";
  EXPECT_THAT(too_late.memory.expected, IsEmpty());
  auto ageless = instance();
  ageless.launched_at.reset();
  late.live = {ageless};
  const auto listed = observe(kClass, late, known({}), unlisted.memory, soon);
  ASSERT_EQ(listed.snapshot.instances.size(), 1U);
  EXPECT_EQ(listed.snapshot.instances[0].launched_at, kNow);
  EXPECT_THAT(listed.memory.expected, IsEmpty());
  EXPECT_EQ(listed.memory.first_seen, before.expected);
}

TEST(Observe, RemembersWhenItFirstSawAnInstance) {
  auto ageless = instance();
  ageless.launched_at.reset();
  const auto first = observe(kClass, {{ageless}, {}}, known({}), {}, kNow);
  EXPECT_EQ(first.snapshot.instances[0].launched_at, kNow);
  const auto later =
      observe(kClass, {{ageless}, {}}, known({}), first.memory, kNow + std::chrono::minutes(3));
  EXPECT_EQ(later.snapshot.instances[0].launched_at, kNow);
  EXPECT_THAT(observe(kClass, {}, known({}), later.memory, kNow).memory.first_seen, IsEmpty());
}

// An instance whose provider does not say when it was launched, seen by a scaler from pass to pass.
class Ageless {
 public:
  // Its age by then.
  Millis at(WallTime now) {
    auto ageless = instance();
    ageless.launched_at.reset();
    const auto seen = observe(kClass, {{ageless}, {}}, counted(), memory_, now);
    if (!(seen.memory == memory_)) ++saved_;
    memory_ = seen.memory;
    return now - seen.snapshot.instances.at(0).launched_at;
  }
  int saved() const { return saved_; }

 private:
  ClassMemory memory_;
  int saved_ = 0;
};

using std::chrono::hours;
using std::chrono::minutes;

TEST(Observe, LetsAgesGrowWithTheTimeAndSeldomWritesItDown) {
  Ageless seen;
  for (Millis passed(0); passed <= hours(6); passed += std::chrono::seconds(30)) {
    ASSERT_EQ(seen.at(kNow + passed), passed);
  }
  EXPECT_LE(seen.saved(), 2 + hours(6) / kLastPassKept);
}

TEST(Observe, NoLeapOfAClockMakesAnInstanceOld) {
  Ageless seen;
  seen.at(kNow);
  EXPECT_EQ(seen.at(kNow + minutes(4)), minutes(4));
  const auto ahead = kNow + hours(6);
  EXPECT_EQ(seen.at(ahead), kLongestGap);
  EXPECT_EQ(seen.at(ahead + minutes(1)), kLongestGap + minutes(1)) << "a leap is counted once";
  EXPECT_EQ(seen.at(kNow + minutes(6)), kLongestGap) << "set back, it is as old as at that time";
  EXPECT_EQ(seen.at(kNow + minutes(7)), kLongestGap + minutes(1));
}

TEST(Observe, LetsInstancesAgeThoughPassesAreFarApart) {
  Ageless seen;
  seen.at(kNow);
  EXPECT_EQ(seen.at(kNow + minutes(15)), kLongestGap);
  EXPECT_EQ(seen.at(kNow + minutes(30)), 2 * kLongestGap);
}

TEST(Observe, RemembersNoPassWhereTheProviderTellsTheAge) {
  EXPECT_EQ(observe(kClass, {{instance()}, {}}, known({}), {}, kNow).memory.last_pass,
            std::nullopt);
}

TEST(Observe, LeavesOtherClassesAlone) {
  const CapacityList other{{{"i0", "local/large", kNow}}, {{"i1", "local/large", "signal 9"}}};
  const auto seen = observe(kClass, other, known({}), {}, kNow);
  EXPECT_THAT(seen.snapshot.instances, IsEmpty());
  EXPECT_THAT(seen.snapshot.failed_boots, IsEmpty());
}

}  // namespace
}  // namespace muster::fleet
