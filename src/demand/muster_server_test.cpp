#include "demand/muster_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "demand/fake_server.hpp"
#include "demand/fleet_reporter.hpp"
#include "protocol/json.hpp"
#include "protocol/messages.hpp"

namespace muster::demand {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

class MusterServerTest : public testing::Test {
 protected:
  MusterServerTest() {
    EXPECT_TRUE(log::configure({.format = log::Format::none}));
    write_token("mup_one");
  }
  ~MusterServerTest() override { std::filesystem::remove(token_file); }
  void write_token(const std::string& token) {
    EXPECT_TRUE(write_file_atomically(token_file, token + "\n", 0600));
  }
  static std::string why(const fleet::ClassDemand& demand) {
    const auto* unknown = std::get_if<scaling::DemandUnknown>(&demand.demand);
    return unknown == nullptr ? "it is known" : unknown->why;
  }

  const std::filesystem::path token_file =
      std::filesystem::temp_directory_path() / ("muster-token-" + random_hex(6));
  FakeServer server;
  MusterServer queue{{server.url(), token_file}, {"local/small", "local/large"}};
};

protocol::Demand some_demand() {
  protocol::Demand demand;
  demand.version = "v1";
  protocol::ClassDemand small;
  small.resource_class = "local/small";
  small.unclaimed = 3;
  small.running = 1;
  small.runners = {{"i0", true, 1}, {"i1", false, 0}};
  demand.classes = {small};
  return demand;
}

TEST_F(MusterServerTest, ReadsEachClassAndSaysWhichIsUnknown) {
  server.answer_with(200, protocol::to_json(some_demand()));
  const auto demand = queue.read({});
  const auto& small = demand.at("local/small");
  const auto& reading = std::get<scaling::DemandReading>(small.demand);
  EXPECT_EQ(reading.unclaimed, 3);
  EXPECT_EQ(reading.running, 1);
  ASSERT_EQ(small.runners->size(), 2U);
  EXPECT_TRUE(*small.runners->at(0).busy);
  EXPECT_TRUE(small.runners->at(0).ever_claimed);
  EXPECT_FALSE(small.runners->at(1).ever_claimed);
  EXPECT_THAT(why(demand.at("local/large")), HasSubstr("says nothing of local/large"));

  const auto asked = server.find_request([](const auto&) { return true; });
  EXPECT_EQ(asked->path, "/api/muster/v1/demand");
  EXPECT_EQ(asked->query, "resource-class=local%2Fsmall&resource-class=local%2Flarge&others=true");
}

TEST_F(MusterServerTest, KnowsWhichRunnersAreDrained) {
  auto told = some_demand();
  told.classes[0].runners[1].draining = true;
  server.answer_with(200, protocol::to_json(told));
  const auto runners = queue.read({}).at("local/small").runners.value();
  EXPECT_FALSE(runners.at(0).draining);
  EXPECT_TRUE(runners.at(1).draining);
}

TEST_F(MusterServerTest, TellsOfRunnersOfClassesThatItWasNotAskedFor) {
  auto told = some_demand();
  told.others = {{"local/arm", "i7"}, {"local/small", "i8"}};
  server.answer_with(200, protocol::to_json(told));
  const auto demand = queue.read({});
  ASSERT_EQ(demand.at("local/arm").runners->size(), 1U);
  EXPECT_EQ(demand.at("local/arm").runners->at(0).name, "i7");
  EXPECT_EQ(why(demand.at("local/arm")), "not asked for");
  EXPECT_EQ(demand.at("local/small").runners->size(), 2U) << "it has told all of its own";
}

TEST_F(MusterServerTest, ReadsWhatIsForeseenByOurClock) {
  auto told = some_demand();
  const auto soon = system_clock().wall() + seconds(60);
  told.classes[0].foreseen = {{soon, 3, 1}};
  server.answer_with(200, protocol::to_json(told));
  const auto demand = queue.read({});
  const auto& foreseen = demand.at("local/small").foreseen;
  ASSERT_EQ(foreseen.size(), 1U);
  EXPECT_EQ(foreseen[0].tasks, 3);
  EXPECT_EQ(foreseen[0].freed, 1);
  EXPECT_LE(std::chrono::abs(foreseen[0].expected_at - soon), seconds(30));
  EXPECT_TRUE(demand.at("local/large").foreseen.empty());
}

TEST_F(MusterServerTest, ReadsTheOthersWhenOneClassDoesNotExist) {
  server.answer_with(200, protocol::to_json(some_demand()));
  server.answer_to("local%2Flarge", 404, R"({"message":"resource class not found"})");
  const auto demand = queue.read({});
  EXPECT_EQ(why(demand.at("local/small")), "it is known");
  EXPECT_THAT(why(demand.at("local/large")), HasSubstr("resource class not found"));
}

TEST_F(MusterServerTest, TakesNoFailureForZero) {
  const std::pair<int, std::string> answers[] = {{500, "{}"},
                                                 {401, R"({"message":"Invalid token provided."})"},
                                                 {200, "rubbish"},
                                                 {200, "{}"}};
  for (const auto& [status, body] : answers) {
    server.answer_with(status, body);
    const auto demand = queue.read({});
    EXPECT_NE(why(demand.at("local/small")), "it is known") << status << ' ' << body;
    EXPECT_THAT(why(demand.at("local/small")), testing::Not(HasSubstr("mup_")));
  }
  MusterServer nobody({"http://127.0.0.1:1", token_file}, {"local/small"});
  EXPECT_NE(why(nobody.read({}).at("local/small")), "it is known");
}

TEST_F(MusterServerTest, ReadsTheTokenAnewForEachRequest) {
  queue.read({});
  write_token("mup_two");
  queue.read({});
  for (const auto* token : {"Bearer mup_one", "Bearer mup_two"}) {
    EXPECT_TRUE(server.find_request(
        [&](const auto& request) { return request.headers.get("Authorization") == token; }));
  }
  std::filesystem::remove(token_file);
  EXPECT_THAT(why(queue.read({}).at("local/small")), HasSubstr(token_file.string()));
  write_token("two words");
  EXPECT_THAT(why(queue.read({}).at("local/small")), HasSubstr("holds no token"));
}

TEST_F(MusterServerTest, WaitsForWhatItHasNotSeen) {
  auto demand = some_demand();
  server.answer_with(200, protocol::to_json(demand));
  queue.read({});
  demand.version = "v2";
  server.answer_with(200, protocol::to_json(demand));
  queue.wait_for_change(seconds(30), {});
  EXPECT_TRUE(server.find_request(
      [](const auto& request) { return request.query.ends_with("&seen=v1&wait_ms=30000"); }));
}

// A server that fails, or does not hold the poll, is not asked in a tight loop.
TEST_F(MusterServerTest, BacksOff) {
  const auto took = [&] {
    const auto begun = std::chrono::steady_clock::now();
    queue.wait_for_change(seconds(30), {});
    return std::chrono::steady_clock::now() - begun;
  };
  EXPECT_GE(took(), Millis(125)) << "nothing was read yet";
  server.answer_with(200, protocol::to_json(some_demand()));
  queue.read({});
  EXPECT_GE(took(), Millis(250)) << "the poll was not held";
}

TEST_F(MusterServerTest, ReportsTheFleet) {
  server.answer_with(204, "");
  FleetReporter reporter({server.url(), token_file});
  fleet::ClassPass pass{"local/small", {}, {}};
  pass.snapshot.demand = scaling::DemandReading{2, 0, WallTime{}};
  pass.snapshot.policy.max = 4;
  pass.decision = scaling::decide(pass.snapshot);
  reporter.decided({pass});
  const auto sent =
      server.find_request([](const auto& request) { return request.method == "PUT"; });
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->path, "/api/muster/v1/fleet");
  const auto report = protocol::from_json<protocol::FleetReport>(sent->body);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->classes.at(0).desired, 2);
  EXPECT_EQ(report->classes.at(0).max, 4);
  EXPECT_EQ(report->classes.at(0).reasons.at(0),
            "2 wait, 0 idle and 0 booting will serve 0: launch 2");
}

TEST_F(MusterServerTest, ReportsWhatHoldsTheFleetAndWhatItCosts) {
  server.answer_with(204, "");
  FleetReporter reporter({server.url(), token_file}, {{"local/small", {41'600, "EUR"}}});
  fleet::ClassPass pass{"local/small", {}, {}};
  pass.snapshot.now = WallTime(Millis(1'000'000));
  pass.snapshot.instances = {{.id = "a", .launched_at = WallTime(Millis(7'000))},
                             {.id = "b", .launched_at = WallTime(Millis(5'000))},
                             {.id = "c", .state = scaling::InstanceState::idle}};
  pass.decision.next.backoff_until = WallTime(Millis(2'000'000));
  pass.decision.reasons = {{scaling::Rule::queue, 9, 9, "", "9 wait"},
                           {scaling::Rule::maximum, 9, 2, "", "max is 5"},
                           {scaling::Rule::backoff, 2, 0, "", "a boot failed"}};
  reporter.decided({pass});
  const auto sent =
      server.find_request([](const auto& request) { return request.method == "PUT"; });
  ASSERT_TRUE(sent);
  const auto fleet = protocol::from_json<protocol::FleetReport>(sent->body)->classes.at(0);
  EXPECT_EQ(fleet.backoff_until, WallTime(Millis(2'000'000)));
  EXPECT_EQ(fleet.booting_since, WallTime(Millis(5'000)));
  EXPECT_EQ(fleet.limited_by, "max is 5: launch 2 instead of 9");
  EXPECT_EQ(fleet.price_per_hour, protocol::Money{41'600});
  EXPECT_EQ(fleet.currency, "EUR");
}

// Until the server has them, and not for longer.
TEST_F(MusterServerTest, TellsEachDecisionUntilItIsTaken) {
  const auto decided_in = [](const net::Request& request) {
    std::vector<std::int64_t> desired;
    const auto report = protocol::from_json<protocol::FleetReport>(request.body);
    if (!report || !report->classes.at(0).decisions) return desired;
    for (const auto& one : *report->classes.at(0).decisions) desired.push_back(one.desired);
    return desired;
  };
  const auto told_with = [&](std::int64_t desired) {
    const auto sent = server.find_request([&](const auto& request) {
      const auto all = decided_in(request);
      return !all.empty() && all.back() == desired;
    });
    return sent ? decided_in(*sent) : std::vector<std::int64_t>();
  };
  server.answer_with(503, "");
  FleetReporter reporter({server.url(), token_file});
  fleet::ClassPass pass{"local/small", {}, {}};
  pass.decision.reasons = {{}};
  pass.decision.desired = 1;
  reporter.decided({pass});
  EXPECT_THAT(told_with(1), testing::ElementsAre(1));
  server.answer_with(204, "");
  pass.decision.desired = 2;
  reporter.decided({pass});
  EXPECT_THAT(told_with(2), testing::ElementsAre(1, 2));
  pass.decision.desired = 3;
  reporter.decided({pass});
  EXPECT_THAT(told_with(3), testing::ElementsAre(3));
}

}  // namespace
}  // namespace muster::demand
