#include "history/seen_tasks.hpp"

#include <random>

#include <gmock/gmock.h>

#include "history/records_for_tests.hpp"

namespace muster::history {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

struct Reading {
  int at = 0;  // seconds
  std::int64_t unclaimed = 0;
  std::int64_t running = 0;
};

fleet::ClassPass record(const Reading& reading, const std::string& resource_class = "a/b") {
  return record_of(World().demand(reading.unclaimed, reading.running, -Millis(seconds(reading.at))),
                   resource_class);
}

TaskReader read(const std::vector<Reading>& readings) {
  TaskReader reader;
  for (const auto& reading : readings) reader.take(record(reading));
  return reader;
}

SeenTasks tasks(int queued_at, int duration, std::int64_t count = 1) {
  return {"a/b", kNow + seconds(queued_at), seconds(duration), count};
}

TEST(SeenTasks, AreQueuedWhenTheyAreSeenAndRunWhileTheyAreSeenRunning) {
  const auto reader = read({{0, 0, 0}, {5, 1, 0}, {95, 0, 1}, {155, 0, 0}});
  EXPECT_THAT(reader.tasks(), ElementsAre(tasks(5, 60)));
  EXPECT_EQ(reader.unseen(), UnseenTasks());
}

TEST(SeenTasks, WhoWaitsLongestStartsFirstAndWhoRunsLongestEndsFirst) {
  const auto reader =
      read({{0, 0, 0}, {10, 1, 0}, {20, 3, 0}, {30, 1, 2}, {40, 0, 3}, {50, 0, 1}, {70, 0, 0}});
  EXPECT_THAT(reader.tasks(), ElementsAre(tasks(10, 20), tasks(20, 20), tasks(20, 30)));
}

TEST(SeenTasks, ThatComeAndStartBetweenTwoReadingsHaveNotWaited) {
  EXPECT_THAT(read({{0, 0, 0}, {10, 0, 2}, {40, 0, 0}}).tasks(), ElementsAre(tasks(10, 30, 2)));
}

TEST(SeenTasks, WhereOneLessWaitsAndNoneMoreRunsAnotherMadeRoom) {
  EXPECT_THAT(read({{0, 0, 0}, {10, 1, 1}, {30, 0, 1}, {60, 0, 0}}).tasks(),
              ElementsAre(tasks(10, 20), tasks(10, 30)));
}

// Both the one that ran before and the one that waited have gone.
TEST(SeenTasks, ThatWereNeverSeenToRunAreLeftOut) {
  const auto reader = read({{0, 0, 0}, {10, 1, 1}, {30, 0, 0}});
  EXPECT_THAT(reader.tasks(), ElementsAre(tasks(10, 20)));
  EXPECT_EQ(reader.unseen(), (UnseenTasks{.not_seen = 1}));
  EXPECT_EQ(read({{0, 0, 0}, {10, 3, 0}, {20, 0, 0}}).unseen(), (UnseenTasks{.not_seen = 3}));
}

TEST(SeenTasks, ThatRanWhenTheLogBeganEndFirstAndAreLeftOut) {
  const auto reader = read({{0, 1, 2}, {10, 0, 2}, {20, 0, 0}});
  EXPECT_THAT(reader.tasks(), ElementsAre(tasks(0, 10)));
  EXPECT_EQ(reader.unseen(), (UnseenTasks{.ran_before = 2}));
}

TEST(SeenTasks, ThatHaveNotEndedAreLeftOut) {
  const auto reader = read({{0, 0, 0}, {10, 2, 1}});
  EXPECT_THAT(reader.tasks(), IsEmpty());
  EXPECT_EQ(reader.unseen(), (UnseenTasks{.unfinished = 3}));
}

TEST(SeenTasks, OfClassesAreApart) {
  TaskReader reader;
  for (const auto* name : {"a/b", "a/c"}) {
    for (const auto& reading : {Reading{0, 0, 0}, Reading{10, 0, 1}, Reading{20, 0, 0}}) {
      reader.take(record(reading, name));
    }
  }
  EXPECT_EQ(reader.tasks().size(), 2U);
}

TEST(SeenTasks, AReadingThatSaysNothingOrIsAbsurdIsPassedOver) {
  auto records = std::vector{record({0, 0, 0}),
                             record({10, 0, 1}),
                             record_of(World().unknown()),
                             record({20, -1, 0}),
                             record({20, 0, fleet::kMostExact}),
                             record({30, 0, 0})};
  TaskReader reader;
  for (const auto& each : records) reader.take(each);
  EXPECT_THAT(reader.tasks(), ElementsAre(tasks(10, 20)));
}

TEST(SeenTasks, NoTimeRunsBackwardsWhereAReadingIsOlderThanTheOneBefore) {
  EXPECT_THAT(read({{0, 0, 0}, {10, 0, 1}, {5, 0, 2}, {30, 0, 0}}).tasks(),
              ElementsAre(tasks(10, 20), tasks(10, 20)));
}

// Whatever the counts are, nobody is lost: who came has ended, was left out, or is there.
TEST(SeenTasks, AreAsManyAsTheCountsTell) {
  const auto first = std::random_device{}();
  for (std::uint64_t seed = first; seed < first + std::uint64_t{200}; ++seed) {
    std::mt19937_64 engine(seed);
    const auto some = [&] { return static_cast<std::int64_t>(engine() % 5); };
    TaskReader reader;
    std::int64_t before = 0, rises = 0;
    for (int i = 0; i < 200; ++i) {
      const Reading reading{i, some(), some()};
      reader.take(record(reading));
      const auto all = reading.unclaimed + reading.running;
      rises += std::max<std::int64_t>(all - before, 0);
      before = all;
    }
    std::int64_t ended = 0;
    for (const auto& each : reader.tasks()) {
      EXPECT_GT(each.duration.count(), 0) << "seed " << seed;
      ended += each.count;
    }
    const auto unseen = reader.unseen();
    EXPECT_GE(ended + unseen.ran_before + unseen.not_seen + unseen.unfinished, rises)
        << "seed " << seed;
    EXPECT_EQ(unseen.unfinished, before) << "seed " << seed;
  }
}

TEST(SeenTasks, NoRecordIsTooAbsurd) {
  TaskReader reader;
  for (const auto& each : absurd_records()) reader.take(each);
  EXPECT_GE(reader.unseen().unfinished, 0);
}

}  // namespace
}  // namespace muster::history
