#include "capacity/auto_scaling_group.hpp"

#include <filesystem>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/sleep.hpp"

namespace muster::capacity {
namespace {

using std::chrono::minutes;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

// A region with one group, which behaves as the test says.
struct Region {
  aws::AutoScalingGroup group{.name = "runners", .max = 10, .protects_new_instances = true};
  std::optional<aws::AutoScalingGroup> lagging;  // an older state, shown in its place
  std::vector<aws::ScalingActivity> activities;
  std::vector<int> desired;  // each value that was set
  std::vector<std::string> terminated;
  std::optional<Error> not_ended;  // why none is
  std::optional<Error> trouble;
  std::optional<Error> no_activities;
  int asked_for_activities = 0;
  int asked_to_suspend = 0;
  bool no_suspending = false;
  bool silent = false;             // until the asker has lost his patience
  bool activities_silent = false;  // likewise
  bool suspending_silent = false;  // likewise
  bool writing_silent = false;     // likewise
  Millis ahead{0};                 // AWS's clock, of ours

  void instance(const std::string& id, const std::string& state) {
    group.instances.push_back({.id = id,
                               .lifecycle_state = state,
                               .protected_from_scale_in = group.protects_new_instances});
  }
};

class RegionApi final : public GroupApi {
 public:
  RegionApi(Region& region, const Clock& clock) : region_(region), clock_(clock) {}
  std::string region() const override { return "eu-west-1"; }
  Result<std::vector<aws::AutoScalingGroup>> groups(std::span<const std::string> names,
                                                    const std::stop_token& stop) override {
    if (region_.silent) return given_up(stop);
    if (region_.trouble) return *region_.trouble;
    std::vector<aws::AutoScalingGroup> found;
    for (const auto& name : names) {
      if (name == region_.group.name) found.push_back(region_.lagging.value_or(region_.group));
    }
    return found;
  }
  Result<std::vector<aws::ScalingActivity>> activities(const std::string&, int,
                                                       const std::stop_token& stop) override {
    ++region_.asked_for_activities;
    if (region_.activities_silent) return given_up(stop);
    if (region_.no_activities) return *region_.no_activities;
    return region_.activities;
  }
  Result<void> set_desired_capacity(const std::string&, int desired,
                                    const std::stop_token& stop) override {
    if (region_.trouble) return *region_.trouble;
    if (region_.writing_silent) return given_up(stop);
    region_.desired.push_back(desired);
    region_.group.desired = desired;
    return ok();
  }
  Result<void> terminate(const std::string& id, const std::stop_token&) override {
    region_.terminated.push_back(id);
    if (region_.not_ended) return *region_.not_ended;
    return ok();
  }
  Result<void> suspend_process(const std::string&, const std::string& process,
                               const std::stop_token& stop) override {
    ++region_.asked_to_suspend;
    if (region_.suspending_silent) return given_up(stop);
    if (region_.no_suspending) return Error{ErrorKind::forbidden, "not allowed"};
    region_.group.suspended_processes.push_back(process);
    return ok();
  }
  WallTime now() override { return clock_.wall() + region_.ahead; }

 private:
  static Error given_up(const std::stop_token& stop) {
    sleep_for(std::chrono::minutes(1), stop);
    return {ErrorKind::cancelled, "stopped waiting"};
  }

  Region& region_;
  const Clock& clock_;
};

class AutoScalingGroupsTest : public testing::Test {
 protected:
  AutoScalingGroupsTest() { EXPECT_TRUE(log::configure({.format = log::Format::none})); }

  std::vector<std::string> live() {
    std::vector<std::string> ids;
    const auto listed = groups.list({});
    for (const auto& instance : listed->live) ids.push_back(instance.id);
    return ids;
  }

  Region region;
  // What is logged while `act` runs.
  template <class Act>
  std::string logged_by(Act act) {
    const std::filesystem::path file = testing::TempDir() + "auto_scaling_group_test.log";
    EXPECT_TRUE(log::configure({.format = log::Format::text, .file = file}));
    act();
    EXPECT_TRUE(log::configure({.format = log::Format::none}));
    auto lines = read_file(file, 1 << 20).value();
    std::filesystem::remove(file);
    return lines;
  }

  ManualClock clock{WallTime(std::chrono::hours(500'000))};
  AutoScalingGroups groups{
      std::make_unique<RegionApi>(region, clock), {{{"acme/linux"}, {.group = "runners"}}}, clock};
};

TEST_F(AutoScalingGroupsTest, OneOfSeveralGroupsIsToldByWhatItsClassCallsIt) {
  const fleet::Place place{"acme/linux", "eu-west-1/runners"};
  AutoScalingGroups several(std::make_unique<RegionApi>(region, clock),
                            {{place, {.label = place.group, .group = "runners"}}}, clock);
  region.instance("i-1", "InService");
  region.group.desired = 1;
  EXPECT_TRUE(several.list({}));
  EXPECT_THAT(*several.launch(place, 1, {}), ElementsAre("eu-west-1/runners/pending-1"));
  const auto listed = several.list({});
  ASSERT_EQ(listed->live.size(), 2U);
  for (const auto& instance : listed->live) {
    EXPECT_EQ(instance.resource_class, "acme/linux");
    EXPECT_EQ(instance.group, place.group);
  }
  EXPECT_EQ(listed->most.at(place), 10);
  EXPECT_EQ(several.launch({"acme/linux"}, 1, {}).error().kind, ErrorKind::not_found);
}

TEST_F(AutoScalingGroupsTest, ListsWhatLivesAndWhatIsStillToCome) {
  region.instance("i-1", "InService");
  region.instance("i-2", "Pending:Wait");
  region.instance("i-3", "Terminating:Wait");
  region.instance("i-4", "Standby");
  region.group.desired = 4;
  EXPECT_THAT(live(), UnorderedElementsAre("i-1", "i-2", "runners/pending-1", "runners/pending-2"));
}

TEST_F(AutoScalingGroupsTest, ASilentRegionIsGivenUpByName) {
  AutoScalingGroups hasty(std::make_unique<RegionApi>(region, clock),
                          {{{"acme/linux"}, {.group = "runners"}}}, clock, {.list = Millis(20)});
  region.silent = true;
  const auto none = hasty.list({});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::timeout);
  EXPECT_EQ(
      none.error().message,
      "AWS in eu-west-1 did not answer within 20ms; check that eu-west-1 is the region meant, "
      "and that this machine reaches AWS");

  region.silent = false;
  region.activities_silent = true;
  region.group.desired = 1;
  const auto listed = hasty.list({});
  ASSERT_TRUE(listed) << "the groups themselves are known";
  EXPECT_EQ(listed->live.size(), 1U);
  EXPECT_EQ(region.asked_for_activities, 1);

  region.silent = true;
  clock.advance(std::chrono::seconds(2));
  EXPECT_EQ(hasty.launch({"acme/linux"}, 1, {}).error().kind, ErrorKind::timeout);
  EXPECT_THAT(region.desired, IsEmpty());
}

// A lease may end while a call takes long, and jobs wait meanwhile.
TEST_F(AutoScalingGroupsTest, LaunchesInTimeEvenIfTheRebalancingIsNotToBeSuspended) {
  AutoScalingGroups hasty(std::make_unique<RegionApi>(region, clock),
                          {{{"acme/linux"}, {.group = "runners", .suspend_rebalancing = true}}},
                          clock, {.list = Millis(20)});
  region.suspending_silent = true;
  ASSERT_TRUE(hasty.list({}));
  EXPECT_THAT(*hasty.launch({"acme/linux"}, 1, {}), ElementsAre("runners/pending-1"));
  EXPECT_EQ(region.asked_to_suspend, 1);
}

TEST_F(AutoScalingGroupsTest, WritesWhatLivesAndIsToComeAndIsLaunched) {
  region.instance("i-1", "InService");
  region.group.desired = 2;
  live();
  EXPECT_THAT(*groups.launch({"acme/linux"}, 3, {}),
              ElementsAre("runners/pending-2", "runners/pending-3", "runners/pending-4"));
  EXPECT_THAT(region.desired, ElementsAre(5));
  // Nobody has come yet: nothing is forgotten, and nothing counted twice.
  EXPECT_EQ(live().size(), 5U);
}

TEST_F(AutoScalingGroupsTest, SuspendsRebalancingBeforeItLaunchesIfToldTo) {
  live();
  EXPECT_TRUE(groups.launch({"acme/linux"}, 1, {}));
  EXPECT_EQ(region.asked_to_suspend, 0) << "nobody asked for it";

  AutoScalingGroups careful(std::make_unique<RegionApi>(region, clock),
                            {{{"acme/linux"}, {.group = "runners", .suspend_rebalancing = true}}},
                            clock);
  region.no_suspending = true;
  for (int i = 1; i <= 2; ++i) {
    ASSERT_TRUE(careful.list({}));
    EXPECT_EQ(careful.launch({"acme/linux"}, 1, {})->size(), 1U) << "jobs do not wait for it";
    EXPECT_EQ(region.asked_to_suspend, i);
  }
  region.no_suspending = false;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(careful.list({}));
    EXPECT_TRUE(careful.launch({"acme/linux"}, 1, {}));
    EXPECT_EQ(region.asked_to_suspend, 3);
  }
  EXPECT_TRUE(region.group.has_suspended("AZRebalance"));
}

// Its end has lowered the desired capacity already.
TEST_F(AutoScalingGroupsTest, DoesNotCountWhomItHasJustEnded) {
  for (const auto* id : {"i-1", "i-2"}) region.instance(id, "InService");
  region.group.desired = 2;
  live();
  EXPECT_TRUE(groups.reap("i-1", {}));
  EXPECT_TRUE(groups.launch({"acme/linux"}, 1, {}));
  EXPECT_THAT(region.desired, ElementsAre(2)) << "one that lives, and one more";
}

TEST_F(AutoScalingGroupsTest, WhoHasGoneAndIsStillShownHasEnded) {
  region.instance("i-1", "InService");
  live();
  region.not_ended = Error{ErrorKind::invalid,
                           "autoscaling:TerminateInstanceInAutoScalingGroup failed with "
                           "ValidationError: Instance Id not found - No managed instance found for "
                           "instance ID: i-1"};
  EXPECT_TRUE(groups.reap("i-1", {}));
  region.not_ended->message = "ValidationError: something else";
  EXPECT_FALSE(groups.reap("i-1", {}));
}

TEST_F(AutoScalingGroupsTest, NeverWritesLessThanWhatLives) {
  for (const auto* id : {"i-1", "i-2", "i-3"}) region.instance(id, "InService");
  region.group.desired = 1;  // somebody has lowered it, and protection kept the instances
  live();
  EXPECT_TRUE(groups.withdraw({"acme/linux"}, 1, {}));
  EXPECT_THAT(region.desired, IsEmpty());
  EXPECT_TRUE(groups.launch({"acme/linux"}, 1, {}));
  EXPECT_THAT(region.desired, ElementsAre(4));
}

TEST_F(AutoScalingGroupsTest, KeepsTheGroupsOwnMaximum) {
  region.group.max = 2;
  live();
  EXPECT_EQ(groups.launch({"acme/linux"}, 5, {})->size(), 2U);
  EXPECT_THAT(region.desired, ElementsAre(2));
  EXPECT_THAT(*groups.launch({"acme/linux"}, 1, {}), IsEmpty());
  EXPECT_THAT(region.desired, ElementsAre(2));
}

TEST_F(AutoScalingGroupsTest, TellsOnceThatTheGroupsOwnMaximumIsInTheWay) {
  region.group.max = 2;
  AutoScalingGroups larger(std::make_unique<RegionApi>(region, clock),
                           {{{"acme/linux"}, {.group = "runners", .most = 5}}}, clock);
  const auto logged = logged_by([&] {
    for (int pass = 0; pass < 3; ++pass) EXPECT_EQ(larger.list({})->most.at({"acme/linux"}), 2);
  });
  const auto told = logged.find("the group's own maximum is in the way");
  ASSERT_NE(told, std::string::npos) << logged;
  EXPECT_EQ(logged.find("the group's own maximum", told + 1), std::string::npos) << logged;
  region.group.max = 5;
  EXPECT_EQ(logged_by([&] { EXPECT_TRUE(larger.list({})); }), "");
}

TEST_F(AutoScalingGroupsTest, TellsAnEndOnce) {
  region.instance("i-1", "InService");
  live();
  region.group.instances[0].lifecycle_state = "Terminating";
  const auto listed = groups.list({});
  ASSERT_EQ(listed->ended.size(), 1U);
  EXPECT_EQ(listed->ended[0].id, "i-1");
  EXPECT_THAT(groups.list({})->ended, IsEmpty());
}

TEST_F(AutoScalingGroupsTest, WhatWasAskedForAndCameIsNoEnd) {
  live();
  EXPECT_TRUE(groups.launch({"acme/linux"}, 1, {}));
  EXPECT_THAT(live(), ElementsAre("runners/pending-1"));
  region.instance("i-1", "Pending");
  const auto listed = groups.list({});
  EXPECT_EQ(listed->live.size(), 1U);
  EXPECT_THAT(listed->ended, IsEmpty());
}

TEST_F(AutoScalingGroupsTest, TellsWhyALaunchFailedOnce) {
  live();
  EXPECT_EQ(region.asked_for_activities, 0) << "nothing is missing";
  EXPECT_TRUE(groups.launch({"acme/linux"}, 2, {}));
  const auto old = clock.wall() - minutes(1);
  const auto later = clock.wall() + std::chrono::seconds(5);
  region.activities = {
      {"a-3", "Failed", "We currently do not have sufficient t3.micro capacity.",
       "Launching a new EC2 instance.  Status Reason: …", "", later, later},
      {"a-2", "Failed", "an old trouble", "Launching a new EC2 instance.", "", old, old}};
  EXPECT_THAT(groups.list({})->failed_launches.at({"acme/linux"}).why,
              HasSubstr("sufficient t3.micro"));
  EXPECT_THAT(groups.list({})->failed_launches, IsEmpty());
  region.activities.insert(region.activities.begin(),
                           {"a-4", "Failed", "again", "Launching", "", later, later});
  EXPECT_EQ(groups.list({})->failed_launches.at({"acme/linux"}).why, "again");
}

TEST_F(AutoScalingGroupsTest, FailuresAreDatedByTheClockOfAws) {
  region.ahead = -minutes(3);
  live();
  EXPECT_TRUE(groups.launch({"acme/linux"}, 1, {}));
  const auto old = clock.wall() + region.ahead - std::chrono::seconds(1);
  region.activities = {{"a-1", "Failed", "an old trouble", "Launching", "", old, old}};
  EXPECT_THAT(groups.list({})->failed_launches, IsEmpty());
  const auto later = clock.wall() + region.ahead + std::chrono::seconds(1);
  region.activities.insert(region.activities.begin(),
                           {"a-2", "Failed", "a new one", "Launching", "", later, later});
  EXPECT_EQ(groups.list({})->failed_launches.at({"acme/linux"}).why, "a new one");
}

TEST_F(AutoScalingGroupsTest, TellsOnceThatItCannotReadWhyNothingComes) {
  region.group.desired = 1;
  const auto look = [&](std::optional<Error> trouble) {
    region.no_activities = std::move(trouble);
    EXPECT_TRUE(groups.list({}));
  };
  const auto denied = [](int request) {
    return Error{ErrorKind::forbidden, fmt::format("AccessDenied (request {})", request)};
  };
  const auto lines = logged_by([&] {
    look(denied(1));
    look(denied(2));
    look(Error{ErrorKind::unavailable, "Throttling"});
    look(std::nullopt);
    look(denied(3));
    look(denied(4));
  });
  EXPECT_THAT(lines, AllOf(HasSubstr("request 1"), HasSubstr("Throttling"), HasSubstr("request 3"),
                           Not(HasSubstr("request 2")), Not(HasSubstr("request 4"))));
}

TEST_F(AutoScalingGroupsTest, NeverAsksForLessThanTheGroupsMinimumAndTellsTheCureOnce) {
  region.group.min = region.group.desired = 1;
  const auto lines = logged_by([&] {
    live();
    EXPECT_TRUE(groups.withdraw({"acme/linux"}, 1, {}));
    EXPECT_THAT(region.desired, IsEmpty());
    region.instance("i-1", "InService");
    region.instance("i-2", "InService");
    region.group.desired = 2;
    live();
    EXPECT_TRUE(groups.reap("i-1", {}));
    EXPECT_TRUE(groups.reap("i-2", {}));
    EXPECT_THAT(region.terminated, ElementsAre("i-1"));
  });
  constexpr auto kCure = "MinSize to 0";
  EXPECT_THAT(lines, HasSubstr(kCure));
  EXPECT_EQ(lines.find(kCure), lines.rfind(kCure)) << lines;
}

TEST_F(AutoScalingGroupsTest, TellsOnceThatNewInstancesAreNotProtected) {
  region.group.protects_new_instances = false;
  const auto launch = [&] {
    return logged_by([&] {
      live();
      EXPECT_EQ(groups.launch({"acme/linux"}, 1, {})->size(), 1U) << "jobs do not wait for it";
    });
  };
  constexpr auto kCure = "NewInstancesProtectedFromScaleIn";
  EXPECT_THAT(launch(), HasSubstr(kCure));
  EXPECT_THAT(launch(), Not(HasSubstr(kCure)));
  region.group.protects_new_instances = true;
  EXPECT_THAT(launch(), Not(HasSubstr(kCure)));
  region.group.protects_new_instances = false;
  EXPECT_THAT(launch(), HasSubstr(kCure)) << "somebody has switched it off";
}

// New tasks make new requests, and none of those that never come younger.
TEST_F(AutoScalingGroupsTest, EachRequestHasAnAgeOfItsOwn) {
  const auto ages = [this] {
    std::vector<Millis> found;
    const auto listed = groups.list({});
    for (const auto& it : listed->live) {
      if (it.requested) found.push_back(clock.wall() - it.launched_at.value());
    }
    return found;
  };
  ages();
  EXPECT_TRUE(groups.launch({"acme/linux"}, 2, {}));
  clock.advance(minutes(3));
  EXPECT_TRUE(groups.launch({"acme/linux"}, 1, {}));
  clock.advance(minutes(1));
  EXPECT_THAT(ages(), ElementsAre(minutes(4), minutes(4), minutes(1)));

  region.instance("i-1", "Pending");
  EXPECT_THAT(ages(), ElementsAre(minutes(4), minutes(1))) << "the oldest comes first";
  EXPECT_TRUE(groups.withdraw({"acme/linux"}, 1, {}));
  EXPECT_THAT(ages(), ElementsAre(minutes(1))) << "who is withdrawn is the one that never came";
  ++region.group.desired;
  EXPECT_THAT(ages(), ElementsAre(minutes(1), minutes(0))) << "the group's own is new";
}

TEST_F(AutoScalingGroupsTest, WithdrawsWhatHasNotCome) {
  region.instance("i-1", "InService");
  region.group.desired = 1;
  live();
  EXPECT_TRUE(groups.launch({"acme/linux"}, 2, {}));
  EXPECT_TRUE(groups.withdraw({"acme/linux"}, 1, {}));
  EXPECT_THAT(region.desired, ElementsAre(3)) << "AWS may not show yet what has come";
  clock.advance(std::chrono::seconds(15));
  EXPECT_TRUE(groups.withdraw({"acme/linux"}, 1, {}));
  EXPECT_THAT(region.desired, ElementsAre(3, 2));
  EXPECT_THAT(live(), ElementsAre("i-1", "runners/pending-1"));
  EXPECT_TRUE(groups.withdraw({"acme/linux"}, 5, {}));
  EXPECT_THAT(region.desired, ElementsAre(3, 2, 1)) << "never less than what lives";
  EXPECT_TRUE(groups.withdraw({"acme/linux"}, 1, {}));
  EXPECT_THAT(region.desired, ElementsAre(3, 2, 1));
}

// While the queue was read one has ended and given up its place, and one that was requested has
// come.
TEST_F(AutoScalingGroupsTest, ASizeIsThatOfRightNow) {
  for (const auto* id : {"i-1", "i-2", "i-3"}) region.instance(id, "InService");
  region.group.desired = 4;
  live();
  region.group.instances.erase(region.group.instances.begin());
  region.group.desired = 3;
  EXPECT_TRUE(groups.launch({"acme/linux"}, 2, {}));
  EXPECT_THAT(region.desired, ElementsAre(5)) << "and not 6";

  live();
  for (const auto* id : {"i-4", "i-5"}) region.instance(id, "Pending");
  clock.advance(std::chrono::seconds(15));
  EXPECT_TRUE(groups.withdraw({"acme/linux"}, 3, {}));
  EXPECT_THAT(region.desired, ElementsAre(5, 4)) << "four live now";
}

TEST_F(AutoScalingGroupsTest, WhatAnOldListDidNotShowIsNotLaunchedTwice) {
  region.lagging = region.group;
  region.group.desired = 10;  // asked for in an earlier pass
  region.group.max = 50;
  live();
  region.lagging.reset();
  EXPECT_TRUE(groups.launch({"acme/linux"}, 10, {}));
  EXPECT_EQ(region.group.desired, 10);
}

TEST_F(AutoScalingGroupsTest, AnOldLookLowersNothing) {
  region.lagging = region.group;
  region.group.max = 50;
  for (int i = 0; i < 10; ++i) region.instance("i-" + std::to_string(i), "Pending");
  region.group.desired = 10;
  const auto before = std::exchange(region.lagging, std::nullopt);
  live();
  region.lagging = before;
  EXPECT_TRUE(groups.launch({"acme/linux"}, 2, {}));
  EXPECT_THAT(region.desired, ElementsAre(12));
}

TEST_F(AutoScalingGroupsTest, AnEndThatIsNotShownYetTakesNoPlace) {
  region.instance("i-1", "InService");
  region.instance("i-2", "InService");
  region.group.desired = 6;
  live();
  EXPECT_TRUE(groups.reap("i-2", {}));
  region.lagging = region.group;
  EXPECT_TRUE(groups.launch({"acme/linux"}, 1, {}));
  EXPECT_THAT(region.desired, ElementsAre(6)) << "one that lives, four that come, and one more";
}

TEST_F(AutoScalingGroupsTest, AWithdrawalGivesUpASilentRegion) {
  region.instance("i-1", "InService");
  region.group.desired = 3;
  AutoScalingGroups hasty(std::make_unique<RegionApi>(region, clock),
                          {{{"acme/linux"}, {.group = "runners"}}}, clock, {.list = Millis(10)});
  EXPECT_TRUE(hasty.list({}));
  region.silent = true;
  EXPECT_EQ(hasty.withdraw({"acme/linux"}, 1, {}).error().kind, ErrorKind::timeout);
}

// AWS promises only that a group is shown as it is some time later.
TEST_F(AutoScalingGroupsTest, AWriteThatIsNotShownYetCountsAllTheSame) {
  EXPECT_THAT(live(), IsEmpty());
  region.lagging = region.group;
  EXPECT_EQ(groups.launch({"acme/linux"}, 4, {})->size(), 4U);
  EXPECT_EQ(live().size(), 4U) << "as requested";
  EXPECT_EQ(groups.launch({"acme/linux"}, 2, {})->size(), 2U);
  EXPECT_THAT(region.desired, ElementsAre(4, 6));
  EXPECT_EQ(live().size(), 6U);
  clock.advance(std::chrono::seconds(16));
  EXPECT_THAT(live(), IsEmpty()) << "somebody else has lowered it";
}

TEST_F(AutoScalingGroupsTest, AWriteIsForgottenOnceItIsShown) {
  live();
  EXPECT_EQ(groups.launch({"acme/linux"}, 4, {})->size(), 4U);
  EXPECT_EQ(live().size(), 4U);
  region.group.desired = 1;
  EXPECT_EQ(live().size(), 1U) << "somebody else has lowered it";
}

TEST_F(AutoScalingGroupsTest, WhatHasEndedIsNoPartOfAWriteThatIsNotShownYet) {
  region.instance("i-1", "InService");
  region.instance("i-2", "InService");
  region.group.desired = 2;
  live();
  EXPECT_EQ(groups.launch({"acme/linux"}, 2, {})->size(), 2U);
  region.group.desired = 2;  // as it was before, less one and less one more
  region.group.instances.erase(region.group.instances.begin());
  EXPECT_EQ(live().size(), 3U) << "one that lives, and two that were asked for";
  EXPECT_TRUE(groups.reap("i-2", {}));
  region.group.instances.clear();
  EXPECT_THAT(live(), ElementsAre("runners/pending-1", "runners/pending-2"));
}

TEST_F(AutoScalingGroupsTest, AGroupThatDoesNotProtectIsNeverLowered) {
  region.group.protects_new_instances = false;
  region.group.desired = 3;
  live();
  const auto logged = logged_by([&] { EXPECT_TRUE(groups.withdraw({"acme/linux"}, 2, {})); });
  EXPECT_THAT(region.desired, IsEmpty());
  EXPECT_THAT(logged, HasSubstr("does not protect new instances"));
}

// Those that were there before the group was told to protect new ones are not.
TEST_F(AutoScalingGroupsTest, NothingIsWithdrawnBesideAnInstanceThatIsNotProtected) {
  region.instance("i-1", "InService");
  region.instance("i-2", "InService");
  region.group.desired = 4;
  region.group.instances[0].protected_from_scale_in = false;
  live();
  const auto withdraw = [&] {
    return logged_by([&] { EXPECT_TRUE(groups.withdraw({"acme/linux"}, 2, {})); });
  };
  EXPECT_THAT(withdraw(), HasSubstr("not protected from scale-in"));
  EXPECT_THAT(withdraw(), Not(HasSubstr("not protected from scale-in"))) << "told once";
  EXPECT_THAT(region.desired, IsEmpty());

  region.group.instances[0].protected_from_scale_in = true;
  live();
  region.group.instances[1].protected_from_scale_in = false;
  withdraw();
  EXPECT_THAT(region.desired, IsEmpty()) << "somebody has just taken it away";
  region.group.instances[1].protected_from_scale_in = true;
  live();
  withdraw();
  EXPECT_THAT(region.desired, ElementsAre(2));
}

// A lease lasts no longer than what is begun under it may take.
TEST_F(AutoScalingGroupsTest, NoWriteTakesLongerThanALeaseAllowsFor) {
  region.group.desired = 3;
  AutoScalingGroups hasty(std::make_unique<RegionApi>(region, clock),
                          {{{"acme/linux"}, {.group = "runners"}}}, clock, {.act = Millis(10)});
  EXPECT_TRUE(hasty.list({}));
  region.writing_silent = true;
  EXPECT_EQ(hasty.withdraw({"acme/linux"}, 1, {}).error().kind, ErrorKind::timeout);
  EXPECT_EQ(hasty.launch({"acme/linux"}, 1, {}).error().kind, ErrorKind::timeout);
  EXPECT_THAT(region.desired, IsEmpty());
}

TEST_F(AutoScalingGroupsTest, AReplacementIsOnlyRequested) {
  region.instance("i-1", "InService");
  region.group.desired = 1;
  live();
  region.group.instances.clear();
  const auto listed = groups.list({});
  ASSERT_EQ(listed->live.size(), 1U);
  EXPECT_TRUE(listed->live[0].requested);
  EXPECT_EQ(listed->ended.at(0).id, "i-1");
}

TEST_F(AutoScalingGroupsTest, EndsByName) {
  region.instance("i-1", "InService");
  region.group.desired = 2;
  live();
  EXPECT_TRUE(groups.drain("i-1", {}));
  EXPECT_THAT(region.terminated, IsEmpty());
  EXPECT_TRUE(groups.reap("i-1", {}));
  EXPECT_TRUE(groups.reap("i-9", {})) << "it is gone already";
  EXPECT_THAT(region.terminated, ElementsAre("i-1"));
}

TEST_F(AutoScalingGroupsTest, WaitsNoLongerThanItIsToldTo) {
  EXPECT_TRUE(groups.list({}));
  groups.wait_for_change(Millis(0), {});
  std::stop_source stop;
  stop.request_stop();
  groups.wait_for_change(std::chrono::hours(1), stop.get_token());
}

// The clock stands still: whoever waited for it would wait for ever.
TEST_F(AutoScalingGroupsTest, WantsALookTenSecondsAfterTheLatest) {
  EXPECT_TRUE(groups.list({}));
  clock.advance(std::chrono::seconds(10));
  groups.wait_for_change(minutes(1), {});
}

TEST_F(AutoScalingGroupsTest, TakesNoTroubleForAnEmptyGroup) {
  region.instance("i-1", "InService");
  live();
  region.trouble = Error{ErrorKind::unavailable, "Throttling"};
  EXPECT_FALSE(groups.list({}));
  region.trouble.reset();
  EXPECT_THAT(groups.list({})->ended, IsEmpty());
  region.group.name = "renamed";
  const auto gone = groups.list({});
  EXPECT_THAT(gone->unreadable.at("acme/linux"),
              HasSubstr("no Auto Scaling group runners in eu-west-1"));
  EXPECT_THAT(gone->ended, IsEmpty());
}

}  // namespace
}  // namespace muster::capacity
