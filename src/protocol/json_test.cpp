#include "protocol/json.hpp"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/mp11.hpp>

#include "protocol/json_members.hpp"

namespace muster::protocol {
namespace {

using testing::HasSubstr;

// Gives every member of a message a value of its own, none of them the default.
class Filler {
 public:
  template <class T>
  T make() {
    T value{};
    fill(value);
    return value;
  }

 private:
  void fill(std::string& text) { text = "text \"" + std::to_string(++count_) + "\"\n\\ é"; }
  void fill(bool& flag) { flag = true; }
  void fill(int& number) { number = ++count_; }
  void fill(std::int64_t& number) { number = 5'000'000'000 + ++count_; }
  void fill(Money& money) { money.millionths = 1'000'041'600 + ++count_; }
  void fill(Millis& duration) { duration = Millis(++count_); }
  void fill(WallTime& time) { time = WallTime(Millis(1'589'500'800'000 + ++count_)); }
  void fill(pipeline::Environment& map) { map = {{"A", "1"}, {"B", "two"}}; }
  void fill(std::vector<pipeline::Step>& steps) {
    steps = {make<pipeline::RunStep>(), make<pipeline::CheckoutStep>()};
  }

  template <class T>
  void fill(std::optional<T>& optional) {
    fill(optional.emplace());
  }
  template <class T>
  void fill(std::vector<T>& items) {
    for (int i = 0; i < 2; ++i) fill(items.emplace_back());
  }
  template <class T>
  requires std::is_enum_v<T>
  void fill(T& enumerator) { enumerator = static_cast<T>(2); }
  template <class T>
  void fill(T& message) {
    using Members = boost::describe::describe_members<T, boost::describe::mod_public>;
    boost::mp11::mp_for_each<Members>([&](auto member) { fill(message.*member.pointer); });
  }

  int count_ = 0;
};

template <class T>
class RoundTrip : public testing::Test {};

using EveryMessage = testing::Types<
    pipeline::Job, Message, RunnerItem, RunnerList, UnclaimedTasks, RunningTasks, ResourceClassItem,
    ResourceClassList, NewResourceClass, TokenItem, TokenList, NewToken, SignIn, SessionStatus,
    SignInCode, AuditItem, AuditList, ClaimRequest, WithdrawRequest, ClaimedTask, HeartbeatRequest,
    HeartbeatAnswer, StepUpdate, OutputAnswer, StepReport, FinishRequest, SubmitPipeline,
    ConfigProblem, ConfigRefused, Rerun, PipelineCreated, StepStatus, TaskStatus, JobStatus,
    WorkflowStatus, PipelineStatus, PipelineItem, PipelineList, RunnerActivity, OtherRunner,
    ForeseenTasks, ClassDemand, Demand, FleetDecision, FleetDecisions, ClassFleet, FleetReport,
    ClassStatus, FleetStatus, FleetPoint, FleetTotals, FleetHistory, Health>;
TYPED_TEST_SUITE(RoundTrip, EveryMessage);

TYPED_TEST(RoundTrip, KeepsEveryMember) {
  for (const auto& message : {Filler().make<TypeParam>(), TypeParam{}}) {
    const auto text = to_json(message);
    const auto read = from_json<TypeParam>(text);
    ASSERT_TRUE(read) << text << "\n" << read.error().message;
    EXPECT_EQ(to_json(*read), text);
  }
}

TEST(Json, WritesTheMembersByTheirNames) {
  JobStatus job{.id = "7", .number = 3, .name = "test", .state = "queued", .resource_class = "a/b"};
  job.requires_jobs = {"lint"};
  EXPECT_EQ(to_json(job),
            R"({"id":"7","number":3,"name":"test","state":"queued","resource_class":"a/b",)"
            R"("requires":["lint"],"tasks":[]})");
}

TEST(Json, WritesAJobWithItsSteps) {
  pipeline::Job job{.name = "test", .resource_class = "a/b", .environment = {{"A", "1"}}};
  job.steps = {pipeline::CheckoutStep{}, pipeline::RunStep{.name = "n", .command = "true"}};
  const auto text = to_json(job);
  EXPECT_EQ(text,
            R"({"name":"test","resource_class":"a/b","environment":{"A":"1"},)"
            R"("working_directory":"~/project","shell":"/bin/bash -eo pipefail","parallelism":1,)"
            R"("steps":[{"name":"Checkout code","type":"checkout"},)"
            R"({"name":"n","command":"true","environment":{},"background":false,)"
            R"("no_output_timeout":600000,"when":"on_success","type":"run"}]})");
  EXPECT_EQ(from_json<pipeline::Job>(text), job);
}

TEST(Json, OmitsAnAbsentOptionalAndReadsNullAsAbsent) {
  EXPECT_EQ(to_json(StepUpdate{.name = "n"}), R"({"name":"n","state":"running"})");
  const auto read =
      from_json<StepUpdate>(R"({"name":"n","state":"failed","exit_code":null,"ended_at":null})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->exit_code, std::nullopt);
  EXPECT_EQ(read->ended_at, std::nullopt);
}

TEST(Json, ARequestMayLeaveOutWhatHasADefault) {
  const auto token = from_json<NewToken>("{}");
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_EQ(token->resource_class, "");
  const auto claim =
      from_json<ClaimRequest>(R"({"request_id":"r","name":"n","hostname":"h","version":"1"})");
  ASSERT_TRUE(claim) << claim.error().message;
  EXPECT_EQ(claim->wait_ms, 0);
}

TEST(Json, AnAmountIsANumberOfMillionths) {
  const std::string before =
      R"({"instance_ms":0,"booting_ms":0,"idle_ms":0,"busy_ms":0,"tasks":0,"cost":)";
  for (const auto& [text, millionths] : {std::pair("0.0416", 41'600),
                                         {"2", 2'000'000},
                                         {"1e-3", 1'000},
                                         {"0.00000049", 0},
                                         {"-0.5", -500'000}}) {
    const auto read = from_json<FleetTotals>(before + text + "}");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->cost, Money{millionths}) << text;
  }
  for (const auto* text : {"\"2\"", "true", "[]", "1e9", "-1e300", "1e999"}) {
    EXPECT_FALSE(from_json<FleetTotals>(before + text + "}")) << text;
  }
}

TEST(Json, AnAmountIsTheSameOnceItWasWritten) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 10'000; ++i) {
    const FleetTotals totals{
        .cost = Money{static_cast<std::int64_t>(random() >> (random() % 50 + 14))}};
    const auto read = from_json<FleetTotals>(to_json(totals));
    ASSERT_EQ(read.has_value(), totals.cost->millionths <= 100'000'000'000'000);
    if (!read) continue;
    EXPECT_EQ(read->cost, totals.cost) << "seed 7";
  }
}

TEST(Json, IgnoresUnknownMembers) {
  const auto read = from_json<Message>(R"({"more":[{}],"message":"Deleted."})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->message, "Deleted.");
}

TEST(Json, RefusesAMemberThatIsThereTwice) {
  for (const auto* text :
       {R"({"message":"a","message":"b"})", R"({"message":"a","more":[1,{"b":[],"c":{},"b":2}]})",
        R"({"more":{"b":1},"message":"a","more":{"b":1}})",
        R"({"message":"a","\u006dessage":"b"})"}) {
    const auto read = from_json<Message>(text);
    ASSERT_FALSE(read) << text;
    EXPECT_THAT(read.error().message, HasSubstr("a member is there twice"));
  }
  EXPECT_TRUE(from_json<Message>(R"({"message":"a","b":{"c":1},"d":[{"c":1},{"c":1},{}]})"));
}

TEST(Json, WritesValidJsonWhateverTheBytes) {
  const std::string bytes(
      "\xff"
      "a\xc3\0\xed\xa0\x80"
      "b\xf0\x9f\x98\x80",
      12);
  const auto text = to_json(Message{bytes});
  const auto read = from_json<Message>(text);
  ASSERT_TRUE(read) << text;
  EXPECT_EQ(read->message, std::string("\uFFFD"
                                       "a\uFFFD\0\uFFFD\uFFFD\uFFFD"
                                       "b😀",
                                       22));
  EXPECT_EQ(to_json(*read), text);
}

template <class T>
std::string error_of(std::string_view text) {
  const auto read = from_json<T>(text);
  if (read) return "no error";
  EXPECT_EQ(read.error().kind, ErrorKind::invalid);
  return read.error().message;
}

TEST(Json, AnErrorNamesTheMember) {
  EXPECT_EQ(error_of<Message>("[]"), "expected an object");
  EXPECT_EQ(error_of<Message>("{}"), "message: missing");
  EXPECT_EQ(error_of<Message>(R"({"message":null})"), "message: expected a string");
  EXPECT_EQ(error_of<UnclaimedTasks>("{}"), "unclaimed_task_count: missing");
  EXPECT_EQ(error_of<PipelineList>(R"({"items":{}})"), "items: expected a list");
  EXPECT_EQ(error_of<HeartbeatAnswer>(R"({"lease_ms":1,"canceled":0})"),
            "canceled: expected true or false");
  EXPECT_EQ(error_of<FinishRequest>(R"({"result":"won"})"),
            "result: expected one of success, failed, canceled, timedout, infrastructure_fail");
  EXPECT_EQ(error_of<StepUpdate>(R"({"name":"n","state":"failed","ended_at":"noon"})"),
            "ended_at: expected a time such as 2020-05-15T00:00:00Z");
  EXPECT_EQ(error_of<FleetReport>(R"({"classes":[{"resource_class":"a/b","desired":1.5}]})"),
            "classes[0].desired: expected a whole number");
}

std::string job_with(const std::string& members) {
  return R"({"name":"j","resource_class":"a/b","working_directory":"~","shell":"sh",)" + members +
         "}";
}

TEST(Json, AnErrorInAJobNamesTheStep) {
  const auto step_error = [](const std::string& step) {
    return error_of<pipeline::Job>(
        job_with(R"("environment":{},"parallelism":1,"steps":[{"type":"checkout","name":"c"},)" +
                 step + "]"));
  };
  EXPECT_EQ(step_error("1"), "steps[1]: expected an object");
  EXPECT_EQ(step_error("{}"), "steps[1].type: expected run or checkout");
  EXPECT_EQ(step_error(R"({"type":"checkout"})"), "steps[1].name: missing");
  EXPECT_EQ(step_error(R"({"type":"run","name":"n","command":2})"),
            "steps[1].command: expected a string");
  EXPECT_EQ(error_of<pipeline::Job>(job_with(R"("environment":{"A":1})")),
            "environment.A: expected a string");
}

TEST(Json, IntegersMustFit) {
  const auto size = [](const std::string& number) {
    return error_of<OutputAnswer>(R"({"size":)" + number + "}");
  };
  EXPECT_EQ(size("9223372036854775807"), "no error");
  EXPECT_EQ(size("-9223372036854775808"), "no error");
  EXPECT_EQ(size("9223372036854775808"), "size: the number is out of range");
  EXPECT_EQ(size("99999999999999999999"), "size: expected a whole number");
  EXPECT_EQ(size("1.0"), "size: expected a whole number");
  EXPECT_EQ(size("1e2"), "size: expected a whole number");
  EXPECT_EQ(error_of<pipeline::Job>(job_with(R"("environment":{},"parallelism":3000000000)")),
            "parallelism: the number is out of range");
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const std::string text :
       {"", "{", "{\"message\":\"a\"} x", "{'message':'a'}", "{\"message\":\"\xff\"}",
        "{\"message\":\"\\ud800\"}", "{\"message\":\"a\",}", "nul", "\xef\xbb\xbf{}"}) {
    EXPECT_THAT(error_of<Message>(text), HasSubstr("not valid JSON")) << text;
  }
}

TEST(Json, RefusesDeepNesting) {
  const std::string deep(100'000, '[');
  EXPECT_THAT(error_of<Message>(R"({"x":)" + deep), HasSubstr("not valid JSON"));
}

TEST(Json, SurvivesMutations) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto good = to_json(Filler().make<ClaimedTask>());
  for (int round = 0; round < 3'000; ++round) {
    auto text = good;
    for (int i = 0; i < 2; ++i) text[random() % text.size()] = static_cast<char>(random());
    if (round % 3 == 0) text.resize(random() % text.size());
    const auto read = from_json<ClaimedTask>(text);
    if (read) {
      EXPECT_TRUE(from_json<ClaimedTask>(to_json(*read)));
    } else {
      EXPECT_FALSE(read.error().message.empty());
    }
  }
}

}  // namespace
}  // namespace muster::protocol
