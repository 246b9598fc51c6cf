#include "simulation/scenarios.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/log.hpp"
#include "base/text.hpp"

namespace muster::simulation {

void PrintTo(const Scenario& scenario, std::ostream* out) {
  *out << scenario.name;
}

namespace {

void be_quiet() {
  static_cast<void>(log::configure({.format = log::Format::none}));
}

class Scenarios : public testing::TestWithParam<Scenario> {
 protected:
  static void SetUpTestSuite() { be_quiet(); }
};

TEST_P(Scenarios, DoNoHarmUnderOurScaler) {
  EXPECT_EQ(harm_of_ours(GetParam()), "");
}

TEST_P(Scenarios, HarmWhoMakesTheMistake) {
  const auto& scenario = GetParam();
  EXPECT_NE(scenario.naive ? harm_of_the_naive(scenario) : harm_of_the_tutorial(scenario), "");
}

INSTANTIATE_TEST_SUITE_P(All, Scenarios, testing::ValuesIn(scenarios()), [](const auto& named) {
  auto name = named.param.name;
  std::erase(name, '-');
  return name;
});

TEST(ScenarioTable, IsThatOfTheDocumentation) {
  be_quiet();
  std::ostringstream page;
  page << std::ifstream(MUSTER_SCALING_PAGE).rdbuf();
  const auto table = join(table_of_scenarios(), "\n");
  EXPECT_TRUE(page.str().find(table) != std::string::npos)
      << "put this table into docs/scaling.md:\n"
      << table;
}

}  // namespace
}  // namespace muster::simulation
