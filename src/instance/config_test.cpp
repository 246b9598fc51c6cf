#include "instance/config.hpp"

#include <gmock/gmock.h>

namespace muster::instance {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kSmallest =
    "group: runners\ntoken_secret: ci/class\nresource_class: acme/linux\n";

Config read(const std::string& text) {
  const auto result = read_config(text);
  if (const auto* config = std::get_if<Config>(&result)) return *config;
  return ADD_FAILURE() << to_error(std::get<yaml::Problems>(result)).message, Config{};
}

std::string refusal_of(const std::string& text) {
  const auto result = read_config(text);
  const auto* problems = std::get_if<yaml::Problems>(&result);
  return problems == nullptr ? "" : to_error(*problems).message;
}

TEST(InstanceConfig, TheSmallestHasTheDocumentedDefaults) {
  const auto config = read(std::string(kSmallest));
  EXPECT_EQ(config.group, "runners");
  EXPECT_EQ(config.token_secret, "ci/class");
  EXPECT_EQ(config.resource_class, "acme/linux");
  EXPECT_EQ(config.runner, Runner::circleci);
  EXPECT_EQ(config.api_url, "https://runner.circleci.com");
  EXPECT_EQ(config.idle_timeout, 1min);
  EXPECT_EQ(config.max_run_time, 5h);
  EXPECT_EQ(config.job_user, "ci");
  EXPECT_EQ(config.log_group, "");
}

TEST(InstanceConfig, ReadsEveryKey) {
  const auto config = read(std::string(kSmallest) +
                           "runner: muster\napi_url: ci.example:8480\nidle_timeout: 90s\n"
                           "max_run_time: 1h30m\njob_user: builder_1\nlog_group: /muster/x\n");
  EXPECT_EQ(config.runner, Runner::muster);
  EXPECT_EQ(config.api_url, "https://ci.example:8480");
  EXPECT_EQ(config.idle_timeout, 90s);
  EXPECT_EQ(config.max_run_time, 90min);
  EXPECT_EQ(config.job_user, "builder_1");
  EXPECT_EQ(config.log_group, "/muster/x");
}

TEST(InstanceConfig, WhatIsWrongIsToldWithItsPlace) {
  const struct {
    std::string more;
    std::string told;
  } cases[] = {
      {"tokensecret: x\n",
       "line 4, column 1: tokensecret: unknown key 'tokensecret' (did you mean 'token_secret'?)"},
      {"runner: jenkins\n",
       "line 4, column 9: runner: expected one of circleci, muster, found 'jenkins'"},
      {"runner: muster\n", "line 1, column 1: 'api_url' is missing"},
      {"runner: muster\napi_url: https://runner.circleci.com\n",
       "line 5, column 1: api_url: is CircleCI's: give that of a muster server, or write runner: "
       "circleci"},
      {"api_url: https://u:s3cret@ci.example\n",
       "line 4, column 1: api_url: has a user or password before an '@', which would be shown in "
       "logs: write http://HOST:PORT, https://HOST:PORT or HOST:PORT"},
      {"api_url: ci.example/api/v3/\n",
       "line 4, column 1: api_url: has a path behind the server: write https://ci.example alone"},
      {"api_url: http://ci.example:8480\n",
       "line 4, column 1: api_url: is http to another machine, where others can read the token on "
       "its way: write https://ci.example:8480"},
      {"idle_timeout: soon\n",
       "line 4, column 15: idle_timeout: expected a duration from 1s to 168h, such as "
       "30s, 10m or 1h30m, found 'soon'"},
      {"idle_timeout: 0s\n",
       "line 4, column 15: idle_timeout: expected a duration from 1s to 168h, such as "
       "30s, 10m or 1h30m, found '0s'"},
      {"max_run_time: 200h\n",
       "line 4, column 15: max_run_time: expected a duration from 1s to 168h, such as "
       "30s, 10m or 1h30m, found '200h'"},
      {"job_user: root\n",
       "line 4, column 1: job_user: must not be root: its jobs could read the runner's token"},
      {"job_user: -u\n", "line 4, column 1: job_user: is no name of a user such as ci"},
      {"job_user: 'a b'\n", "line 4, column 1: job_user: is no name of a user such as ci"},
      {"runner_version: latest\n",
       "line 4, column 1: runner_version: is no version of a package such as 3.1.2-8145-ab12cd3"},
      {"runner_version: '1; true'\n",
       "line 4, column 1: runner_version: is no version of a package such as 3.1.2-8145-ab12cd3"},
      {"log_group: ''\n", "line 4, column 1: log_group: is empty"},
  };
  for (const auto& [more, told] : cases) EXPECT_EQ(refusal_of(std::string(kSmallest) + more), told);
}

TEST(InstanceConfig, TheRunnerMayBeOfAVersion) {
  EXPECT_EQ(read(std::string(kSmallest)).runner_version, "");
  EXPECT_EQ(read(std::string(kSmallest) + "runner_version: \"\"\n").runner_version, "");
  EXPECT_EQ(read(std::string(kSmallest) + "runner_version: \"1:3.1~rc1-2+x\"\n").runner_version,
            "1:3.1~rc1-2+x");
}

TEST(InstanceConfig, WhatIsMissingIsToldAllAtOnce) {
  EXPECT_EQ(refusal_of(""),
            "'group' is missing\n'token_secret' is missing\n'resource_class' is missing");
  EXPECT_EQ(refusal_of("group: g\ntoken_secret: t\nresource_class: acme\n"),
            "line 3, column 1: resource_class: is no resource class such as namespace/name");
  EXPECT_NE(refusal_of("group: [\n"), "");
  EXPECT_NE(refusal_of("just words"), "");
}

}  // namespace
}  // namespace muster::instance
