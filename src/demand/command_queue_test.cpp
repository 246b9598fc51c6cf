#include "demand/command_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::demand {
namespace {

using testing::HasSubstr;

fleet::ClassDemand told_by(const std::string& script) {
  CommandQueue queue({.program = {"/bin/sh", "-c", script, "queue"}}, {"acme/linux"});
  return queue.read({}).at("acme/linux");
}

TEST(CommandQueue, BelievesWhatTheProgramPrints) {
  const auto demand = told_by(
      R"([ "$1" = acme/linux ] && echo '{"unclaimed":3,"running":1,"runners":[{"name":"i-1","busy":true},{"name":"i-2"}]}')");
  const auto& reading = std::get<scaling::DemandReading>(demand.demand);
  EXPECT_EQ(reading.unclaimed, 3);
  EXPECT_EQ(reading.running, 1);
  ASSERT_EQ(demand.runners->size(), 2U);
  EXPECT_EQ(demand.runners->at(0).busy, true);
  EXPECT_EQ(demand.runners->at(1).busy, std::nullopt);
}

TEST(CommandQueue, NeedNotKnowTheRunners) {
  const auto demand = told_by(R"(echo '{"unclaimed":0,"running":0}')");
  EXPECT_TRUE(std::holds_alternative<scaling::DemandReading>(demand.demand));
  EXPECT_FALSE(demand.runners);
}

TEST(CommandQueue, TakesNoTroubleForZero) {
  const std::pair<std::string, std::string> troubles[] = {
      {"echo no token >&2; exit 1", "ended with exit code 1: no token"},
      {"true", "is no queue"},
      {R"(echo '{"unclaimed":0}')", "running: missing"},
      {R"(echo '{"unclaimed":-1,"running":0}')", "-1 waiting and 0 running cannot be: correct"},
      {R"(echo '{"unclaimed":0,"running":0}'; exit 2)", "exit code 2"},
      {R"(echo '{"unclaimed":9,"unclaimed":0,"running":0}')", "a member is there twice"},
      {R"(echo '{"unclaimed":0,"runni')", "is no queue"}};
  for (const auto& [script, told] : troubles) {
    const auto demand = told_by(script);
    const auto* unknown = std::get_if<scaling::DemandUnknown>(&demand.demand);
    ASSERT_NE(unknown, nullptr) << script;
    EXPECT_THAT(unknown->why, HasSubstr(told));
  }
}

}  // namespace
}  // namespace muster::demand
