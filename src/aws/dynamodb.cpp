#include "aws/dynamodb.hpp"

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::aws {

namespace {

constexpr Service kService{
    .id = "dynamodb", .host_prefix = "dynamodb", .signing_name = "dynamodb", .json = "1.0"};
constexpr std::string_view kTarget = "DynamoDB_20120810";

std::string text(std::string_view value) {
  return fmt::format(R"({{"S":{}}})", json_text(value));
}

std::string number(std::int64_t value) {
  return fmt::format(R"({{"N":"{}"}})", value);
}

std::string attributes(const Item& item) {
  std::vector<std::string> members;
  for (const auto& [name, value] : item.texts) {
    members.push_back(fmt::format("{}:{}", json_text(name), text(value)));
  }
  for (const auto& [name, value] : item.numbers) {
    members.push_back(fmt::format("{}:{}", json_text(name), number(value)));
  }
  return "{" + join(members, ",") + "}";
}

Item read_item(const Node& node) {
  Item item;
  for (const auto& attribute : node.children) {
    if (const auto* value = attribute.find("S")) item.texts[attribute.name] = value->text;
    const auto whole = parse_int(attribute.text_at("N"));
    if (whole) item.numbers[attribute.name] = *whole;
  }
  return item;
}

}  // namespace

Result<DynamoDb> DynamoDb::open(Session& session, net::HttpClient& http, std::string region,
                                const std::stop_token& stop, Patience patience) {
  auto client = Client::open(session, http, kService, std::move(region), stop, std::move(patience));
  if (!client) return client.error();
  return DynamoDb(std::move(*client));
}

Result<std::optional<Item>> DynamoDb::get(const std::string& table, const std::string& key_name,
                                          const std::string& key, const std::stop_token& stop) {
  const auto body = fmt::format(R"({{"TableName":{},"Key":{{{}:{}}},"ConsistentRead":true}})",
                                json_text(table), json_text(key_name), text(key));
  const auto answer = client_.json("GetItem", kTarget, body, stop);
  if (!answer) return answer.error();
  const auto* found = answer->find("Item");
  if (found == nullptr) return std::optional<Item>();
  return std::optional(read_item(*found));
}

Result<void> DynamoDb::put(const std::string& table, const Item& item, const std::string& name,
                           std::optional<std::int64_t> expected, const std::stop_token& stop) {
  const auto condition =
      expected
          ? fmt::format(R"("#n = :n","ExpressionAttributeValues":{{":n":{}}})", number(*expected))
          : R"--("attribute_not_exists(#n)")--";
  const auto body = fmt::format(
      R"({{"TableName":{},"Item":{},"ExpressionAttributeNames":{{"#n":{}}},"ConditionExpression":{}}})",
      json_text(table), attributes(item), json_text(name), condition);
  const auto answer = client_.json("PutItem", kTarget, body, stop);
  if (!answer) return answer.error();
  return ok();
}

}  // namespace muster::aws
