#include "aws/logs.hpp"

#include "aws/test_world.hpp"

namespace muster::aws {
namespace {

using testing::HasSubstr;

class LogsTest : public testing::Test {
 protected:
  LogsTest() {
    machine_.set("AWS_ENDPOINT_URL", service_.url());
    machine_.set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    machine_.set("AWS_SECRET_ACCESS_KEY", "hush");
    auto opened = Logs::open(session_, http_, "eu-west-1", {});
    EXPECT_TRUE(opened);
    logs_.emplace(std::move(*opened));
  }
  Result<void> put() {
    return logs_->put("/g", "i-1", WallTime(Millis(1'700'000'000'123)), "a\"b", {});
  }

  TestMachine machine_;
  TestService service_;
  net::HttpClient http_;
  Session session_{machine_.environment()};
  std::optional<Logs> logs_;
};

TEST_F(LogsTest, MakesAStreamWhoseAnswerIsEmpty) {
  service_.answer_with({{.status = 200, .body = ""}});
  const auto made = logs_->create_stream("/g", "i-1", {});
  EXPECT_TRUE(made) << made.error().message;
  const auto asked = service_.requests().at(0);
  EXPECT_EQ(asked.headers.get("X-Amz-Target"), "Logs_20140328.CreateLogStream");
  EXPECT_EQ(asked.headers.get("Content-Type"), "application/x-amz-json-1.1");
  EXPECT_EQ(asked.body, R"({"logGroupName":"/g","logStreamName":"i-1"})");
}

TEST_F(LogsTest, AStreamThatIsThereIsAsGoodAndAMissingGroupIsNot) {
  service_.answer_with(
      {{.status = 400, .body = R"({"__type":"ResourceAlreadyExistsException"})"},
       {.status = 400, .body = R"({"__type":"ResourceNotFoundException","message":"no group"})"}});
  EXPECT_TRUE(logs_->create_stream("/g", "i-1", {}));
  const auto none = logs_->create_stream("/g", "i-1", {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::not_found);
  EXPECT_THAT(none.error().message, HasSubstr("logs:CreateLogStream failed with"));
}

TEST_F(LogsTest, PutsALine) {
  service_.answer_with({{.body = R"({"nextSequenceToken":"1"})"}});
  EXPECT_TRUE(put());
  const auto asked = service_.requests().at(0);
  EXPECT_EQ(asked.headers.get("X-Amz-Target"), "Logs_20140328.PutLogEvents");
  EXPECT_EQ(asked.body, R"({"logGroupName":"/g","logStreamName":"i-1",)"
                        R"("logEvents":[{"timestamp":1700000000123,"message":"a\"b"}]})");
}

TEST_F(LogsTest, WhatAwsDoesNotTakeIsAnError) {
  service_.answer_with({{.body = R"({"rejectedLogEventsInfo":{"tooOldLogEventEndIndex":1}})"}});
  const auto rejected = put();
  ASSERT_FALSE(rejected);
  EXPECT_THAT(rejected.error().message, HasSubstr("tooOldLogEventEndIndex"));
}

}  // namespace
}  // namespace muster::aws
