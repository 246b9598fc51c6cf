#include "instance/runner_config.hpp"

#include <gmock/gmock.h>

#include "yaml/value.hpp"

namespace muster::instance {
namespace {

constexpr auto kId = "i-0123456789abcdef0";

Config config_for(Runner runner) {
  return {.group = "g",
          .token_secret = "s",
          .resource_class = "acme/linux",
          .runner = runner,
          .api_url = "https://runner.circleci.com",
          .idle_timeout = std::chrono::seconds(90)};
}

std::string text_at(const yaml::Value& root, std::string_view section, std::string_view key) {
  const auto* within = root.find(section);
  const auto* value = within == nullptr ? nullptr : within->find(key);
  return value == nullptr ? "" : value->text;
}

TEST(RunnerConfig, IsWhatMachineRunner3Reads) {
  EXPECT_EQ(runner_yaml(config_for(Runner::circleci), "muc_1", kId, "/home/ci"),
            "# Made by muster instance configure; it holds a token.\n"
            "api:\n"
            "  auth_token: \"muc_1\"\n"
            "  url: \"https://runner.circleci.com\"\n"
            "runner:\n"
            "  name: \"i-0123456789abcdef0\"\n"
            "  mode: single-task\n"
            "  idle_timeout: 1m30s\n"
            "  max_run_time: 5h\n"
            "  command_prefix: [\"sudo\", \"-nHu\", \"ci\", \"--\"]\n"
            "  working_directory: \"/home/ci/work\"\n"
            "  cleanup_working_directory: true\n");
}

TEST(RunnerConfig, QuotesWhatYamlWouldTakeForSomethingElse) {
  for (const std::string token : {"a: b", "#x", "\"x\\", "{x", "yes", "0x1F", "'x", "- x", "é"}) {
    const auto root =
        yaml::parse(runner_yaml(config_for(Runner::circleci), token, kId, "/h \"o: "));
    ASSERT_TRUE(root) << root.error().message;
    EXPECT_EQ(text_at(*root, "api", "auth_token"), token);
    EXPECT_EQ(text_at(*root, "runner", "working_directory"), "/h \"o: /work");
    EXPECT_EQ(text_at(*root, "runner", "mode"), "single-task");
  }
}

TEST(RunnerConfig, TheAgentLearnsClassAndUserFromItsEnvironment) {
  EXPECT_EQ(runner_environment(config_for(Runner::muster)),
            "MUSTER_RESOURCE_CLASS=acme/linux\nMUSTER_JOB_USER=ci\n");
}

TEST(RunnerConfig, AnIdIsOneOfEc2s) {
  EXPECT_EQ(instance_id_in(std::string(kId) + "\n").value_or(""), kId);
  EXPECT_EQ(instance_id_in("i-0abc123").value_or(""), "i-0abc123");
  for (const auto* rubbish : {"", "i-", "<html>", "i-12 34", "i-XYZ", "eni-0abc", "i-0a\nb"}) {
    EXPECT_FALSE(instance_id_in(rubbish)) << rubbish;
  }
}

}  // namespace
}  // namespace muster::instance
