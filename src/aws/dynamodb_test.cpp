#include "aws/dynamodb.hpp"

#include "aws/test_world.hpp"

namespace muster::aws {
namespace {

using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

class DynamoDbTest : public testing::Test {
 protected:
  DynamoDbTest() {
    machine_.set("AWS_ENDPOINT_URL_DYNAMODB", service_.url());
    machine_.set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    machine_.set("AWS_SECRET_ACCESS_KEY", "hush");
    auto opened = DynamoDb::open(
        session_, http_, "eu-west-1", {},
        {.random = [] { return 0.0; }, .sleep = [](Millis, const std::stop_token&) {}});
    EXPECT_TRUE(opened);
    dynamo_.emplace(std::move(*opened));
  }
  static net::Response answer(std::string body, int status = 200) {
    return {.status = status, .body = std::move(body)};
  }
  net::Request request() const { return service_.requests().at(0); }

  TestMachine machine_;
  TestService service_;
  net::HttpClient http_;
  Session session_{machine_.environment()};
  std::optional<DynamoDb> dynamo_;
};

TEST_F(DynamoDbTest, ReadsAnItem) {
  service_.answer_with(
      {answer(R"({"Item":{"group":{"S":"runners"},"version":{"N":"7"},"flag":{"BOOL":true}}})")});
  const auto item = dynamo_->get("muster", "group", "runners", {});
  ASSERT_TRUE(item) << item.error().message;
  ASSERT_TRUE(*item);
  EXPECT_THAT((*item)->texts, UnorderedElementsAre(Pair("group", "runners")));
  EXPECT_THAT((*item)->numbers, UnorderedElementsAre(Pair("version", 7)));
  EXPECT_EQ(request().headers.get("X-Amz-Target"), "DynamoDB_20120810.GetItem");
  EXPECT_EQ(request().headers.get("Content-Type"), "application/x-amz-json-1.0");
  EXPECT_EQ(request().body,
            R"({"TableName":"muster","Key":{"group":{"S":"runners"}},"ConsistentRead":true})");
}

TEST_F(DynamoDbTest, KnowsThatThereIsNoItem) {
  service_.answer_with({answer("{}")});
  const auto item = dynamo_->get("muster", "group", "runners", {});
  ASSERT_TRUE(item);
  EXPECT_FALSE(*item);
}

TEST_F(DynamoDbTest, WritesOnlyOnItsCondition) {
  service_.answer_with({answer("{}")});
  const Item item{.texts = {{"group", "a \"b\""}}, .numbers = {{"version", 8}}};
  ASSERT_TRUE(dynamo_->put("muster", item, "version", 7, {}));
  EXPECT_EQ(request().body,
            R"({"TableName":"muster","Item":{"group":{"S":"a \"b\""},"version":{"N":"8"}},)"
            R"("ExpressionAttributeNames":{"#n":"version"},"ConditionExpression":"#n = :n",)"
            R"("ExpressionAttributeValues":{":n":{"N":"7"}}})");
}

TEST_F(DynamoDbTest, WritesANewItemOnlyWhereThereIsNone) {
  service_.answer_with({answer("{}")});
  ASSERT_TRUE(dynamo_->put("muster", {.texts = {{"group", "a"}}}, "version", std::nullopt, {}));
  EXPECT_THAT(request().body,
              HasSubstr(R"--("ConditionExpression":"attribute_not_exists(#n)"})--"));
}

TEST_F(DynamoDbTest, TellsAFailedConditionFromOtherRefusals) {
  service_.answer_with(
      {answer(R"({"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",)"
              R"("message":"The conditional request failed"})",
              400)});
  const auto late = dynamo_->put("muster", {}, "version", 1, {});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::conflict);

  service_.answer_with(
      {answer(R"({"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",)"
              R"("message":"Requested resource not found"})",
              400)});
  const auto nowhere = dynamo_->get("muster", "group", "runners", {});
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().kind, ErrorKind::not_found);
}

TEST_F(DynamoDbTest, OnlyWholeNumbersAreRead) {
  service_.answer_with(
      {answer(R"({"Item":{"a":{"N":"1.5"},"b":{"N":"1E2"},"c":{"N":"9223372036854775808"},)"
              R"("d":{"N":"-3"}}})")});
  const auto item = dynamo_->get("muster", "group", "runners", {});
  ASSERT_TRUE(item && *item);
  EXPECT_THAT((*item)->numbers, UnorderedElementsAre(Pair("d", -3)));
}

}  // namespace
}  // namespace muster::aws
