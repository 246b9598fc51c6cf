#include "aws/region_and_endpoint.hpp"

#include "aws/test_world.hpp"

namespace muster::aws {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr Service kScaling{"auto_scaling", "autoscaling", "autoscaling"};
constexpr Service kSecrets{"secrets_manager", "secretsmanager", "secretsmanager", true};

class RegionAndEndpointTest : public testing::Test {
 protected:
  Result<std::string> region() {
    const auto profile = load_profile(machine_.environment());
    if (!profile) return profile.error();
    InstanceMetadata instance(machine_.environment(), http_);
    return find_region(machine_.environment(), *profile, instance, {});
  }
  // The address, or what is wrong.
  std::string endpoint(const std::string& region = "eu-west-1", Service service = kScaling) {
    const auto profile = load_profile(machine_.environment());
    if (!profile) return profile.error().message;
    const auto found = find_endpoint(service, region, machine_.environment(), *profile);
    return found ? found->url() : found.error().message;
  }

  TestMachine machine_;
  net::HttpClient http_;
};

TEST_F(RegionAndEndpointTest, TheRegionComesFromTheFirstThatSaysOne) {
  TestService instance({{.body = "token"}, {.body = "ap-south-1"}});
  machine_.unset("AWS_EC2_METADATA_DISABLED");
  machine_.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", instance.url() + "/");
  EXPECT_EQ(region().value_or(""), "ap-south-1");
  machine_.write(".aws/config", "[default]\nregion = eu-north-1\n");
  EXPECT_EQ(region().value_or(""), "eu-north-1");
  machine_.set("AWS_DEFAULT_REGION", "eu-west-2");
  EXPECT_EQ(region().value_or(""), "eu-west-2");
  machine_.set("AWS_REGION", "eu-west-3");
  EXPECT_EQ(region().value_or(""), "eu-west-3");

  const auto asked = instance.requests();
  ASSERT_EQ(asked.size(), 2);
  EXPECT_EQ(asked[0].method, "PUT");
  EXPECT_EQ(asked[0].path, "/latest/api/token");
  EXPECT_EQ(asked[0].headers.get("x-aws-ec2-metadata-token-ttl-seconds"), "21600");
  EXPECT_EQ(asked[1].path, "/latest/meta-data/placement/region");
  EXPECT_EQ(asked[1].headers.get("x-aws-ec2-metadata-token"), "token");
}

TEST_F(RegionAndEndpointTest, WithoutARegionTheErrorSaysWhatToSet) {
  const auto none = region();
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("set AWS_REGION"));
  EXPECT_THAT(none.error().message, HasSubstr("AWS_EC2_METADATA_DISABLED is true"));
}

TEST_F(RegionAndEndpointTest, ARegionCannotNameAnotherHost) {
  for (const auto* bad : {"eu-west-1.evil.example/", "EU", "-x", "a b"}) {
    machine_.set("AWS_REGION", bad);
    ASSERT_FALSE(region());
    EXPECT_THAT(region().error().message, HasSubstr("AWS_REGION"));
    EXPECT_THAT(endpoint(bad), HasSubstr("is not a region"));
  }
}

// As botocore 1.44 resolves them.
TEST_F(RegionAndEndpointTest, AnArnNamesItsRegion) {
  EXPECT_EQ(region_in_arn("arn:aws:secretsmanager:eu-west-1:1:secret:ci-x"), "eu-west-1");
  for (const auto* name : {"", "ci/token", "arn", "arn:aws:secretsmanager", "a:b:c:eu-west-1"}) {
    EXPECT_EQ(region_in_arn(name), "") << name;
  }
}

TEST_F(RegionAndEndpointTest, KnowsThePartitions) {
  EXPECT_EQ(endpoint("eu-west-1"), "https://autoscaling.eu-west-1.amazonaws.com");
  EXPECT_EQ(endpoint("cn-north-1"), "https://autoscaling.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(endpoint("us-gov-west-1"), "https://autoscaling.us-gov-west-1.amazonaws.com");
  EXPECT_EQ(endpoint("us-iso-east-1"), "https://autoscaling.us-iso-east-1.c2s.ic.gov");
}

TEST_F(RegionAndEndpointTest, KnowsFipsAndDualStack) {
  machine_.set("AWS_USE_FIPS_ENDPOINT", "true");
  EXPECT_EQ(endpoint("us-east-1"), "https://autoscaling-fips.us-east-1.amazonaws.com");
  EXPECT_EQ(endpoint("us-gov-west-1"), "https://autoscaling.us-gov-west-1.amazonaws.com");
  EXPECT_EQ(endpoint("us-gov-west-1", kSecrets),
            "https://secretsmanager-fips.us-gov-west-1.amazonaws.com");
  machine_.set("AWS_USE_DUALSTACK_ENDPOINT", "True");
  EXPECT_EQ(endpoint("us-gov-west-1"), "https://autoscaling-fips.us-gov-west-1.api.aws");
  machine_.set("AWS_USE_FIPS_ENDPOINT", "false");
  machine_.write(".aws/config", "[default]\nuse_fips_endpoint = true\n");
  EXPECT_EQ(endpoint("cn-north-1"), "https://autoscaling.cn-north-1.api.amazonwebservices.com.cn");
}

TEST_F(RegionAndEndpointTest, AConfiguredEndpointGoesFirstTheNearestBeforeTheWider) {
  machine_.write(".aws/config",
                 "[default]\nendpoint_url = http://a:1/base/\nservices = s\n"
                 "[services t]\nauto_scaling =\n  endpoint_url = http://wrong\n");
  EXPECT_EQ(endpoint(), "http://a:1/base");
  machine_.write(".aws/config",
                 "[default]\nendpoint_url = http://a:1\nservices = s\n"
                 "[services s]\nauto_scaling =\n  endpoint_url = http://b:1\n");
  EXPECT_EQ(endpoint(), "http://b:1");
  EXPECT_EQ(endpoint("eu-west-1", kSecrets), "http://a:1");
  machine_.set("AWS_ENDPOINT_URL", "http://c:1");
  EXPECT_EQ(endpoint(), "http://c:1");
  machine_.set("AWS_ENDPOINT_URL_AUTO_SCALING", "http://[::1]:5");
  EXPECT_EQ(endpoint(), "http://[::1]:5");
  machine_.set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
  EXPECT_EQ(endpoint(), "https://autoscaling.eu-west-1.amazonaws.com");
}

TEST_F(RegionAndEndpointTest, WhatIsNoAddressIsNamedAndNotQuoted) {
  for (const auto* bad : {"hush", "ftp://hush", "http://", "http://:80", "http://u:hush@h",
                          "http://h?hush=1", "http://h hush"}) {
    machine_.set("AWS_ENDPOINT_URL", bad);
    EXPECT_THAT(endpoint(), HasSubstr("AWS_ENDPOINT_URL is not an address")) << bad;
    EXPECT_THAT(endpoint(), Not(HasSubstr("hush"))) << bad;
  }
}

}  // namespace
}  // namespace muster::aws
