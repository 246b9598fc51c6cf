#include "fleet/memory_json.hpp"

#include <gtest/gtest.h>

namespace muster::fleet {
namespace {

ClassMemory full() {
  ClassMemory memory;
  memory.state = {.failed_boots_in_a_row = 3,
                  .backoff_until = WallTime(Millis(1'800'000'000'123)),
                  .given_up = {"i-1", "i-2"},
                  .given_up_at = WallTime(Millis(1'799'999'999'999)),
                  .reaped_at = WallTime(Millis(1'799'999'999'998)),
                  .waiting_since = WallTime(Millis(1'799'999'999'997)),
                  .quiet_since = WallTime(Millis(1'799'999'999'996)),
                  .surplus = scaling::Surplus{WallTime(Millis(9)), 4},
                  .launches = {{WallTime(Millis(10)), 5}, {WallTime(Millis(11)), 6}},
                  .drains = {{WallTime(Millis(12)), 7}},
                  .spend = {{{WallTime(Millis(13)), 8}}, WallTime(Millis(14)), 9},
                  .turnover = {Millis(90'000),
                               15,
                               16,
                               {{WallTime(Millis(17)), 18}},
                               {{WallTime(Millis(19)), 20}},
                               WallTime(Millis(21)),
                               22,
                               23}};
  memory.connected = {"i-3", "i-\"4\""};
  memory.unlisted = {{"i-3", WallTime(Millis(6))}};
  memory.doubtful = {"i-5"};
  memory.failed_launches = 2;
  memory.first_seen = {{"i-1", WallTime(Millis(-1))}, {"i-3", WallTime(Millis(5))}};
  memory.last_pass = WallTime(Millis(1'800'000'000'321));
  memory.expected = {{"group/pending-1", WallTime(Millis(7))}};
  memory.resource_class = "acme/linux";
  memory.places = {"eu-west-1/linux", "eu-west-1/spot"};
  memory.anothers = {"i-5"};
  memory.told_failure = "4a0e-\"1\"";
  memory.ask_again_at = WallTime(Millis(8));
  memory.unexplained_tasks = 3;
  memory.refused = {{"spot", "it launched 1 of \"2\""}};
  memory.told_refusals = {{"reserve", "4a0e"}};
  memory.state.shortages = {{"spot", 24, WallTime(Millis(25)), "no capacity"}};
  return memory;
}

TEST(MemoryJson, IsReadAsItWasWritten) {
  for (const auto& memory : {ClassMemory(), full()}) {
    const auto read = memory_from_json(to_json(memory));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, memory);
  }
}

TEST(MemoryJson, TakesWhatIsMissingForEmptyAndLeavesOutWhatIsUnknown) {
  const auto read = memory_from_json(R"({"connected":["a"],"weather":{"sunny":1}})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->connected, std::set<std::string>{"a"});
  EXPECT_EQ(read->state, scaling::State());
}

TEST(MemoryJson, HasNoTimeThatCannotBeAddedTo) {
  const auto read = memory_from_json(
      R"({"first_seen_ms":{"a":-9223372036854775808},"ask_again_at_ms":9223372036854775807})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->first_seen.at("a") + std::chrono::hours(1) - std::chrono::hours(1),
            read->first_seen.at("a"));
  EXPECT_GT(*read->ask_again_at + std::chrono::hours(1), *read->ask_again_at);
}

class NoMemory : public testing::TestWithParam<const char*> {};

TEST_P(NoMemory, IsAnError) {
  const auto read = memory_from_json(GetParam());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::invalid);
  EXPECT_EQ(read.error().message.find("boost"), std::string::npos) << read.error().message;
}

INSTANTIATE_TEST_SUITE_P(Texts, NoMemory,
                         testing::Values("", "{", "[]", "null", R"({"connected":{}})",
                                         R"({"connected":[1]})", R"({"given_up_at_ms":"x"})",
                                         R"({"first_seen_ms":[]})", R"({"last_pass_ms":"x"})",
                                         R"({"failed_launches":1.5})", R"({"surplus":{"least":1}})",
                                         R"({"launches":[[1]]})", R"({"drains":[1]})",
                                         R"({"spend":{"living":"x"}})", R"({"spend":[]})",
                                         R"({"expected_ms":{"a":"b"}})",
                                         R"({"turnover":{"boot_ms":""}})",
                                         R"({"told_failure":1})"));

}  // namespace
}  // namespace muster::fleet
