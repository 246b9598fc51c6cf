#include "scaling/placement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scaling/invariants.hpp"
#include "scaling/world_for_tests.hpp"

namespace muster::scaling {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Launches = std::vector<std::int64_t>;

constexpr ShortageBackoff kBackoff{minutes(1), minutes(10)};

// --- Which group launches how many --------------------------------------------------------------

struct Placing {
  std::string name;
  std::int64_t launches;
  std::vector<Room> rooms;
  Launches expected;
};

class Placements : public testing::TestWithParam<Placing> {};

TEST_P(Placements, GoToTheFirstThatIsNotShortAndHasRoom) {
  const auto& [name, launches, rooms, expected] = GetParam();
  Launches placed;
  for (const auto& share : place(launches, rooms)) placed.push_back(share.launches);
  EXPECT_EQ(placed, expected);
}

constexpr Room with_room(std::int64_t free) {
  return {.free = free};
}
constexpr Room short_of(std::int64_t free) {
  return {.free = free, .is_short = true};
}
constexpr Room tried(std::int64_t free, std::int64_t coming = 0) {
  return {.free = free, .coming = coming, .is_tried = true};
}

INSTANTIATE_TEST_SUITE_P(
    Table, Placements,
    testing::Values(
        Placing{"the_first", 3, {with_room(5), with_room(5)}, {3, 0}},
        Placing{"the_next_takes_what_the_first_cannot", 3, {with_room(2), with_room(5)}, {2, 1}},
        Placing{"a_full_one_takes_none", 3, {with_room(0), with_room(-2), with_room(5)}, {0, 0, 3}},
        Placing{"a_short_one_takes_none", 3, {short_of(5), with_room(5)}, {0, 3}},
        Placing{"one_that_was_short_is_tried_with_one", 3, {tried(5), with_room(5)}, {1, 2}},
        Placing{"and_with_no_other_until_that_has_come", 3, {tried(5, 1), with_room(5)}, {0, 3}},
        Placing{"one_without_room_is_not_tried", 3, {tried(0), with_room(5)}, {0, 3}},
        Placing{"what_nobody_takes_waits", 3, {short_of(5), with_room(1)}, {0, 1}},
        Placing{"all_short", 3, {short_of(5), short_of(5)}, {0, 0}},
        Placing{"nothing_to_launch", 0, {with_room(5), tried(5)}, {0, 0}},
        Placing{"no_group", 3, {}, {}}),
    [](const auto& shown) { return shown.param.name; });

TEST(Withdrawals, AreOfTheLeastPreferredFirst) {
  EXPECT_THAT(withdraw_from(3, {2, 0, 2}), ElementsAre(1, 0, 2));
  EXPECT_THAT(withdraw_from(9, {2, 1}), ElementsAre(2, 1));
  EXPECT_THAT(withdraw_from(0, {2, 1}), ElementsAre(0, 0));
}

// --- What is remembered of a shortage -----------------------------------------------------------

Group group(std::string name) {
  return {.name = std::move(name), .most = 10};
}
Group refusing(std::string name, std::string why = "no capacity") {
  return {.name = std::move(name), .most = 10, .refused = std::move(why)};
}

std::vector<Shortage> after(const std::vector<Shortage>& before, Group seen, Millis later = {}) {
  return shortages_after(before, {std::move(seen)}, kBackoff, kNow + later);
}

TEST(Shortages, DoubleUpToABound) {
  std::vector<Shortage> known;
  Millis at{};
  for (const auto pause : {1, 2, 4, 8, 10, 10}) {
    known = after(known, refusing("spot"), at);
    ASSERT_THAT(known, ElementsAre(testing::Field(&Shortage::until, kNow + at + minutes(pause))));
    at += minutes(pause);
  }
  EXPECT_EQ(known[0].refusals, 6);
  EXPECT_EQ(known[0].why, "no capacity");
}

TEST(Shortages, CountOneRefusalAtATime) {
  const auto known = after({}, refusing("spot"));
  EXPECT_EQ(after(known, refusing("spot", "another"), seconds(30)), known)
      << "that was asked for before";
}

TEST(Shortages, AreForgottenOnceOneHasComeThatWasTried) {
  const auto known = after({}, refusing("spot"));
  auto come = group("spot");
  come.came = true;
  EXPECT_EQ(after(known, come, seconds(59)), known) << "that may have been asked for before";
  EXPECT_EQ(after(known, group("spot"), minutes(1)), known) << "none was tried";
  EXPECT_THAT(after(known, come, minutes(1)), IsEmpty());
  auto some = refusing("spot");
  some.came = true;
  EXPECT_EQ(after(known, some, minutes(1)).at(0).refusals, 2) << "and not if others were refused";
}

TEST(Shortages, AreThoseOfGroupsThatThereAre) {
  EXPECT_THAT(after(after({}, refusing("spot")), group("another")), IsEmpty());
}

TEST(Shortages, EndThoughTheClockWasSetBack) {
  const auto known = after({}, refusing("spot"), std::chrono::hours(5));
  EXPECT_EQ(after(known, group("spot")).at(0).until, kNow + minutes(10));
}

// --- What decide() makes of it ------------------------------------------------------------------

std::vector<Group> spot_and_reserve() {
  return {group("spot"), group("reserve")};
}
std::vector<Group> refusing_spot() {
  return {refusing("spot"), group("reserve")};
}

std::string words(const Decision& decision, Rule rule) {
  const auto found = std::ranges::find(decision.reasons, rule, &Reason::rule);
  return found == decision.reasons.end() ? "" : describe(*found);
}

TEST(Groups, LaunchInOrderOfPreference) {
  const auto decision = World().bounds(0, 20).demand(3, 0).in(spot_and_reserve()).decide();
  EXPECT_THAT(decision.places, ElementsAre(Placed{"spot", 3, 0}));
  EXPECT_EQ(words(decision, Rule::placed), "spot is the first that has room: launch 3 of 3 there");
}

TEST(Groups, FallBackAtOnceAndWithdrawWhatWasRefused) {
  const auto decision =
      World().bounds(0, 20).demand(3, 0).requested(3).in(refusing_spot()).decide();
  EXPECT_THAT(decision.places, ElementsAre(Placed{"reserve", 3, 0}, Placed{"spot", 0, 3}));
  EXPECT_EQ(decision.next.failed_boots_in_a_row, 0) << "it is no boot of the class";
  EXPECT_FALSE(decision.next.backoff_until);
  EXPECT_EQ(decision.desired, 3);
  EXPECT_THAT(words(decision, Rule::not_come), HasSubstr("3 instances requested of spot"));
  EXPECT_EQ(decision.revisit_at, kNow + minutes(1));
}

// Two wait, then three: the back-off over, one is tried; come, the next are as ever.
TEST(Groups, TryOneOnceTheBackOffIsOver) {
  World world;
  world.bounds(0, 20).demand(2, 0).in(refusing_spot());
  EXPECT_THAT(world.decide_and_remember().places, ElementsAre(Placed{"reserve", 2, 0}));
  world.in(spot_and_reserve()).later(seconds(59));
  EXPECT_THAT(world.decide().places, ElementsAre(Placed{"reserve", 2, 0}));
  EXPECT_THAT(words(world.decide(), Rule::shortage),
              HasSubstr("spot is short (no capacity), and is tried again at "));
  world.later(seconds(1));
  EXPECT_THAT(world.decide_and_remember().places,
              ElementsAre(Placed{"spot", 1, 0}, Placed{"reserve", 1, 0}));
  auto groups = spot_and_reserve();
  groups[0].came = true;
  EXPECT_THAT(world.in(groups).decide().places, ElementsAre(Placed{"spot", 2, 0}));
}

TEST(Groups, BackOffTogetherOnceAllAreShort) {
  const auto decision =
      World().bounds(0, 20).demand(2, 0).in({refusing("spot"), refusing("reserve")}).decide();
  EXPECT_EQ(decision.launch, 0);
  EXPECT_THAT(decision.places, IsEmpty());
  EXPECT_EQ(decision.reasons.back().rule, Rule::shortage);
  EXPECT_EQ(describe(decision.reasons.back()), "no other group has room: launch 0 instead of 2");
  EXPECT_EQ(decision.revisit_at, kNow + minutes(1));
}

TEST(Groups, TakeWhatNeverComesForRefused) {
  const auto decision =
      World().bounds(0, 20).demand(1, 0).requested(1, minutes(6)).in(spot_and_reserve()).decide();
  EXPECT_THAT(decision.places, ElementsAre(Placed{"reserve", 1, 0}, Placed{"spot", 0, 1}));
  EXPECT_EQ(decision.next.failed_boots_in_a_row, 0);
}

TEST(Groups, LeaveFailedBootsToTheClass) {
  const auto decision =
      World().bounds(0, 20).demand(1, 0).ended_unseen({"i-9"}).in(spot_and_reserve()).decide();
  EXPECT_EQ(decision.next.failed_boots_in_a_row, 1);
  EXPECT_EQ(decision.launch, 0);
  EXPECT_THAT(decision.next.shortages, IsEmpty());
}

TEST(Groups, GiveUpTheLeastPreferredFirst) {
  auto world = World().bounds(0, 20).demand(1, 0).requested(4);
  world.in(spot_and_reserve()).moving({2, 3}, 1);
  EXPECT_THAT(world.decide().places, ElementsAre(Placed{"spot", 0, 1}, Placed{"reserve", 0, 2}));
}

TEST(Groups, NeverPassTheirMaxima) {
  auto groups = spot_and_reserve();
  groups[0].most = 2, groups[1].most = 1;
  auto world = World().bounds(0, 20).demand(5, 1).with(1, InstanceState::busy);
  const auto decision = world.in(groups).decide();
  EXPECT_THAT(decision.places, ElementsAre(Placed{"spot", 1, 0}, Placed{"reserve", 1, 0}));
  EXPECT_EQ(decision.reasons.back().rule, Rule::maximum);
}

TEST(Groups, AreLeftAloneWhileNobodyKnowsTheQueue) {
  const auto decision =
      World().bounds(1, 20).unknown().requested(1, minutes(6)).in(refusing_spot()).decide();
  EXPECT_EQ(decision.withdraw, 0);
  EXPECT_EQ(decision.next.shortages.size(), 1U) << "what was refused is remembered";
}

// --- The checkers can fail ----------------------------------------------------------------------

TEST(GroupInvariants, AreSeenToBeBroken) {
  const auto world = World().bounds(0, 20).demand(3, 0).in(refusing_spot());
  const auto right = world.decide();
  ASSERT_THAT(violations(world.snapshot(), right), IsEmpty());
  const auto broken = [&](auto how) {
    auto wrong = right;
    how(wrong);
    return !violations_in_groups(world.snapshot(), wrong).empty();
  };
  EXPECT_TRUE(broken([](auto& d) { d.places[0].group = "spot"; })) << "it is short";
  EXPECT_TRUE(broken([](auto& d) { d.places[0].launch = 2; })) << "one is launched nowhere";
  EXPECT_TRUE(broken([](auto& d) { d.places[0].launch = d.launch = 11; })) << "too many";
  EXPECT_TRUE(broken([](auto& d) { d.places[0].group = "another"; })) << "there is none";
  EXPECT_TRUE(broken([](auto& d) { d.places[0].withdraw = d.withdraw = 1; })) << "both at once";
  EXPECT_TRUE(broken([](auto& d) { d.next.shortages.clear(); })) << "spot has room";
}

}  // namespace
}  // namespace muster::scaling
