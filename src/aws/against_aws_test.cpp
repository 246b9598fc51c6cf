// Against something that checks signatures and policies as AWS does. tests/functional/test_aws.py
// starts it, says by variables where and what it is, and looks at what these tests left there.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/autoscaling.hpp"
#include "aws/secrets.hpp"

namespace muster::aws {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class AgainstAws : public testing::Test {
 protected:
  void SetUp() override {
    if (group_.empty()) GTEST_SKIP() << "script/test --functional aws runs it";
  }

  static std::string variable(const char* name) { return process_environment()(name).value_or(""); }
  // The process's own environment, but for one variable.
  static Environment with(const std::string& changed, const std::string& value) {
    return [=](const std::string& name) {
      return name == changed ? std::optional(value) : process_environment()(name);
    };
  }
  AutoScaling scaling(Session& session) {
    auto opened = AutoScaling::open(session, http_, "", {});
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(opened.value());
  }
  AutoScalingGroup group(AutoScaling& scaling) {
    const auto groups = scaling.groups(std::vector{group_, std::string("no such group")}, {});
    EXPECT_TRUE(groups) << groups.error().message;
    EXPECT_EQ(groups->size(), 1);
    return groups->at(0);
  }
  Error refusal(Environment environment) {
    Session session(std::move(environment));
    auto refused = scaling(session).groups(std::vector{group_}, {});
    EXPECT_FALSE(refused);
    return refused ? Error{} : refused.error();
  }

  const std::string group_ = variable("MUSTER_TEST_GROUP");
  net::HttpClient http_;
  Session session_;
};

TEST_F(AgainstAws, KeepsAGroupAtItsSize) {
  auto client = scaling(session_);
  const auto before = group(client);
  EXPECT_EQ(before.name, group_);
  EXPECT_EQ(before.max, 5);
  EXPECT_TRUE(before.protects_new_instances);
  EXPECT_TRUE(before.instances.empty());

  ASSERT_TRUE(client.set_desired_capacity(group_, 3, {}));
  const auto grown = group(client);
  EXPECT_EQ(grown.desired, 3);
  ASSERT_EQ(grown.instances.size(), 3);
  EXPECT_TRUE(grown.instances[0].protected_from_scale_in);

  EXPECT_FALSE(grown.has_suspended("AZRebalance"));
  ASSERT_TRUE(client.suspend_process(group_, "AZRebalance", {}));
  ASSERT_TRUE(client.terminate(grown.instances[1].id, {}));
  const auto after = group(client);
  EXPECT_TRUE(after.has_suspended("AZRebalance"));
  EXPECT_EQ(after.desired, 2);
  ASSERT_EQ(after.instances.size(), 2);
  for (const auto& instance : after.instances) EXPECT_NE(instance.id, grown.instances[1].id);
}

TEST_F(AgainstAws, ReadsSecrets) {
  auto manager = SecretsManager::open(session_, http_, "", {});
  ASSERT_TRUE(manager) << manager.error().message;
  const auto secret = manager->value(variable("MUSTER_TEST_SECRET"), {});
  EXPECT_EQ(secret.value_or(""), "to ken+é") << (secret ? "" : secret.error().message);
  const auto none = manager->value("no such secret", {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::not_found);

  auto store = ParameterStore::open(session_, http_, "", {});
  ASSERT_TRUE(store) << store.error().message;
  const auto parameter = store->value(variable("MUSTER_TEST_PARAMETER"), {});
  EXPECT_EQ(parameter.value_or(""), "parameter") << (parameter ? "" : parameter.error().message);
  EXPECT_EQ(store->value("/no/such/parameter", {}).error().kind, ErrorKind::not_found);
}

TEST_F(AgainstAws, WhatThePolicyLacksIsNamed) {
  const auto denied = scaling(session_).activities(group_, 10, {});
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().kind, ErrorKind::forbidden);
  EXPECT_THAT(denied.error().message, HasSubstr("allow autoscaling:DescribeScalingActivities"));
}

TEST_F(AgainstAws, CredentialsThatAreNotRightAreRefused) {
  const auto secret = refusal(with("AWS_SECRET_ACCESS_KEY", "hush"));
  EXPECT_EQ(secret.kind, ErrorKind::unauthenticated);
  EXPECT_THAT(secret.message, AllOf(HasSubstr("SignatureDoesNotMatch"), Not(HasSubstr("hush"))));
  const auto key = refusal(with("AWS_ACCESS_KEY_ID", "AKIDUNKNOWN00000"));
  EXPECT_EQ(key.kind, ErrorKind::unauthenticated);
  EXPECT_THAT(key.message, HasSubstr("AKIDUNKNOWN00000 from the environment"));
  EXPECT_EQ(refusal(with("AWS_SESSION_TOKEN", "hush")).kind, ErrorKind::unauthenticated);
}

}  // namespace
}  // namespace muster::aws
