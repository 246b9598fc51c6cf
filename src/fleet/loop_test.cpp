#include "fleet/loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <mutex>
#include <thread>

#include "base/file.hpp"
#include "base/log.hpp"
#include "fleet/dry_run.hpp"
#include "fleet/fakes_for_tests.hpp"

namespace muster::fleet {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr Millis kFirstRetry{500};

class LoopTest : public testing::Test {
 protected:
  LoopTest() { EXPECT_TRUE(log::configure({.format = log::Format::none})); }
  Loop make_loop() {
    return Loop({{"local/small", policy}}, {queue, capacity, ledger, observer, clock});
  }
  static PassOutcome pass(Loop& loop) {
    auto outcome = loop.run_once({});
    EXPECT_TRUE(outcome);
    return outcome.value_or(PassOutcome{});
  }
  // One pass of a scaler that was started for it alone: nothing but the ledger is remembered.
  PassOutcome restart_and_pass() {
    auto loop = make_loop();
    return pass(loop);
  }
  void connect_all() {
    for (const auto& instance : capacity.live) queue.runner(instance.id);
  }

  scaling::Policy policy{.min = 0, .max = 4};
  ManualClock clock{WallTime(std::chrono::hours(500'000))};
  FakeQueue queue{clock};
  FakeCapacity capacity{clock};
  FakeLedger ledger;
  FakeObserver observer;
};

TEST_F(LoopTest, GoesFromZeroToTheQueueAndBackToZero) {
  auto loop = make_loop();
  queue.unclaimed = 2;
  EXPECT_TRUE(loop.run_once({})->acted);
  EXPECT_EQ(capacity.launched, 2);
  EXPECT_FALSE(loop.run_once({})->acted);

  connect_all();
  queue.unclaimed = 0;
  queue.runner("i0") = {"i0", true, true};
  queue.runner("i1") = {"i1", true, true};
  EXPECT_FALSE(loop.run_once({})->acted);
  EXPECT_EQ(observer.latest.at(0).decision.counts.busy, 2);

  capacity.end("i0");
  capacity.end("i1");
  EXPECT_FALSE(loop.run_once({})->acted);
  EXPECT_EQ(observer.latest.at(0).decision.desired, 0);
  EXPECT_THAT(capacity.drained, IsEmpty());
}

TEST_F(LoopTest, ALaunchIsOneLineHoweverManyCome) {
  const std::filesystem::path file = testing::TempDir() + "loop_test.log";
  ASSERT_TRUE(log::configure({.format = log::Format::text, .file = file}));
  policy.max = 40;
  auto loop = make_loop();
  queue.unclaimed = 12;
  EXPECT_TRUE(loop.run_once({})->acted);
  ASSERT_TRUE(log::configure({.format = log::Format::none}));
  const auto lines = read_file(file, 1 << 20).value();
  EXPECT_THAT(lines, HasSubstr("launched 12 instances resource_class=local/small "
                               "instances=\"i0, i1, i2, i3, i4, i5, i6, i7, i8, i9 and 2 more\""));
  EXPECT_THAT(lines, Not(HasSubstr("i10")));
  std::filesystem::remove(file);
}

TEST_F(LoopTest, RemembersEverythingThroughARestartAfterAnyPass) {
  queue.unclaimed = 2;
  restart_and_pass();
  EXPECT_EQ(capacity.launched, 2);
  restart_and_pass();
  EXPECT_EQ(capacity.launched, 2);

  capacity.end("i0");  // without ever connecting
  restart_and_pass();
  EXPECT_EQ(capacity.launched, 2) << "it must back off";
  EXPECT_EQ(ledger.memories["local/small"].state.failed_boots_in_a_row, 1);
  clock.advance(seconds(5));
  restart_and_pass();
  EXPECT_EQ(capacity.launched, 3);

  connect_all();
  restart_and_pass();
  EXPECT_EQ(ledger.memories["local/small"].state.failed_boots_in_a_row, 0);
  capacity.end("i1");  // it had connected, though this scaler has never seen it
  queue.runners.clear();
  restart_and_pass();
  EXPECT_EQ(ledger.memories["local/small"].state.failed_boots_in_a_row, 0);
}

TEST_F(LoopTest, HoldsWhileTheQueueIsAway) {
  queue.unclaimed = 3;
  restart_and_pass();
  connect_all();
  queue.readable = false;
  clock.advance(minutes(60));
  EXPECT_TRUE(restart_and_pass().held);
  EXPECT_EQ(capacity.launched, 3);
  EXPECT_THAT(capacity.drained, IsEmpty());
  EXPECT_EQ(observer.latest.at(0).decision.desired, 3);
}

TEST_F(LoopTest, AnotherReasonToHoldIsToldNowAndThen) {
  auto loop = make_loop();
  int records = 0;
  ledger.during_record = [&] { ++records; };
  queue.readable = false;
  pass(loop);
  EXPECT_EQ(records, 1);
  clock.advance(minutes(5));
  pass(loop);
  EXPECT_EQ(records, 1) << "the same reason";
  for (const auto* why : {"500", "401"}) {
    queue.why = why;
    pass(loop);
  }
  EXPECT_EQ(records, 2);
  clock.advance(seconds(30));
  pass(loop);
  EXPECT_EQ(records, 3) << "it is still 401";
}

TEST_F(LoopTest, WhatTheQueueAskedForIsToldToTheNextProcess) {
  queue.readable = false;
  queue.ask_again_at = clock.wall() + minutes(2);
  restart_and_pass();
  EXPECT_THAT(queue.held_off, IsEmpty());
  restart_and_pass();
  EXPECT_THAT(queue.held_off, ElementsAre(*queue.ask_again_at));
  queue.readable = true;
  restart_and_pass();
  restart_and_pass();
  EXPECT_EQ(queue.held_off.size(), 2U);
}

TEST_F(LoopTest, DecidesNothingForAClassThatCannotBeListed) {
  auto loop = make_loop();
  queue.unclaimed = 2;
  capacity.unreadable = {{"local/small", "the program failed"}};
  EXPECT_TRUE(pass(loop).held);
  EXPECT_EQ(capacity.launched, 0);
  ASSERT_EQ(observer.latest.size(), 1U) << "people are to see why";
  capacity.unreadable.clear();
  EXPECT_FALSE(pass(loop).held);
  EXPECT_EQ(capacity.launched, 2);
  // What was there last is still believed, and nothing about it is forgotten.
  connect_all();
  pass(loop);
  const auto live = std::exchange(capacity.live, {});
  capacity.unreadable = {{"local/small", "the program failed"}};
  pass(loop);
  EXPECT_EQ(observer.latest.at(0).decision.desired, 2);
  EXPECT_EQ(ledger.memories["local/small"].connected.size(), 2U);
}

TEST_F(LoopTest, AsksAnOverdueBootToEndAndReplacesItLater) {
  queue.unclaimed = 1;
  restart_and_pass();
  clock.advance(minutes(5));
  restart_and_pass();
  EXPECT_THAT(capacity.drained, ElementsAre("i0"));
  clock.advance(seconds(5));
  restart_and_pass();
  EXPECT_EQ(capacity.launched, 2);
  EXPECT_THAT(capacity.drained, ElementsAre("i0"));
}

TEST_F(LoopTest, BacksOffWhenNothingCanBeLaunched) {
  queue.unclaimed = 2;
  capacity.room = 0;
  auto loop = make_loop();
  EXPECT_TRUE(pass(loop).fell_short);
  const auto outcome = loop.run_once({});
  EXPECT_FALSE(outcome->acted);
  EXPECT_EQ(outcome->revisit_at, clock.wall() + seconds(5));
  clock.advance(seconds(5));
  capacity.room = 10;
  EXPECT_TRUE(loop.run_once({})->acted);
  EXPECT_EQ(capacity.launched, 2);
}

TEST_F(LoopTest, EndsNobodyByAReadingThatHasGrownOldMeanwhile) {
  policy.reaps = true;
  queue.unclaimed = 1;
  restart_and_pass();
  clock.advance(minutes(5));
  restart_and_pass();
  clock.advance(minutes(5));
  const auto pass_that_takes = [this](Millis time) {
    clock.advance(seconds(1));
    bool taken = false;
    ledger.during_record = [&] {
      if (!std::exchange(taken, true)) clock.advance(time);
    };
    restart_and_pass();
  };
  pass_that_takes(seconds(10));
  EXPECT_THAT(capacity.reaped, IsEmpty()) << "an idle one may have taken a task";
  pass_that_takes(seconds(9));
  EXPECT_THAT(capacity.reaped, ElementsAre("i0"));
}

TEST_F(LoopTest, EndsByNameWhatCannotBeAskedUntilItIsGone) {
  policy.reaps = true;
  queue.unclaimed = 1;
  restart_and_pass();
  clock.advance(minutes(5));
  restart_and_pass();
  clock.advance(minutes(5) - seconds(1));
  restart_and_pass();
  EXPECT_THAT(capacity.reaped, IsEmpty()) << "a list may lag behind for longer than a boot";
  clock.advance(seconds(1));
  EXPECT_FALSE(restart_and_pass().acted);
  clock.advance(seconds(1));
  restart_and_pass();
  EXPECT_THAT(capacity.reaped, ElementsAre("i0", "i0"));
  EXPECT_THAT(capacity.drained, IsEmpty());
}

TEST_F(LoopTest, WithdrawsLaunchesThatFailAndFail) {
  auto loop = make_loop();
  queue.unclaimed = 1;
  capacity.live.push_back({"pending-1", "local/small", clock.wall(), false, true, true});
  for (int failures = 1; failures <= 3; ++failures) {
    EXPECT_EQ(capacity.withdrawn, 0);
    capacity.failed_launches = {{{"local/small"}, {"no capacity", ""}}};
    pass(loop);
  }
  EXPECT_EQ(capacity.withdrawn, 1);
  EXPECT_EQ(ledger.memories["local/small"].state.failed_boots_in_a_row, 3);
}

TEST_F(LoopTest, AFailedLaunchCountsOnceInHoweverManyProcesses) {
  queue.unclaimed = 1;
  capacity.live.push_back({"pending-1", "local/small", clock.wall(), false, true, true});
  for (int process = 0; process < 4; ++process) {
    capacity.failed_launches = {{{"local/small"}, {"no capacity", "a-1"}}};
    restart_and_pass();
    EXPECT_EQ(ledger.memories["local/small"].state.failed_boots_in_a_row, 1);
  }
  capacity.failed_launches = {{{"local/small"}, {"no capacity", "a-2"}}};
  restart_and_pass();
  EXPECT_EQ(ledger.memories["local/small"].state.failed_boots_in_a_row, 2);
}

TEST_F(LoopTest, AnEndThatOnlyTheMemoryTellsOfIsAFailedBoot) {
  queue.unclaimed = 1;
  for (int failures = 1; failures <= 8; ++failures) {
    restart_and_pass();
    restart_and_pass();
    ASSERT_EQ(capacity.live.size(), 1U);
    capacity.live.clear();  // it ends in boot while no process of ours is there to see it
    restart_and_pass();
    restart_and_pass();
    ASSERT_EQ(ledger.memories["local/small"].state.failed_boots_in_a_row, failures);
    ASSERT_THAT(capacity.live, IsEmpty()) << "it must back off";
    clock.advance(policy.boot_backoff_most);
  }
}

TEST_F(LoopTest, WhatIsNotListedYetIsNotLaunchedAgain) {
  queue.unclaimed = 1;
  capacity.late_listings = {{"local/small", {minutes(2)}}};
  std::vector<CapacityInstance> unlisted;
  for (int process = 0; process < 4; ++process) {
    restart_and_pass();
    unlisted.insert(unlisted.end(), capacity.live.begin(), capacity.live.end());
    capacity.live.clear();
    clock.advance(seconds(20));
  }
  EXPECT_EQ(capacity.launched, 1);
  capacity.live = unlisted;
  restart_and_pass();
  EXPECT_EQ(observer.latest.at(0).decision.counts.booting, 1);
  EXPECT_THAT(ledger.memories["local/small"].expected, IsEmpty());
  EXPECT_EQ(capacity.launched, 1);
}

TEST_F(LoopTest, DoesNothingThatCannotBeWrittenDown) {
  queue.unclaimed = 2;
  ledger.writable = false;
  auto loop = make_loop();
  EXPECT_TRUE(loop.run_once({})->incomplete);
  EXPECT_EQ(capacity.launched, 0);
  ledger.writable = true;
  clock.advance(kFirstRetry);
  EXPECT_FALSE(loop.run_once({})->incomplete);
  EXPECT_EQ(capacity.launched, 2);
}

TEST_F(LoopTest, AnEndIsCountedOnceEvenIfItCouldNotBeWrittenDownAtFirst) {
  capacity.ended.push_back({"i9", "local/small", "exit code 1"});
  ledger.writable = false;
  auto loop = make_loop();
  pass(loop);
  pass(loop);
  ledger.writable = true;
  clock.advance(kFirstRetry);
  pass(loop);
  pass(loop);
  EXPECT_EQ(ledger.memories["local/small"].state.failed_boots_in_a_row, 1);
}

TEST_F(LoopTest, TriesADrainAgain) {
  queue.unclaimed = 1;
  restart_and_pass();
  clock.advance(minutes(5));
  capacity.drainable = false;
  auto loop = make_loop();
  EXPECT_TRUE(loop.run_once({})->incomplete);
  capacity.drainable = true;
  EXPECT_TRUE(loop.run_once({})->incomplete);
  EXPECT_EQ(capacity.drained.size(), 1U) << "not at once";
  clock.advance(kFirstRetry);
  EXPECT_FALSE(loop.run_once({})->incomplete);
  EXPECT_THAT(capacity.drained, ElementsAre("i0", "i0"));
  EXPECT_EQ(ledger.memories["local/small"].state.failed_boots_in_a_row, 1);
}

TEST_F(LoopTest, ChangesNothingWhileTheInstancesCannotBeListed) {
  queue.unclaimed = 1;
  capacity.listable = false;
  auto loop = make_loop();
  EXPECT_EQ(loop.run_once({}).error().message, "listing the instances: no list today");
  EXPECT_EQ(capacity.launched, 0);
}

TEST_F(LoopTest, RecordsADecisionOnlyWhenItChanges) {
  auto loop = make_loop();
  for (int i = 0; i < 5; ++i) pass(loop);
  EXPECT_EQ(ledger.decisions.size(), 1U);
  queue.unclaimed = 1;
  for (int i = 0; i < 5; ++i) pass(loop);
  EXPECT_EQ(ledger.decisions.size(), 3U);  // launch it; then wait for it to boot
}

// Another policy may have made more of it.
TEST_F(LoopTest, RecordsAChangeOfTheQueueAlsoIfTheDecisionIsTheSame) {
  policy.max = 1;
  auto loop = make_loop();
  for (const int waiting : {1, 1, 2, 2, 3}) {
    queue.unclaimed = waiting;
    pass(loop);
  }
  EXPECT_EQ(ledger.decisions.size(), 4U);  // launch; as many wait, and it boots; two; three
}

// The rules are the same, and so are the tasks: another number binds, or for another reason.
TEST_F(LoopTest, RecordsAChangeOfThePolicyAlsoIfTheDecisionIsTheSame) {
  policy.max = 1;
  scaling::Schedule late{"late", scaling::Cron::parse("1 * * * *").value(),
                         scaling::Cron::parse("2 * * * *").value()};
  late.max = 1;
  auto loop = Loop({{"local/small", policy, {late}}}, {queue, capacity, ledger, observer, clock});
  queue.unclaimed = 3;
  pass(loop);
  pass(loop);
  connect_all();
  pass(loop);
  const auto before = ledger.decisions.size();
  pass(loop);
  EXPECT_EQ(ledger.decisions.size(), before);
  clock.advance(seconds(61));
  pass(loop);
  pass(loop);
  EXPECT_EQ(ledger.decisions.size(), before + 1);
}

TEST_F(LoopTest, ADryRunTouchesNothing) {
  queue.unclaimed = 3;
  DryRunCapacity paper([&](const std::stop_token&) { return CapacityList{capacity.live, {}}; });
  DryRunLedger notes(&ledger);
  Loop loop({{"local/small", policy}}, {queue, paper, notes, observer, clock});
  ASSERT_TRUE(loop.run_once({}));
  EXPECT_EQ(paper.would_launch().at("local/small"), 3);
  EXPECT_EQ(capacity.launched, 0);
  EXPECT_THAT(ledger.decisions, IsEmpty());
}

// Waits, without guessing, until the loop has been seen to do something.
class Witness final : public DecisionObserver {
 public:
  void decided(const std::vector<ClassPass>& classes) override {
    const std::lock_guard lock(mutex_);
    live_ = classes.at(0).decision.counts.live();
    changed_.notify_all();
  }
  bool sees_live(std::int64_t live) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds(20), [&] { return live_ == live; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t live_ = -1;
};

TEST_F(LoopTest, RunsUntilItIsStoppedAndWakesForAChange) {
  Witness witness;
  FakeQueue real_queue(system_clock());
  Loop loop({{"local/small", policy}}, {real_queue, capacity, ledger, witness, system_clock()});
  std::jthread thread([&](std::stop_token stop) { loop.run(stop); });
  ASSERT_TRUE(witness.sees_live(0));
  real_queue.unclaimed = 2;
  real_queue.changed.poke();
  EXPECT_TRUE(witness.sees_live(2)) << "it looks again after it has acted";
}

TEST_F(LoopTest, WhatAnotherScalerHasInChargeIsNotEvenLookedAt) {
  auto loop = make_loop();
  queue.unclaimed = 2;
  ledger.charges["local/small"] = {Charge::Kind::anothers, "b is in charge"};
  capacity.listable = false;
  const auto outcome = pass(loop);
  EXPECT_TRUE(outcome.stood_by);
  EXPECT_TRUE(outcome.nothing_ours);
  EXPECT_FALSE(outcome.held);
  EXPECT_EQ(capacity.launched, 0);

  ledger.charges["local/small"] = {Charge::Kind::unknown, "the table is away"};
  EXPECT_TRUE(pass(loop).held);
  EXPECT_EQ(capacity.launched, 0);
}

TEST_F(LoopTest, WhatAnotherScalerRememberedIsLoadedWithTheCharge) {
  auto loop = make_loop();
  pass(loop);
  ledger.memories["local/small"].state = {.failed_boots_in_a_row = 1,
                                          .backoff_until = clock.wall() + minutes(1)};
  queue.unclaimed = 1;
  ledger.charges["local/small"] = {Charge::Kind::newly_ours};
  pass(loop);
  EXPECT_EQ(capacity.launched, 0) << "another's back-off holds for us as well";
}

// Seen when it was last in charge; another scaler has dealt with the end of i0 since then.
TEST_F(LoopTest, WhatEndedWhileItStoodByIsNoFailedBoot) {
  auto loop = make_loop();
  ledger.charges["local/small"] = {Charge::Kind::newly_ours};
  ledger.memories["local/small"].first_seen = {{"i1", clock.wall()}};
  capacity.end("i0");
  capacity.end("i1");
  pass(loop);
  EXPECT_THAT(observer.latest.at(0).snapshot.failed_boots, ElementsAre("i1"));
  ledger.charges["local/small"] = {Charge::Kind::ours};
  capacity.end("i2");  // came and ended between two passes
  pass(loop);
  EXPECT_THAT(observer.latest.at(0).snapshot.failed_boots, ElementsAre("i2"));
}

TEST_F(LoopTest, AChargeThatIsLostBeforeTheActLeavesItUndone) {
  auto loop = make_loop();
  queue.unclaimed = 1;
  ledger.lapsed = true;
  const auto outcome = pass(loop);
  EXPECT_TRUE(outcome.incomplete);
  EXPECT_THAT(outcome.trouble, testing::StartsWith("local/small: the pass took longer"));
  EXPECT_EQ(capacity.launched, 0);
  ledger.lapsed = false;
  pass(loop);
  EXPECT_EQ(capacity.launched, 1);
}

TEST_F(LoopTest, AChargeThatHasLapsedInALongPassIsTakenUpAgain) {
  auto loop = make_loop();
  queue.unclaimed = 1;
  ledger.lapsed = true;
  ledger.renewable = true;
  EXPECT_FALSE(pass(loop).incomplete);
  EXPECT_EQ(capacity.launched, 1);
}

// A stop that comes while the instances are launched.
TEST_F(LoopTest, APassThatIsGivenUpRemembersWhatItLaunchedAndDoesNoMore) {
  auto kept = policy;
  kept.min = 1;
  Loop loop({{"local/small", policy}, {"local/large", kept}},
            {queue, capacity, ledger, observer, clock});
  queue.unclaimed = 2;
  std::stop_source stop;
  capacity.during_launch = [&] { stop.request_stop(); };
  const auto outcome = loop.run_once(stop.get_token());
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->incomplete);
  EXPECT_EQ(outcome->trouble,
            "local/large: the pass was given up, as its time was over; the next goes on");
  EXPECT_EQ(capacity.launched, 2);
  EXPECT_EQ(ledger.memories["local/small"].expected.size(), 2U);
}

TEST_F(LoopTest, APassThatIsGivenUpSaysWhatItWaitedFor) {
  const auto given_up = [&](std::function<void()>& during) {
    auto loop = make_loop();
    std::stop_source stop;
    during = [&] { stop.request_stop(); };
    const auto outcome = loop.run_once(stop.get_token());
    during = [] {};
    EXPECT_EQ(outcome.has_value() ? ErrorKind::internal : outcome.error().kind,
              ErrorKind::cancelled);
    return outcome.has_value() ? "" : outcome.error().message;
  };
  queue.readable = false;
  EXPECT_EQ(given_up(queue.during_read),
            "the pass was given up while the queue was being read: "
            "local/small: the queue is away");
  capacity.unreadable = {{"local/small", "AWS in eu-west-1 is silent"}};
  EXPECT_EQ(given_up(capacity.during_list),
            "the pass was given up while the instances were being listed: "
            "local/small: AWS in eu-west-1 is silent");
  capacity.listable = false;
  EXPECT_THAT(given_up(capacity.during_list), testing::HasSubstr("no list today"));
  ledger.charges["local/small"] = {Charge::Kind::unknown, "the table is silent"};
  EXPECT_EQ(given_up(ledger.during_charge),
            "the pass was given up while what the lease remembers was being read: "
            "local/small: the table is silent");
}

// Of the cloud's throttling nobody must learn as of boots that fail.
TEST_F(LoopTest, ALaunchThatNobodyTookOnIsNoFailure) {
  auto loop = make_loop();
  queue.unclaimed = 2;
  for (const auto kind : {ErrorKind::cancelled, ErrorKind::unavailable, ErrorKind::timeout}) {
    capacity.launch_trouble = Error{kind, "Rate exceeded"};
    const auto outcome = pass(loop);
    EXPECT_TRUE(outcome.incomplete);
    EXPECT_FALSE(outcome.fell_short);
    EXPECT_EQ(outcome.trouble, "local/small: Rate exceeded");
    EXPECT_EQ(ledger.memories["local/small"].failed_launches, 0);
    clock.advance(seconds(5));
  }
  capacity.launch_trouble.reset();
  pass(loop);
  EXPECT_EQ(capacity.launched, 2) << "without a back-off";
}

TEST_F(LoopTest, AMemoryThatCannotBeReadHoldsItsClass) {
  auto loop = make_loop();
  queue.unclaimed = 1;
  ledger.readable = false;
  EXPECT_TRUE(pass(loop).incomplete);
  EXPECT_EQ(capacity.launched, 0);
  ledger.readable = true;
  clock.advance(kFirstRetry);
  pass(loop);
  EXPECT_EQ(capacity.launched, 1);
}

// A provider that lists late would else be asked fifty times a second.
TEST_F(LoopTest, WhatIsNotSeenToBeDoneIsDoneAgainMoreAndMoreSlowly) {
  auto loop = make_loop();
  queue.unclaimed = 1;
  std::vector<Millis> pauses;
  for (int i = 0; i < 10; ++i) {
    pauses.push_back(loop.step({}).pause);
    capacity.live.clear();
  }
  EXPECT_EQ(pauses.at(0), Millis(20));
  EXPECT_EQ(pauses.at(1), Millis(40));
  EXPECT_EQ(pauses.back(), seconds(5));
  loop.step({});
  EXPECT_GT(loop.step({}).pause, seconds(5)) << "it is there now, and nothing was done";
  queue.unclaimed = 2;
  EXPECT_EQ(loop.step({}).pause, Millis(20));
}

// The simulation takes it for a violation.
TEST_F(LoopTest, AnErrorOfOursHoldsAndIsTold) {
  auto loop = make_loop();
  queue.during_read = [] { throw std::out_of_range("map::at"); };
  const auto pace = loop.step({});
  EXPECT_TRUE(pace.deaf);
  EXPECT_EQ(pace.defect, "map::at");
  queue.during_read = [] {};
  EXPECT_EQ(loop.step({}).defect, "");
}

TEST_F(LoopTest, StandingByLooksForTheChargeOnlyNowAndThen) {
  auto loop = make_loop();
  ledger.charges["local/small"] = {Charge::Kind::anothers, "b is in charge"};
  std::jthread running([&](std::stop_token stop) { loop.run(stop); });
  for (int i = 0; i < 20; ++i) {
    queue.changed.poke();
    std::this_thread::sleep_for(Millis(10));
  }
  running.request_stop();
  running.join();
  EXPECT_EQ(ledger.charge_asked, 1);
}

}  // namespace
}  // namespace muster::fleet
