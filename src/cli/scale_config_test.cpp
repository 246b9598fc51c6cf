#include "cli/scale_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::cli {
namespace {

using testing::HasSubstr;

constexpr std::string_view kWhole = R"(server:
  url: http://127.0.0.1:8480
  token_file: token
state_directory: scaler
resource_classes:
  local/small:
    min: 1
    max: 4
    boot_timeout: 2m
    local:
      token_file: small.token
      mode: continuous
      idle_timeout: 20s
      max_run_time: 1h
  local/large:
    max: 2
    local:
      token_file: /etc/large.token
)";

TEST(ScaleConfig, ReadsEveryKeyAndFillsInTheRest) {
  const auto config = parse_scale_config(kWhole, "/srv/muster");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server.url, "http://127.0.0.1:8480");
  EXPECT_EQ(config->server.token_file, "/srv/muster/token");
  EXPECT_EQ(config->state_directory, "/srv/muster/scaler");
  ASSERT_EQ(config->classes.size(), 2U);
  const auto& [small, small_agent] = config->classes[0];
  EXPECT_EQ(small.name, "local/small");
  EXPECT_EQ(small.policy.min, 1);
  EXPECT_EQ(small.policy.max, 4);
  EXPECT_EQ(small.policy.boot_timeout, std::chrono::minutes(2));
  EXPECT_EQ(small_agent.token_file, "/srv/muster/small.token");
  EXPECT_EQ(small_agent.server_url, "http://127.0.0.1:8480");
  EXPECT_FALSE(small_agent.single_task);
  EXPECT_EQ(small_agent.idle_timeout, std::chrono::seconds(20));
  EXPECT_EQ(small_agent.max_run_time, std::chrono::hours(1));
  const auto& [large, large_agent] = config->classes[1];
  EXPECT_EQ(large.policy.min, 0);
  EXPECT_EQ(large.policy.boot_timeout, std::chrono::minutes(1));
  EXPECT_EQ(large_agent.token_file, "/etc/large.token");
  EXPECT_TRUE(large_agent.single_task);
  EXPECT_EQ(large_agent.idle_timeout, std::chrono::seconds(10));
  EXPECT_EQ(large_agent.max_run_time, std::chrono::hours(5));
}

struct Refusal {
  std::string_view from;
  std::string_view to;
  std::string_view told;
};

class Refusals : public testing::TestWithParam<Refusal> {};

TEST_P(Refusals, NameTheKey) {
  const auto& [from, to, told] = GetParam();
  std::string text(kWhole);
  const auto at = text.find(from);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, from.size(), to);
  const auto config = parse_scale_config(text, "/srv");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().kind, ErrorKind::invalid);
  EXPECT_THAT(config.error().message, HasSubstr(told));
}

INSTANTIATE_TEST_SUITE_P(
    Table, Refusals,
    testing::Values(Refusal{"    max: 4", "    maxx: 4", "maxx"},
                    Refusal{"    max: 4\n", "", "max"},
                    Refusal{"min: 1", "min: 5", "must not be above max"},
                    Refusal{"min: 1", "min: -1", "min"},
                    Refusal{"local/small", "small", "'small' is not a resource class"},
                    Refusal{"http://", "ftp://", "must start with http"},
                    Refusal{"boot_timeout: 2m", "boot_timeout: 0s", "between 1s"},
                    Refusal{"idle_timeout: 20s", "idle_timeout: soon", "idle_timeout"},
                    Refusal{"mode: continuous", "mode: continous", "mode"},
                    Refusal{"      token_file: small.token\n", "", "token_file"},
                    Refusal{"    local:\n      token_file: /etc/large.token\n", "    local:\n",
                            "'token_file' is missing"},
                    Refusal{"state_directory: scaler\n", "", "state_directory"},
                    Refusal{"  url: http://127.0.0.1:8480\n", "", "url"}));

TEST(ScaleConfig, NeedsAClass) {
  EXPECT_FALSE(parse_scale_config("", "/"));
  EXPECT_FALSE(parse_scale_config("resource_classes: {}", "/"));
}

}  // namespace
}  // namespace muster::cli
