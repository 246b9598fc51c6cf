#include "demand/circleci.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.hpp"
#include "demand/fake_server.hpp"

namespace muster::demand {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// CircleCI's runner API as its documentation shows it. Time stands still.
class CircleCiTest : public testing::Test {
 protected:
  CircleCiTest() {
    EXPECT_TRUE(log::configure({.format = log::Format::none}));
    server.answer_to("/api/v3/runner/tasks?", 200, R"({"unclaimed_task_count": 42})");
    server.answer_to("/api/v3/runner/tasks/running?", 200, R"({"running_runner_tasks": 7})");
    server.answer_to("/api/v3/runner?", 200, R"({"items":[
      {"resource_class":"acme/linux","hostname":"bobby","name":"i-1","version":"3.1.4",
       "first_connected":"2020-05-15T00:00:00Z","last_connected":"2020-05-16T00:00:00Z",
       "last_used":"2020-05-17T00:00:00Z"}]})");
  }

  CircleCi queue_of(std::vector<std::string> classes) {
    return CircleCi(
        {server.url(), [this](const std::stop_token&, const std::string&) { return token; }},
        std::move(classes), clock);
  }
  CircleCi impatient_queue_of(const FakeServer& peer, std::vector<std::string> classes) {
    return CircleCi({.url = peer.url(),
                     .token = [this](const std::stop_token&, const std::string&) { return token; },
                     .poll_interval = seconds(1),
                     .requests_per_minute = 60'000,
                     .patience = Millis(300)},
                    std::move(classes), clock);
  }
  static std::string why(const fleet::ClassDemand& demand) {
    const auto* unknown = std::get_if<scaling::DemandUnknown>(&demand.demand);
    return unknown == nullptr ? "it is known" : unknown->why;
  }

  Result<std::string> token = std::string("personal");
  FakeServer server;
  ManualClock clock{WallTime(std::chrono::hours(500'000))};
};

TEST_F(CircleCiTest, DoesWithoutTimesThatAreNone) {
  server.answer_to("/api/v3/runner?", 200, R"({"items":[
      {"resource_class":"acme/linux","name":"i-1","first_connected":"","last_connected":null},
      {"resource_class":"acme/linux","name":"i-2","first_connected":"yesterday"}]})");
  auto queue = queue_of({"acme/linux"});
  const auto demand = queue.read({});
  EXPECT_EQ(why(demand.at("acme/linux")), "it is known");
  ASSERT_EQ(demand.at("acme/linux").runners->size(), 2U);
  for (const auto& runner : *demand.at("acme/linux").runners) {
    EXPECT_EQ(runner.first_connected, std::nullopt) << runner.name;
    EXPECT_EQ(runner.last_connected, std::nullopt) << runner.name;
  }
}

TEST_F(CircleCiTest, ItsTimesAreByOurClock) {
  net::Headers headers;
  headers.set("Date", "Sat, 16 May 2020 00:02:00 GMT");
  server.answer_to("/api/v3/runner?", 200, R"({"items":[
      {"resource_class":"acme/linux","name":"i-1","first_connected":"2020-05-15T23:02:00Z",
       "last_connected":"2020-05-16T00:00:00Z"}]})",
                   headers);
  const auto runner = queue_of({"acme/linux"}).read({}).at("acme/linux").runners->at(0);
  EXPECT_EQ(runner.first_connected, clock.wall() - minutes(60));
  EXPECT_EQ(runner.last_connected, clock.wall() - minutes(2));
}

TEST_F(CircleCiTest, ReadsBothCountsAndWhoHasConnected) {
  auto queue = queue_of({"acme/linux"});
  const auto demand = queue.read({});
  const auto& linux_class = demand.at("acme/linux");
  const auto& reading = std::get<scaling::DemandReading>(linux_class.demand);
  EXPECT_EQ(reading.unclaimed, 42);
  EXPECT_EQ(reading.running, 7);
  EXPECT_EQ(reading.read_at, clock.wall());
  ASSERT_EQ(linux_class.runners->size(), 1U);
  EXPECT_EQ(linux_class.runners->at(0).name, "i-1");
  EXPECT_EQ(linux_class.runners->at(0).busy, std::nullopt);
  EXPECT_TRUE(server.find_request([](const auto& request) {
    return request.path == "/api/v3/runner/tasks" &&
           request.query == "resource-class=acme%2Flinux" &&
           request.headers.get("Circle-Token") == "personal";
  }));
}

TEST_F(CircleCiTest, ListsRunnersOncePerNamespace) {
  server.answer_to("/runner?namespace=other", 200, R"({"items":[]})");
  auto queue = queue_of({"acme/linux", "acme/arm", "other/mac"});
  const auto demand = queue.read({});
  EXPECT_EQ(server.times_asked("/runner?namespace=acme"), 1U);
  EXPECT_EQ(server.times_asked("/runner?namespace=other"), 1U);
  EXPECT_EQ(demand.at("acme/linux").runners->size(), 1U);
  EXPECT_THAT(*demand.at("acme/arm").runners, IsEmpty());
}

// An instance of ours may have been given the token of that class.
TEST_F(CircleCiTest, TellsOfTheRunnersOfAClassThatIsNotScaledHere) {
  const auto demand = queue_of({"acme/arm"}).read({});
  EXPECT_THAT(*demand.at("acme/arm").runners, IsEmpty());
  ASSERT_TRUE(demand.contains("acme/linux"));
  EXPECT_EQ(demand.at("acme/linux").runners->at(0).name, "i-1");
  EXPECT_EQ(why(demand.at("acme/linux")), "not asked for");
}

struct Trouble {
  int status;
  std::string body;
  std::string told;
};

class CircleCiTroubles : public CircleCiTest, public testing::WithParamInterface<Trouble> {
 protected:
  // CircleCI's own command line takes a 404 for a list of runners so.
  static bool is_no_runners(const Trouble& trouble) {
    return trouble.status == 404 && trouble.body.starts_with('{');
  }
};

TEST_P(CircleCiTroubles, AreNeverZero) {
  const auto& [status, body, told] = GetParam();
  for (const auto* question : {"/runner/tasks?", "/runner/tasks/running?", "/runner?"}) {
    FakeServer trouble;
    trouble.answer_to("/api/v3/runner/tasks?", 200, R"({"unclaimed_task_count": 0})");
    trouble.answer_to("/api/v3/runner/tasks/running?", 200, R"({"running_runner_tasks": 0})");
    trouble.answer_to("/api/v3/runner?", 200, R"({"items":[]})");
    trouble.answer_to(question, status, body);
    CircleCi queue({trouble.url(), [](const std::stop_token&,
                                      const std::string&) { return std::string("secret-token"); }},
                   {"acme/linux"}, clock);
    const auto demand = queue.read({});
    const bool no_runners = question == std::string_view("/runner?") && is_no_runners(GetParam());
    EXPECT_THAT(why(demand.at("acme/linux")), HasSubstr(no_runners ? "it is known" : told))
        << question;
    EXPECT_THAT(why(demand.at("acme/linux")), Not(HasSubstr("secret-token")));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, CircleCiTroubles,
    testing::Values(Trouble{500, "{}", "the answer is 500; see whether circleci.url is right"},
                    Trouble{502, "<html>bad gateway</html>", "the answer is 502"},
                    Trouble{401, R"({"message":"Invalid token provided."})",
                            "401: Invalid token provided; use a valid personal token"},
                    Trouble{403, R"({"message":"no"})",
                            "must be a member of the organization, with access to this "},
                    Trouble{404, "<html>", "the answer is 404; see whether circleci.url is right"},
                    Trouble{404, R"({"message":"not found"})", "either there is no such"},
                    Trouble{429, "", "the answer is 429"}, Trouble{302, "", "the answer is 302"},
                    Trouble{200, "<html>", "syntax error; see whether circleci.url is right"},
                    Trouble{200, "", "not what CircleCI documents"},
                    Trouble{200, "{}", "not what CircleCI documents"},
                    Trouble{200, "[]", "not what CircleCI documents"},
                    Trouble{200, R"({"unclaimed_task_count": "0"})", "not what CircleCI documents"},
                    Trouble{200,
                            R"({"unclaimed_task_count": -1, "running_runner_tasks": -1,
                                "items": -1})",
                            "not what CircleCI documents"},
                    Trouble{200,
                            R"({"unclaimed_task_count": 9, "unclaimed_task_count": 0,
                                "running_runner_tasks": 9, "running_runner_tasks": 0,
                                "items": [{}], "items": []})",
                            "not what CircleCI documents: a member is there twice"},
                    Trouble{200, R"({"unclaimed_task_co)", "not what CircleCI documents"}));

TEST_F(CircleCiTest, APageOfTheRunnersIsNoListOfThem) {
  const auto with = [&](std::string_view sign) {
    server.answer_to(
        "/api/v3/runner?", 200,
        fmt::format(R"({{"items":[{{"resource_class":"acme/linux","name":"i-1"}}]{}}})", sign));
    return why(queue_of({"acme/linux"}).read({}).at("acme/linux"));
  };
  for (const auto* more : {R"(,"next_page_token":"abc")", R"(,"page":{"next":"abc"})"}) {
    EXPECT_THAT(with(more), HasSubstr("only the first page")) << more;
  }
  EXPECT_THAT(with(R"(,"next_page_token":7)"), HasSubstr("not what CircleCI documents"));
  for (const auto* none : {"", R"(,"next_page_token":null)", R"(,"next_page_token":"")",
                           R"(,"page":{"next":null})", R"(,"page":{})"}) {
    EXPECT_EQ(with(none), "it is known") << none;
  }
}

// From zero there is none to be listed.
TEST_F(CircleCiTest, ANamespaceWithoutARunnerMayBeNotFound) {
  server.answer_to("/api/v3/runner?", 404, R"({"message":"not found"})");
  const auto demand = queue_of({"acme/linux", "acme/arm"}).read({});
  for (const auto* name : {"acme/linux", "acme/arm"}) {
    EXPECT_EQ(why(demand.at(name)), "it is known");
    EXPECT_THAT(*demand.at(name).runners, IsEmpty());
  }
  server.answer_to("tasks?resource-class=acme%2Flinux", 404, R"({"message":"not found"})");
  const auto unseen = queue_of({"acme/linux"}).read({});
  EXPECT_THAT(why(unseen.at("acme/linux")), HasSubstr("404")) << "nothing is known of the class";
}

TEST_F(CircleCiTest, ARefusedClassLeavesTheOthersAlone) {
  server.answer_to("tasks?resource-class=acme%2Fgone", 404, R"({"message":"not found"})");
  auto queue = queue_of({"acme/linux", "acme/gone"});
  const auto demand = queue.read({});
  EXPECT_EQ(why(demand.at("acme/linux")), "it is known");
  EXPECT_THAT(why(demand.at("acme/gone")), HasSubstr("404"));
  // Asked for again after a pause only.
  queue.read({});
  EXPECT_EQ(server.times_asked("tasks?resource-class=acme%2Fgone"), 1U);
  EXPECT_EQ(server.times_asked("tasks?resource-class=acme%2Flinux"), 2U);
  clock.advance(minutes(1));
  queue.read({});
  EXPECT_EQ(server.times_asked("tasks?resource-class=acme%2Fgone"), 2U);
}

TEST_F(CircleCiTest, AClassThatIsNotAnsweredLeavesTheOthersAlone) {
  constexpr auto kSlow = "/running?resource-class=acme%2Fslow";
  for (const auto* question : {kSlow, "/tasks?resource-class=acme%2Fslow"}) {
    FakeServer peer;
    peer.answer_to("/api/v3/runner/tasks?", 200, R"({"unclaimed_task_count": 42})");
    peer.answer_to("/api/v3/runner/tasks/running?", 200, R"({"running_runner_tasks": 7})");
    peer.answer_to("/api/v3/runner?", 200, R"({"items":[]})");
    peer.never_answer_to(question);
    auto queue = impatient_queue_of(peer, {"acme/linux", "acme/slow"});
    const auto demand = queue.read({});
    EXPECT_EQ(why(demand.at("acme/linux")), "it is known") << question;
    EXPECT_THAT(why(demand.at("acme/slow")), HasSubstr("did not answer in time when asked for"));
    EXPECT_THAT(why(demand.at("acme/slow")), HasSubstr("of acme/slow; if it stays so, see"));
    EXPECT_EQ(why(queue.read({}).at("acme/linux")), "it is known") << question;
    EXPECT_EQ(peer.times_asked(question), 1U) << "it has its pause";
  }
}

TEST_F(CircleCiTest, ASilentPeerIsAskedByEachConnectionOnce) {
  std::vector<std::string> many;
  for (int i = 0; i < 50; ++i) many.push_back(fmt::format("acme/c{}", i));
  server.never_answer_to("/");
  auto queue = impatient_queue_of(server, many);
  const auto demand = queue.read({});
  EXPECT_EQ(server.times_asked("/"), 4U);
  for (const auto& [name, reading] : demand) {
    EXPECT_THAT(why(reading), HasSubstr("did not answer in time")) << name;
  }
  queue.read({});
  EXPECT_EQ(server.times_asked("/"), 4U) << "everything has its pause";
}

// More of them than a reading waits for: those that were answered are read, the rest comes next.
TEST_F(CircleCiTest, ManyClassesThatAreNotAnsweredDoNotKeepTheOthersFromBeingRead) {
  std::vector<std::string> many;
  for (int i = 0; i < 8; ++i) many.push_back(fmt::format("acme/slow{}", i));
  many.emplace_back("acme/linux");
  server.never_answer_to("acme%2Fslow");
  auto queue = impatient_queue_of(server, many);
  std::size_t readings = 0;
  while (readings < 4 && why(queue.read({}).at("acme/linux")) != "it is known") {
    ++readings;
    clock.advance(seconds(5));
  }
  EXPECT_LE(readings, 2U);
  const auto demand = queue.read({});
  EXPECT_EQ(why(demand.at("acme/linux")), "it is known") << "it is asked before those that failed";
}

TEST_F(CircleCiTest, OfAListThatIsNotAnsweredOnlyItsNamespaceIsUnknown) {
  server.never_answer_to("/runner?namespace=slow");
  const auto demand = impatient_queue_of(server, {"acme/linux", "slow/linux"}).read({});
  EXPECT_EQ(why(demand.at("acme/linux")), "it is known");
  EXPECT_THAT(why(demand.at("slow/linux")), HasSubstr("when asked for runner of slow"));
}

TEST_F(CircleCiTest, ARefusedTokenIsToldWithItsPlace) {
  server.answer_to("tasks?", 401, R"({"message":"Invalid token."})");
  CircleCi queue({.url = server.url(),
                  .token = [this](const std::stop_token&, const std::string&) { return token; },
                  .token_place = "the file x (circleci.token_file)"},
                 {"acme/linux"}, clock);
  EXPECT_THAT(why(queue.read({}).at("acme/linux")),
              EndsWith("the answer is 401: Invalid token; use a valid personal token in the file x "
                       "(circleci.token_file)"));
  EXPECT_THAT(why(queue_of({"acme/linux"}).read({}).at("acme/linux")),
              EndsWith("use a valid personal token"));
}

TEST_F(CircleCiTest, ATokenThatTheAnswerQuotesIsNotTold) {
  server.answer_to("tasks?", 401, R"({"message":"the token personal is not valid"})");
  const auto refused = why(queue_of({"acme/linux"}).read({}).at("acme/linux"));
  EXPECT_THAT(refused, HasSubstr("the token *** is not valid"));

  server.answer_to("tasks?", 200, R"({"personal": 3)");
  const auto unread = why(queue_of({"acme/linux"}).read({}).at("acme/linux"));
  EXPECT_THAT(unread, HasSubstr("not what CircleCI documents"));
  EXPECT_THAT(unread, Not(HasSubstr("personal")));
}

TEST_F(CircleCiTest, ARedirectionTellsWhereToAndNothingSecret) {
  const std::pair<const char*, const char*> cases[] = {
      {"https://ci.example:8443/api/v3?token=q", "to ci.example:8443; correct circleci.url"},
      {"https://user:q@ci.example/", "to ci.example; correct circleci.url"},
      {"//ci.example", "to ci.example; correct circleci.url"},
      {"/login?next=//q", "to another path; correct circleci.url"},
      {"", "to another path; correct circleci.url"},
  };
  for (const auto status : {301, 302, 303, 307, 308}) {
    for (const auto& [location, told] : cases) {
      net::Headers headers;
      headers.set("Location", location);
      server.answer_to("/running?", status, "", headers);
      const auto sent = why(queue_of({"acme/linux"}).read({}).at("acme/linux"));
      EXPECT_THAT(sent, HasSubstr(fmt::format("the answer is {}, which sends {}", status, told)));
    }
  }
}

TEST_F(CircleCiTest, WaitsAsLongAsItIsTold) {
  net::Headers headers;
  headers.set("Retry-After", "120");
  server.answer_to("/running?", 429, R"({"message":"slow down"})", headers);
  auto queue = queue_of({"acme/linux"});
  EXPECT_THAT(why(queue.read({}).at("acme/linux")), HasSubstr("slow down"));
  clock.advance(seconds(119));
  EXPECT_THAT(why(queue.read({}).at("acme/linux")), HasSubstr("slow down"));
  EXPECT_EQ(server.times_asked("/runner"), 1U);
  server.answer_to("/running?", 200, R"({"running_runner_tasks": 0})");
  clock.advance(seconds(1));
  EXPECT_EQ(why(queue.read({}).at("acme/linux")), "it is known");
}

TEST_F(CircleCiTest, AskedToWaitForNoTimeItBacksOffAllTheSame) {
  for (const auto* header : {"0", "1", "Wed, 21 Oct 2015 07:28:00 GMT", "-5", "1.5"}) {
    FakeServer peer;
    net::Headers headers;
    headers.set("Retry-After", header);
    peer.answer_to("/running?", 429, "{}", headers);
    auto queue = impatient_queue_of(peer, {"acme/linux"});
    for (int second = 0; second < 300; ++second) {
      queue.read({});
      clock.advance(seconds(1));
    }
    EXPECT_LE(peer.times_asked("/running?"), 20U) << header;
    EXPECT_GE(peer.times_asked("/running?"), 8U) << header;
  }
}

TEST_F(CircleCiTest, ADateToWaitForIsByTheClockOfWhoTellsIt) {
  net::Headers headers;
  headers.set("Date", "Wed, 21 Oct 2015 07:28:00 GMT");
  headers.set("Retry-After", "Wed, 21 Oct 2015 07:30:00 GMT");
  server.answer_to("/running?", 429, "{}", headers);
  EXPECT_EQ(queue_of({"acme/linux"}).read({}).at("acme/linux").ask_again_at,
            clock.wall() + minutes(2));
}

TEST_F(CircleCiTest, AskedToWaitForEverItWaitsForAQuarterOfAnHour) {
  net::Headers headers;
  headers.set("Retry-After", "99999999999999999999");
  server.answer_to("/running?", 429, "{}", headers);
  EXPECT_EQ(queue_of({"acme/linux"}).read({}).at("acme/linux").ask_again_at,
            clock.wall() + minutes(15));
}

TEST_F(CircleCiTest, AskedToWaitByOneAnswerItAsksNoMore) {
  server.answer_to("/running?", 429, "");
  auto queue = queue_of({"acme/linux", "acme/arm", "acme/mac", "acme/old", "acme/new", "acme/big"});
  const auto demand = queue.read({});
  for (const auto& [name, reading] : demand) EXPECT_THAT(why(reading), HasSubstr("429")) << name;
  EXPECT_LE(server.times_asked("/runner"), 4U);  // those that were under way
}

TEST_F(CircleCiTest, PausesLongerAfterEachFailureInARow) {
  server.answer_to("/running?", 503, "");
  auto queue = queue_of({"acme/linux"});
  const auto tries_in = [&](Millis time) {
    const auto before = server.times_asked("/running?");
    for (Millis passed{}; passed < time; passed += seconds(1)) {
      clock.advance(seconds(1));
      queue.read({});
    }
    return server.times_asked("/running?") - before;
  };
  const auto early = tries_in(seconds(30));
  EXPECT_GE(early, 4U);
  EXPECT_LE(early, 8U);
  tries_in(minutes(3));
  const auto late = tries_in(minutes(10));
  EXPECT_GE(late, 10U);
  EXPECT_LE(late, 20U);
}

TEST_F(CircleCiTest, AsksForTheTokenEachTime) {
  auto queue = queue_of({"acme/linux"});
  queue.read({});
  token = std::string("rotated");
  queue.read({});
  EXPECT_TRUE(server.find_request(
      [](const auto& request) { return request.headers.get("Circle-Token") == "rotated"; }));
  token = Error{ErrorKind::not_found, "there is no file token"};
  EXPECT_EQ(why(queue.read({}).at("acme/linux")), "there is no file token");
}

// With a source that gives what it remembers until that is refused.
class Rotation : public CircleCiTest {
 protected:
  CircleCi queue() {
    return CircleCi({server.url(),
                     [this](const std::stop_token&, const std::string& refused) {
                       if (refused == remembered) remembered = *token;
                       return remembered;
                     }},
                    {"acme/linux"}, clock);
  }
  void refuse() { server.answer_to("/running?", 401, R"({"message":"no"})"); }
  void accept() { server.answer_to("/running?", 200, R"({"running_runner_tasks": 7})"); }

  std::string remembered = *token;
};

TEST_F(Rotation, ATokenThatWasRotatedIsUsedInTheSameReadingOnce) {
  auto rotated = queue();
  rotated.read({});
  token = std::string("rotated");
  refuse();
  EXPECT_THAT(why(rotated.read({}).at("acme/linux")), HasSubstr("the answer is 401"));
  EXPECT_EQ(server.times_asked("/running?"), 3U) << "once well, once refused, once with the other";
  EXPECT_TRUE(server.find_request(
      [](const auto& request) { return request.headers.get("Circle-Token") == "rotated"; }));
}

TEST_F(Rotation, AnotherTokenEndsThePauseOfTheRefusedOne) {
  auto rotated = queue();
  refuse();
  for (int minute = 0; minute < 10; ++minute) {
    rotated.read({});
    clock.advance(minutes(1));
  }
  rotated.read({});
  const auto asked = server.times_asked("/running?");
  accept();
  EXPECT_THAT(why(rotated.read({}).at("acme/linux")), HasSubstr("the answer is 401"));
  EXPECT_EQ(server.times_asked("/running?"), asked) << "the old one has its pause";
  token = std::string("rotated");
  EXPECT_EQ(why(rotated.read({}).at("acme/linux")), "it is known");
}

TEST_F(Rotation, AnotherTokenDoesNotEndAPauseThatWasAskedFor) {
  auto rotated = queue();
  server.answer_to("/running?", 429, "{}");
  rotated.read({});
  token = std::string("rotated");
  rotated.read({});
  EXPECT_EQ(server.times_asked("/running?"), 1U);
}

TEST_F(CircleCiTest, IsDueOncePerInterval) {
  auto queue = queue_of({"acme/linux"});
  queue.read({});
  clock.advance(seconds(5));
  queue.wait_for_change(minutes(10), {});  // returns at once
  queue.read({});
  std::stop_source stop;
  stop.request_stop();
  queue.wait_for_change(minutes(10), stop.get_token());  // not due, and stopped
}

TEST_F(CircleCiTest, AnotherProcessOfOursHoldsOffAsLong) {
  net::Headers headers;
  headers.set("Retry-After", "120");
  server.answer_to("/api/v3/runner/tasks/running?", 429, "{}", headers);
  const auto told = queue_of({"acme/linux"}).read({}).at("acme/linux").ask_again_at;
  ASSERT_EQ(told, clock.wall() + minutes(2));
  server.answer_to("/api/v3/runner/tasks/running?", 200, R"({"running_runner_tasks": 7})");

  auto queue = queue_of({"acme/linux"});
  const auto asked = server.times_asked("/api/v3/runner");
  queue.hold_off("acme/linux", *told);
  const auto held = queue.read({}).at("acme/linux");
  EXPECT_THAT(why(held), HasSubstr("asked to wait, some more 2m"));
  EXPECT_EQ(held.ask_again_at, told) << "and so does the next one";
  EXPECT_EQ(server.times_asked("/api/v3/runner"), asked);
  clock.advance(minutes(2));
  const auto again = queue.read({}).at("acme/linux");
  EXPECT_EQ(why(again), "it is known");
  EXPECT_EQ(again.ask_again_at, std::nullopt);

  queue.hold_off("acme/linux", clock.wall() + minutes(200));  // by a clock that is wrong
  clock.advance(minutes(15));
  EXPECT_EQ(why(queue.read({}).at("acme/linux")), "it is known");
}

TEST_F(CircleCiTest, AnotherProcessOfOursHoldsOffFromTheClassThatIsMeant) {
  net::Headers headers;
  headers.set("Retry-After", "120");
  constexpr auto kQuestion = "/running?resource-class=acme%2Fmac";
  server.answer_to(kQuestion, 503, "{}", headers);
  const auto told = queue_of({"acme/linux", "acme/mac"}).read({});
  EXPECT_EQ(told.at("acme/mac").ask_again_at, clock.wall() + minutes(2));
  EXPECT_EQ(told.at("acme/linux").ask_again_at, std::nullopt);

  auto queue = queue_of({"acme/linux", "acme/mac"});
  queue.hold_off("acme/mac", *told.at("acme/mac").ask_again_at);
  const auto held = queue.read({});
  EXPECT_EQ(why(held.at("acme/linux")), "it is known");
  EXPECT_THAT(why(held.at("acme/mac")), HasSubstr("asked to wait, some more 2m"));
  EXPECT_EQ(held.at("acme/mac").ask_again_at, told.at("acme/mac").ask_again_at);
  EXPECT_EQ(server.times_asked(kQuestion), 1U);
}

// Time passes here: what is waited for is the wall's own.
TEST_F(CircleCiTest, SpreadsAReadingOfManyClassesOverHalfTheInterval) {
  std::vector<std::string> many;
  for (int i = 0; i < 20; ++i) many.push_back(fmt::format("acme/c{}", i));
  CircleCi queue(
      {.url = server.url(),
       .token = [](const std::stop_token&, const std::string&) { return std::string("personal"); },
       .poll_interval = seconds(2),
       .requests_per_minute = 60'000},
      many);
  const auto begun = std::chrono::steady_clock::now();
  const auto demand = queue.read({});
  // 41 requests: a dozen of them at once, the rest at 41 a second.
  EXPECT_GE(std::chrono::steady_clock::now() - begun, Millis(600));
  EXPECT_EQ(server.times_asked("/api/v3/runner"), 41U);
  for (const auto& name : many) EXPECT_EQ(why(demand.at(name)), "it is known") << name;
}

TEST_F(CircleCiTest, SpreadsAReadingOverAFewSecondsAtMost) {
  std::vector<std::string> classes;
  for (int i = 0; i < 6; ++i) classes.push_back(fmt::format("acme/c{}", i));  // 13 requests
  CircleCi queue(
      {.url = server.url(),
       .token = [](const std::stop_token&, const std::string&) { return std::string("personal"); },
       .poll_interval = std::chrono::hours(24)},
      classes);
  EXPECT_EQ(why(queue.read({}).at("acme/c5")), "it is known");
}

TEST(RetryAfter, IsSecondsOrADate) {
  const WallTime now{std::chrono::sys_days(std::chrono::year(2026) / 11 / 24)};
  EXPECT_EQ(parse_retry_after("120", now), seconds(120));
  EXPECT_EQ(parse_retry_after(" 0 ", now), seconds(0));
  EXPECT_EQ(parse_retry_after("Tue, 24 Nov 2026 00:01:40 GMT", now), seconds(100));
  EXPECT_EQ(parse_retry_after("Mon, 23 Nov 2026 00:00:00 GMT", now), seconds(0));
  for (const auto* huge : {"999999999999999999", "99999999999999999999"}) {
    EXPECT_GT(parse_retry_after(huge, now), minutes(15)) << huge;
  }
  for (const auto* odd : {"", "-1", "+1", "soon", "1.5"}) {
    EXPECT_EQ(parse_retry_after(odd, now), std::nullopt) << odd;
  }
}

TEST(RequestBudget, LetsAFewPassAtOnceAndSpreadsTheRest) {
  RequestBudget budget(60, 3);
  const MonotonicTime start{std::chrono::hours(1)};
  const auto waits = [&](MonotonicTime now) {
    std::vector<Millis> all;
    for (int i = 0; i < 5; ++i) all.push_back(budget.reserve(now));
    return all;
  };
  EXPECT_THAT(waits(start), ElementsAre(Millis(0), Millis(0), Millis(0), seconds(1), seconds(2)));
  // Two seconds later the two that waited have gone; what was not used is not saved up past three.
  EXPECT_THAT(waits(start + seconds(2)),
              ElementsAre(seconds(1), seconds(2), seconds(3), seconds(4), seconds(5)));
  EXPECT_THAT(waits(start + minutes(10)),
              ElementsAre(Millis(0), Millis(0), Millis(0), seconds(1), seconds(2)));
}

TEST(RequestBudget, MaySpreadTheRestFurther) {
  RequestBudget budget(6000, 2);
  const MonotonicTime start{std::chrono::hours(1)};
  EXPECT_EQ(budget.reserve(start, seconds(1)), Millis(0));
  EXPECT_EQ(budget.reserve(start, seconds(1)), Millis(0));
  EXPECT_EQ(budget.reserve(start, seconds(1)), seconds(1));
  EXPECT_EQ(budget.reserve(start + minutes(1), Millis(1)), Millis(0));
  EXPECT_EQ(budget.reserve(start + minutes(1), Millis(1)), Millis(0));
  EXPECT_EQ(budget.reserve(start + minutes(1), Millis(1)), Millis(10)) << "never faster";
}

}  // namespace
}  // namespace muster::demand
