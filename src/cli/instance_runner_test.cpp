// That `muster agent` reads what `muster instance configure` writes, and as it was meant.

#include <gmock/gmock.h>

#include "agent/settings.hpp"
#include "instance/runner_config.hpp"

namespace muster::cli {
namespace {

using namespace std::chrono_literals;
using instance::Runner;

constexpr auto kId = "i-0123456789abcdef0";

instance::Config config_for(Runner runner) {
  return {.group = "g",
          .token_secret = "s",
          .resource_class = "acme/linux",
          .runner = runner,
          .api_url = "https://ci.example:8480",
          .idle_timeout = 90s,
          .max_run_time = 1h + 500ms,
          .job_user = "builder"};
}

agent::LoadedSettings read(const std::string& text, const agent::Variables& variables = {}) {
  auto loaded = agent::read_settings(text, variables, "host");
  if (auto* settings = std::get_if<agent::LoadedSettings>(&loaded)) return std::move(*settings);
  return ADD_FAILURE() << to_error(std::get<yaml::Problems>(loaded)).message,
         agent::LoadedSettings{};
}

TEST(InstanceRunner, TheAgentReadsWhatConfigureWrites) {
  const auto config = config_for(Runner::muster);
  const auto [settings, warnings] =
      read(instance::runner_yaml(config, "muc_1: \"#", kId, "/home/builder"),
           {{agent::kClassVariable, config.resource_class}});
  EXPECT_EQ(settings.token, "muc_1: \"#");
  EXPECT_EQ(settings.url, "https://ci.example:8480");
  EXPECT_EQ(settings.name, kId);
  EXPECT_EQ(settings.resource_class, "acme/linux");
  EXPECT_TRUE(settings.single_task);
  EXPECT_EQ(settings.idle_timeout, 90s);
  EXPECT_EQ(settings.max_run_time, 1h + 500ms);
  // Jobs run as its --job-user, in directories that are fresh.
  EXPECT_TRUE(settings.command_prefix.empty());
  EXPECT_EQ(settings.working_directory, "");
  EXPECT_TRUE(warnings.empty());
}

TEST(InstanceRunner, TheAgentReadsWhatIsMeantForCircleCisRunnerToo) {
  const auto [settings, warnings] =
      read(instance::runner_yaml(config_for(Runner::circleci), "muc_1", kId, "/home/builder"));
  EXPECT_THAT(settings.command_prefix, testing::ElementsAre("sudo", "-nHu", "builder", "--"));
  EXPECT_EQ(settings.working_directory, "/home/builder/work");
  EXPECT_TRUE(settings.cleanup_working_directory);
  EXPECT_TRUE(warnings.empty());
}

}  // namespace
}  // namespace muster::cli
