#include "aws/lambda_runtime.hpp"

#include "aws/test_world.hpp"

namespace muster::aws {
namespace {

using testing::HasSubstr;

class LambdaRuntimeTest : public testing::Test {
 protected:
  LambdaRuntimeTest() {
    machine_.set("AWS_LAMBDA_RUNTIME_API", service_.url().substr(std::string("http://").size()));
    runtime_ = LambdaRuntime::of(machine_.environment());
  }
  static net::Response invocation(const std::string& id, const std::string& deadline) {
    net::Response response{.body = "{}"};
    if (!id.empty()) response.headers.set("Lambda-Runtime-Aws-Request-Id", id);
    if (!deadline.empty()) response.headers.set("Lambda-Runtime-Deadline-Ms", deadline);
    return response;
  }

  TestMachine machine_;
  TestService service_;
  std::optional<LambdaRuntime> runtime_;
};

TEST_F(LambdaRuntimeTest, IsOnlyWhereLambdaSaysSo) {
  EXPECT_TRUE(runtime_);
  machine_.unset("AWS_LAMBDA_RUNTIME_API");
  EXPECT_FALSE(LambdaRuntime::of(machine_.environment()));
}

TEST_F(LambdaRuntimeTest, TakesAnInvocation) {
  service_.answer_with({invocation("8476a536", "1542409706888")});
  const auto taken = runtime_->next({});
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_EQ(taken->id, "8476a536");
  EXPECT_EQ(taken->deadline, WallTime(Millis(1'542'409'706'888)));
  EXPECT_EQ(service_.requests().at(0).path, "/2018-06-01/runtime/invocation/next");
}

TEST_F(LambdaRuntimeTest, AnInvocationThatLacksWhatItMustHaveIsAnError) {
  for (const auto& broken :
       {invocation("", "1"), invocation("a", ""), invocation("a", "soon"), net::Response{500}}) {
    service_.answer_with({broken});
    EXPECT_FALSE(runtime_->next({}));
  }
}

TEST_F(LambdaRuntimeTest, StopsWaitingWhenItIsToldTo) {
  std::stop_source stop;
  stop.request_stop();
  const auto none = runtime_->next(stop.get_token());
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::cancelled);
}

TEST_F(LambdaRuntimeTest, TellsHowItWent) {
  service_.answer_with({{.status = 202}});
  const Invocation invocation{.id = "8476a536"};
  ASSERT_TRUE(runtime_->succeed(invocation, R"({"passes":1})"));
  ASSERT_TRUE(runtime_->fail(invocation, "Muster.Held", "no \"queue\""));
  ASSERT_TRUE(runtime_->fail_to_start("Muster.Start", "no configuration"));

  const auto told = service_.requests();
  EXPECT_EQ(told.at(0).path, "/2018-06-01/runtime/invocation/8476a536/response");
  EXPECT_EQ(told.at(0).body, R"({"passes":1})");
  EXPECT_EQ(told.at(1).path, "/2018-06-01/runtime/invocation/8476a536/error");
  EXPECT_EQ(told.at(1).headers.get("Lambda-Runtime-Function-Error-Type"), "Muster.Held");
  EXPECT_EQ(told.at(1).body,
            R"({"errorMessage":"no \"queue\"","errorType":"Muster.Held","stackTrace":[]})");
  EXPECT_EQ(told.at(2).path, "/2018-06-01/runtime/init/error");
  EXPECT_THAT(told.at(2).body, HasSubstr("no configuration"));
}

}  // namespace
}  // namespace muster::aws
