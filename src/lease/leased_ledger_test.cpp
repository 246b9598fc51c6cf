#include "lease/leased_ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <random>

#include <fmt/core.h>

#include "base/log.hpp"
#include "fleet/fakes_for_tests.hpp"
#include "fleet/memory_json.hpp"

namespace muster::lease {
namespace {

using fleet::Charge;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;

// What several scalers share. Its clock is the world's own, in whole seconds as AWS tells it.
struct World {
  ManualClock clock{WallTime(std::chrono::hours(500'000))};
  std::map<std::string, Item> items;
  int writes = 0;
  bool reachable = true;
  int lost_answers = 0;  // of the next writes: they are done, and nobody learns of it
  bool repeats = false;  // a lost write is made again below us, and then is too late
  std::function<Millis()> latency = [] { return Millis(0); };  // of a question, and of its answer
};

class FakeTable final : public LeaseTable {
 public:
  explicit FakeTable(World& world) : world_(world) {}

  Result<Reading> read(const std::string& key, const std::stop_token&) override {
    if (!world_.reachable) return away();
    world_.clock.advance(world_.latency());
    Reading reading{.at = now()};
    if (const auto found = world_.items.find(key); found != world_.items.end()) {
      reading.item = found->second;
    }
    world_.clock.advance(world_.latency());
    return reading;
  }
  Result<WallTime> write(const std::string& key, const Item& item,
                         std::optional<std::int64_t> expected, const std::stop_token&) override {
    if (!world_.reachable) return away();
    world_.clock.advance(world_.latency());
    const auto found = world_.items.find(key);
    const auto there =
        found == world_.items.end() ? std::nullopt : std::optional(found->second.version);
    if (there != expected) return Error{ErrorKind::conflict, "the condition failed"};
    world_.items[key] = item;
    ++world_.writes;
    const auto at = now();
    world_.clock.advance(world_.latency());
    if (world_.lost_answers == 0) return at;
    --world_.lost_answers;
    if (world_.repeats) return Error{ErrorKind::conflict, "the condition failed"};
    return Error{ErrorKind::timeout, "no answer"};
  }

 private:
  static Error away() { return {ErrorKind::unavailable, "the table is away"}; }
  WallTime now() const { return std::chrono::floor<seconds>(world_.clock.wall()); }
  World& world_;
};

// One scaler. Its own wall clock does not matter, and so it has none.
struct Scaler {
  Scaler(World& world, const std::string& owner, std::vector<std::string> keys = {"runners"})
      : ledger(std::make_unique<FakeTable>(world),
               {.owner = owner, .keys = {{"acme/linux", std::move(keys)}}}, decisions,
               world.clock) {}

  Charge charge() { return ledger.take_charge({"acme/linux"}, {}).at("acme/linux"); }
  bool acts() { return ledger.in_charge("acme/linux"); }
  std::int64_t remembered() {
    const auto memory = ledger.load("acme/linux", {});
    EXPECT_TRUE(memory) << memory.error().message;
    return memory ? memory->failed_launches : -1;
  }
  Result<void> remember(std::int64_t number) {
    fleet::ClassMemory memory;
    memory.failed_launches = number;
    return ledger.save("acme/linux", memory, {});
  }

  fleet::FakeLedger decisions;
  LeasedLedger ledger;
};

class LeasedLedgerTest : public testing::Test {
 protected:
  LeasedLedgerTest() { EXPECT_TRUE(log::configure({.format = log::Format::none})); }
  World world;
  Scaler a{world, "a"}, b{world, "b"};
};

TEST_F(LeasedLedgerTest, OneIsInChargeAndTheOtherStandsBy) {
  EXPECT_EQ(a.charge().kind, Charge::Kind::newly_ours);
  EXPECT_TRUE(a.acts());
  const auto other = b.charge();
  EXPECT_EQ(other.kind, Charge::Kind::anothers);
  EXPECT_THAT(other.why, AllOf(HasSubstr("a is in charge of runners"), HasSubstr("until 20")));
  EXPECT_FALSE(b.acts());
  EXPECT_EQ(a.charge().kind, Charge::Kind::ours);
}

TEST_F(LeasedLedgerTest, MemoryGoesFromOneToTheNext) {
  ASSERT_EQ(a.charge().kind, Charge::Kind::newly_ours);
  EXPECT_EQ(a.remembered(), 0);
  ASSERT_TRUE(a.remember(7));
  EXPECT_EQ(b.remembered(), 7) << "a look at what another has";
  a.ledger.hand_over({});
  EXPECT_FALSE(a.acts());
  EXPECT_EQ(b.charge().kind, Charge::Kind::newly_ours);
  EXPECT_EQ(b.remembered(), 7);
}

TEST_F(LeasedLedgerTest, AnEndThatNoLeaseHasIsNotBelievedForEver) {
  for (const auto end : {world.clock.wall() + hours(500'000), WallTime(Millis::max())}) {
    world.items["runners"] = {.version = 5, .owner = "by hand", .expires_at = end};
    Scaler taker{world, "taker"};
    EXPECT_EQ(taker.charge().kind, Charge::Kind::anothers);
    world.clock.advance(seconds(20));
    EXPECT_EQ(taker.charge().kind, Charge::Kind::anothers);
    world.items["runners"].version = 6;
    EXPECT_EQ(taker.charge().kind, Charge::Kind::anothers) << "somebody renews it";
    world.clock.advance(seconds(35));
    EXPECT_EQ(taker.charge().kind, Charge::Kind::anothers);
    world.clock.advance(seconds(2));
    EXPECT_EQ(taker.charge().kind, Charge::Kind::newly_ours);
  }
}

TEST_F(LeasedLedgerTest, AVersionThatHasNoNextIsFollowedByTheFirst) {
  world.items["runners"] = {.version = std::numeric_limits<std::int64_t>::max()};
  EXPECT_EQ(a.charge().kind, Charge::Kind::newly_ours);
  EXPECT_EQ(world.items["runners"].version, 1);
}

TEST_F(LeasedLedgerTest, AGroupOfTwoClassesIsTold) {
  fleet::ClassMemory memory;
  memory.resource_class = "acme/mac";
  world.items["runners"] = {.version = 1,
                            .owner = "x",
                            .expires_at = world.clock.wall() + seconds(20),
                            .memory = fleet::to_json(memory)};
  EXPECT_THAT(a.charge().why, HasSubstr("x is in charge of runners for acme/mac (give each class"));
}

TEST_F(LeasedLedgerTest, ALeaseThatNobodyRenewsIsTakenAfterItsEnd) {
  a.charge();
  ASSERT_TRUE(a.remember(3));
  world.clock.advance(seconds(17));
  EXPECT_FALSE(a.acts()) << "an act of ten seconds would not end in time";
  EXPECT_EQ(b.charge().kind, Charge::Kind::anothers);
  world.clock.advance(seconds(15));
  EXPECT_EQ(b.charge().kind, Charge::Kind::anothers) << "starts after the end";
  world.clock.advance(seconds(2));
  EXPECT_EQ(b.charge().kind, Charge::Kind::newly_ours);
  EXPECT_EQ(b.remembered(), 3);

  EXPECT_FALSE(a.remember(4)) << "too late";
  EXPECT_EQ(a.charge().kind, Charge::Kind::anothers);
  EXPECT_EQ(b.remembered(), 3);
}

TEST_F(LeasedLedgerTest, IsRenewedInTimeAndNoMoreOftenThanNeeded) {
  a.charge();
  for (int i = 0; i < 60; ++i) {
    world.clock.advance(seconds(5));
    ASSERT_EQ(a.charge().kind, Charge::Kind::ours) << i;
    ASSERT_TRUE(a.acts());
  }
  EXPECT_EQ(world.writes, 1 + 30);
  EXPECT_LE(*a.ledger.charge_lasts(), seconds(10));
}

TEST_F(LeasedLedgerTest, ALapseThatNobodyNoticedChangesNothing) {
  a.charge();
  ASSERT_TRUE(a.remember(5));
  world.clock.advance(minutes(10));
  EXPECT_FALSE(a.acts());
  EXPECT_EQ(a.charge().kind, Charge::Kind::ours);
  EXPECT_TRUE(a.acts());
}

TEST_F(LeasedLedgerTest, ALapseInWhichAnotherCameAndWentIsNoticed) {
  a.charge();
  world.clock.advance(minutes(1));
  b.charge();
  ASSERT_TRUE(b.remember(9));
  b.ledger.hand_over({});
  EXPECT_EQ(a.charge().kind, Charge::Kind::newly_ours) << "what is remembered has changed";
  EXPECT_EQ(a.remembered(), 9);
}

TEST_F(LeasedLedgerTest, AWriteWhoseAnswerWasLostIsOurOwn) {
  a.charge();
  world.lost_answers = 1;
  EXPECT_FALSE(a.remember(1));
  EXPECT_TRUE(a.remember(2));
  EXPECT_EQ(b.remembered(), 2);
  EXPECT_EQ(a.charge().kind, Charge::Kind::ours);
}

TEST_F(LeasedLedgerTest, ATakingWhoseAnswerWasLostIsOurOwn) {
  world.lost_answers = 1;
  EXPECT_EQ(a.charge().kind, Charge::Kind::unknown);
  EXPECT_EQ(a.charge().kind, Charge::Kind::newly_ours);
  EXPECT_TRUE(a.acts());
}

TEST_F(LeasedLedgerTest, WhatWasWrittenWithoutAnAnswerIsGivenBack) {
  a.charge();
  world.lost_answers = 1;
  EXPECT_FALSE(a.remember(6));
  a.ledger.hand_over({});
  EXPECT_EQ(b.charge().kind, Charge::Kind::newly_ours) << "at once";
  EXPECT_EQ(b.remembered(), 6) << "what was written last";
  b.ledger.hand_over({});

  world.lost_answers = 1;
  EXPECT_EQ(a.charge().kind, Charge::Kind::unknown);
  a.ledger.hand_over({});
  EXPECT_EQ(b.charge().kind, Charge::Kind::newly_ours);
}

TEST_F(LeasedLedgerTest, WhatAnotherHasTakenIsNotGivenBack) {
  a.charge();
  world.clock.advance(minutes(1));
  b.charge();
  a.ledger.hand_over({});
  EXPECT_EQ(b.charge().kind, Charge::Kind::ours);
  EXPECT_TRUE(b.acts());
}

TEST_F(LeasedLedgerTest, WhileTheTableIsAwayTheChargeLastsToItsEnd) {
  a.charge();
  world.reachable = false;
  world.clock.advance(seconds(15));
  EXPECT_EQ(a.charge().kind, Charge::Kind::ours);
  EXPECT_FALSE(a.remember(1)) << "nothing new is decided";
  world.clock.advance(seconds(10));
  const auto charge = a.charge();
  EXPECT_EQ(charge.kind, Charge::Kind::unknown);
  EXPECT_THAT(charge.why, HasSubstr("the table is away"));
  EXPECT_EQ(b.charge().kind, Charge::Kind::unknown);
  world.reachable = true;
  EXPECT_EQ(a.charge().kind, Charge::Kind::ours);
}

TEST_F(LeasedLedgerTest, AnUnreadableMemoryIsSaid) {
  world.items["runners"] = {.version = 1, .memory = "[]"};
  EXPECT_EQ(a.charge().kind, Charge::Kind::newly_ours);
  const auto memory = a.ledger.load("acme/linux", {});
  ASSERT_FALSE(memory);
  EXPECT_THAT(memory.error().message, HasSubstr("delete the item"));
}

// Whose files give a class other groups: no one of them is ever scaled by two.
class SeveralGroupsTest : public testing::Test {
 protected:
  SeveralGroupsTest() { EXPECT_TRUE(log::configure({.format = log::Format::none})); }
  World world;
  Scaler both{world, "both", {"x/a", "x/b"}};
  Scaler first{world, "first", {"x/a"}}, second{world, "second", {"x/b"}};
};

TEST_F(SeveralGroupsTest, WhoHoldsAllIsInChargeAndNobodyElseOfAnyOfThem) {
  EXPECT_EQ(both.charge().kind, Charge::Kind::newly_ours);
  EXPECT_TRUE(both.acts());
  EXPECT_THAT(first.charge().why, HasSubstr("both is in charge of x/a"));
  EXPECT_THAT(second.charge().why, HasSubstr("both is in charge of x/b"));
  both.ledger.hand_over({});
  EXPECT_TRUE(first.charge().is_ours());
  EXPECT_TRUE(second.charge().is_ours());
}

TEST_F(SeveralGroupsTest, WhoCannotHaveAllKeepsNoneAndWritesNothing) {
  ASSERT_TRUE(second.charge().is_ours());
  const auto writes = world.writes;
  const auto charge = both.charge();
  EXPECT_EQ(charge.kind, Charge::Kind::anothers);
  EXPECT_THAT(charge.why, HasSubstr("second is in charge of x/b"));
  EXPECT_FALSE(both.acts());
  EXPECT_EQ(world.writes, writes);
  EXPECT_TRUE(first.charge().is_ours());
}

TEST_F(SeveralGroupsTest, WhoLosesOneGivesBackTheOthers) {
  ASSERT_TRUE(both.charge().is_ours());
  world.clock.advance(minutes(1));
  ASSERT_TRUE(second.charge().is_ours()) << "while nobody renewed";
  EXPECT_EQ(both.charge().kind, Charge::Kind::anothers);
  EXPECT_FALSE(both.acts());
  EXPECT_TRUE(first.charge().is_ours()) << "at once";
}

TEST_F(SeveralGroupsTest, AllAreRenewedAndTheMemoryIsInTheFirst) {
  both.charge();
  ASSERT_TRUE(both.remember(4));
  for (int i = 0; i < 60; ++i) {
    world.clock.advance(seconds(5));
    ASSERT_EQ(both.charge().kind, Charge::Kind::ours) << i;
    ASSERT_TRUE(both.acts()) << i;
    ASSERT_FALSE(second.charge().is_ours()) << i;
  }
  EXPECT_EQ(first.remembered(), 4);
  EXPECT_EQ(second.remembered(), 0);
}

// Whatever they do and whoever is stopped for however long: never two at once, and what one wrote
// down the next one finds.
TEST(LeasedLedgerProperty, NeverTwoInCharge) {
  ASSERT_TRUE(log::configure({.format = log::Format::none}));
  const auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 dice(seed);
  const auto roll = [&](int most) {
    return static_cast<int>(dice() % static_cast<unsigned>(most));
  };
  for (int round = 0; round < 50; ++round) {
    World world;
    std::vector<std::unique_ptr<Scaler>> scalers;
    for (const auto* name : {"a", "b", "c"}) {
      std::vector<std::string> keys{"shared"};  // the first of all that they have
      for (const auto* other : {"u", "v", "w"}) {
        if (roll(2) == 0) keys.emplace_back(other);
      }
      scalers.push_back(std::make_unique<Scaler>(world, name, std::move(keys)));
    }
    std::int64_t written = 0;
    std::array<MonotonicTime, 3> acting_until{};  // of acts that were begun, at the latest
    for (int step = 0; step < 300; ++step) {
      world.reachable = roll(10) != 0;
      world.lost_answers = roll(10) == 0 ? 1 : 0;
      world.repeats = roll(2) == 0;
      world.latency = [&] { return milliseconds(roll(10) == 0 ? roll(20'000) : roll(200)); };
      const auto chosen = static_cast<std::size_t>(roll(3));
      auto& one = *scalers[chosen];
      acting_until[chosen] = {};  // it does one thing at a time
      const auto charge = one.charge();
      if (charge.kind == Charge::Kind::newly_ours && world.reachable) {
        ASSERT_EQ(one.remembered(), written) << "step " << step;
      }
      world.lost_answers = 0;
      if (charge.is_ours() && one.remember(written + 1)) ++written;
      if (roll(20) == 0) one.ledger.hand_over({});
      for (std::size_t i = 0; i < scalers.size(); ++i) {
        if (scalers[i]->acts()) acting_until[i] = world.clock.monotonic() + fleet::kLongestAct;
      }
      const auto acting = std::ranges::count_if(
          acting_until, [&](const auto& until) { return until > world.clock.monotonic(); });
      ASSERT_LE(acting, 1) << "step " << step;
      world.clock.advance(milliseconds(roll(roll(10) == 0 ? 60'000 : 4'000)));
    }
    EXPECT_GT(written, 0);
  }
}

}  // namespace
}  // namespace muster::lease
