#include "aws/secrets.hpp"

#include "aws/test_world.hpp"

namespace muster::aws {
namespace {

using testing::HasSubstr;

class SecretsTest : public testing::Test {
 protected:
  SecretsTest() {
    machine_.set("AWS_ENDPOINT_URL", service_.url());
    machine_.set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    machine_.set("AWS_SECRET_ACCESS_KEY", "hush");
  }
  Result<std::string> secret(const std::string& id) {
    auto manager = SecretsManager::open(session_, http_, "eu-west-1", {});
    if (!manager) return manager.error();
    return manager->value(id, {});
  }
  Result<std::string> parameter(const std::string& name) {
    auto store = ParameterStore::open(session_, http_, "eu-west-1", {});
    if (!store) return store.error();
    return store->value(name, {});
  }

  TestMachine machine_;
  TestService service_;
  net::HttpClient http_;
  Session session_{machine_.environment()};
};

TEST_F(SecretsTest, ReadsASecretAsTextOrBytes) {
  service_.answer_with({{.body = R"({"Name":"ci","SecretString":"to\"ken"})"},
                        {.body = R"({"Name":"ci","SecretBinary":"AAEC"})"}});
  EXPECT_EQ(secret("ci/\"x\"").value_or(""), "to\"ken");
  EXPECT_EQ(secret("ci").value_or(""), std::string("\0\1\2", 3));
  const auto asked = service_.requests().at(0);
  EXPECT_EQ(asked.headers.get("X-Amz-Target"), "secretsmanager.GetSecretValue");
  EXPECT_EQ(asked.body, R"({"SecretId":"ci/\"x\""})");
}

TEST_F(SecretsTest, ReadsAParameterDecrypted) {
  service_.answer_with({{.body = R"({"Parameter":{"Name":"/ci","Value":"token"}})"}});
  EXPECT_EQ(parameter("/ci").value_or(""), "token");
  const auto asked = service_.requests().at(0);
  EXPECT_EQ(asked.headers.get("X-Amz-Target"), "AmazonSSM.GetParameter");
  EXPECT_EQ(asked.body, R"({"Name":"/ci","WithDecryption":true})");
}

TEST_F(SecretsTest, WhatIsNotThereIsNamed) {
  service_.answer_with({{.status = 400, .body = R"({"__type":"ParameterNotFound"})"}});
  const auto none = parameter("/ci");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::not_found);
  EXPECT_THAT(none.error().message,
              HasSubstr("the parameter '/ci' in eu-west-1: ssm:GetParameter failed with "
                        "ParameterNotFound"));
}

TEST_F(SecretsTest, AnAnswerWithoutAValueIsNotAnEmptySecret) {
  service_.answer_with({{.body = "{}"}});
  EXPECT_FALSE(secret("ci"));
  EXPECT_FALSE(parameter("/ci"));
}

}  // namespace
}  // namespace muster::aws
