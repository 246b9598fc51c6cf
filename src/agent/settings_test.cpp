#include "agent/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace muster::agent {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kMinimal = "api: {auth_token: muc_1}\n";

Settings read(std::string_view text, const Variables& variables = {}) {
  const auto loaded = read_settings(text, variables, "box-7");
  if (const auto* read = std::get_if<LoadedSettings>(&loaded)) return read->settings;
  return ADD_FAILURE() << to_error(std::get<yaml::Problems>(loaded)).message, Settings{};
}

std::string refusal_of(std::string_view text, const Variables& variables = {}) {
  const auto loaded = read_settings(text, variables, "box-7");
  const auto* problems = std::get_if<yaml::Problems>(&loaded);
  return problems == nullptr ? "" : to_error(*problems).message;
}

TEST(Settings, HaveTheDocumentedDefaults) {
  const auto settings = read(kMinimal);
  EXPECT_EQ(settings.token, "muc_1");
  EXPECT_EQ(settings.url, "http://127.0.0.1:8480");
  EXPECT_EQ(settings.name, "box-7");
  EXPECT_EQ(settings.max_run_time, 5h);
  EXPECT_FALSE(settings.idle_timeout);
  EXPECT_FALSE(settings.single_task);
  EXPECT_FALSE(settings.cleanup_working_directory);
  EXPECT_EQ(settings.working_directory, "");
}

TEST(Settings, ReadsEveryKeyThatHasAMeaning) {
  const auto settings = read(R"(
api: {auth_token: muc_1, url: "https://ci.example/"}
runner:
  name: a-runner_(1).x
  command_prefix: [sudo, -nHu, ci, --]
  working_directory: /srv/%s
  cleanup_working_directory: true
  mode: single-task
  max_run_time: 1h30m20s
  idle_timeout: 10m
logging: {level: debug, format: json, file: "-"}
)");
  EXPECT_EQ(settings.url, "https://ci.example");
  EXPECT_EQ(settings.name, "a-runner_(1).x");
  EXPECT_THAT(settings.command_prefix, testing::ElementsAre("sudo", "-nHu", "ci", "--"));
  EXPECT_EQ(settings.working_directory, "/srv/%s");
  EXPECT_TRUE(settings.cleanup_working_directory);
  EXPECT_TRUE(settings.single_task);
  EXPECT_EQ(settings.max_run_time, 1h + 30min + 20s);
  EXPECT_EQ(settings.idle_timeout, Millis(10min));
  EXPECT_EQ(settings.logging.level, log::Level::debug);
  EXPECT_EQ(settings.logging.format, log::Format::json);
}

TEST(Settings, VariablesWin) {
  const auto settings = read("api: {auth_token: muc_file}\nrunner: {mode: continuous}\n",
                             {{"CIRCLECI_RUNNER_API_AUTH_TOKEN", "muc_variable"},
                              {"CIRCLECI_RUNNER_MODE", "single-task"},
                              {"CIRCLECI_RUNNER_COMMAND_PREFIX", "nice -n 5"},
                              {"CIRCLECI_RUNNER_IDLE_TIMEOUT", "30s"}});
  EXPECT_EQ(settings.token, "muc_variable");
  EXPECT_TRUE(settings.single_task);
  EXPECT_THAT(settings.command_prefix, testing::ElementsAre("nice", "-n", "5"));
  EXPECT_EQ(settings.idle_timeout, Millis(30s));
}

TEST(Settings, VariablesAloneAreEnough) {
  EXPECT_EQ(read("", {{"CIRCLECI_RUNNER_API_AUTH_TOKEN", "muc_1"},
                      {"CIRCLECI_RUNNER_COMMAND_PREFIX", "[env, -i]"}})
                .command_prefix.size(),
            2U);
}

TEST(Settings, ItsClassAndItsStateAreVariablesOfOurOwn) {
  const auto settings = read(
      kMinimal, {{"MUSTER_RESOURCE_CLASS", "local/small"}, {"MUSTER_AGENT_STATE", "/srv/state"}});
  EXPECT_EQ(settings.resource_class, "local/small");
  EXPECT_EQ(settings.state_directory, "/srv/state");
  EXPECT_THAT(refusal_of(kMinimal, {{"MUSTER_AGENT_STATE", "here"}}),
              HasSubstr("MUSTER_AGENT_STATE=here must be an absolute path"));
}

TEST(Settings, HowLongARunnerIsIdleAfterATask) {
  EXPECT_FALSE(read(kMinimal).idle_after_task);
  EXPECT_EQ(read(kMinimal, {{"MUSTER_IDLE_AFTER_TASK", "0s"}}).idle_after_task, Millis(0));
  EXPECT_EQ(read(kMinimal, {{"MUSTER_IDLE_AFTER_TASK", "1m30s"}}).idle_after_task, Millis(90s));
  for (const auto* bad : {"", "-1s", "soon"}) {
    EXPECT_THAT(refusal_of(kMinimal, {{"MUSTER_IDLE_AFTER_TASK", bad}}),
                HasSubstr("must be a duration, as 0s or 10s"))
        << bad;
  }
}

TEST(Settings, WhenARunnerIsRecycled) {
  EXPECT_FALSE(read(kMinimal).recycling.after);
  const auto settings =
      read(kMinimal, {{"MUSTER_RECYCLE_AFTER", "12h"}, {"MUSTER_RECYCLE_AFTER_TASKS", "50"}});
  EXPECT_EQ(settings.recycling.after, Millis(12h));
  EXPECT_EQ(settings.recycling.after_tasks, 50);
  for (const auto* bad : {"", "0s", "-1h", "soon"}) {
    EXPECT_THAT(refusal_of(kMinimal, {{"MUSTER_RECYCLE_AFTER", bad}}),
                HasSubstr("must be a duration of 1s at least"))
        << bad;
  }
  for (const auto* bad : {"", "0", "-1", "1.5", "1000001"}) {
    EXPECT_THAT(refusal_of(kMinimal, {{"MUSTER_RECYCLE_AFTER_TASKS", bad}}),
                HasSubstr("must be a number from 1 to 1000000"))
        << bad;
  }
}

TEST(Settings, JobsAreIsolatedAsItSays) {
  EXPECT_FALSE(read(kMinimal).isolation);
  const auto none = read("api: {auth_token: t}\nrunner: {isolation: none}\n").isolation;
  EXPECT_FALSE(none);
  const auto shared = read("api: {auth_token: t}\nrunner: {isolation: bubblewrap}\n").isolation;
  EXPECT_EQ(shared, (Isolation{Isolation::Kind::bubblewrap, true, ""}));
  const auto own = read(kMinimal, {{"MUSTER_ISOLATION", "podman"},
                                   {"MUSTER_ISOLATION_NETWORK", "none"},
                                   {"MUSTER_ISOLATION_IMAGE", "docker.io/library/debian:12"}})
                       .isolation;
  EXPECT_EQ(own, (Isolation{Isolation::Kind::podman, false, "docker.io/library/debian:12"}));
}

struct RefusedIsolation {
  const char* runner;
  const char* why;
};

class SettingsOfIsolation : public testing::TestWithParam<RefusedIsolation> {};

TEST_P(SettingsOfIsolation, AreRefusedIfTheyMakeNoSense) {
  const auto text = std::string("api: {auth_token: t}\nrunner: ") + GetParam().runner + "\n";
  EXPECT_THAT(refusal_of(text), HasSubstr(GetParam().why));
}

INSTANTIATE_TEST_SUITE_P(
    All, SettingsOfIsolation,
    testing::Values(
        RefusedIsolation{"{isolation: docker}", "runner.isolation"},
        RefusedIsolation{"{isolation: podman}", "podman needs isolation_image"},
        RefusedIsolation{"{isolation: podman, isolation_image: ''}", "is no name of an image"},
        RefusedIsolation{"{isolation: podman, isolation_image: '--privileged'}",
                         "is no name of an image"},
        RefusedIsolation{"{isolation: bubblewrap, isolation_image: debian}",
                         "isolation_image: is for 'isolation: podman'"},
        RefusedIsolation{"{isolation_image: debian}", "is for 'isolation: podman'"},
        RefusedIsolation{"{isolation_network: none}", "is for 'isolation: bubblewrap' or 'podman'"},
        RefusedIsolation{"{isolation: bubblewrap, isolation_network: host}", "isolation_network"},
        RefusedIsolation{"{isolation_hide: [/a]}",
                         "isolation_hide: is for 'isolation: bubblewrap'"},
        RefusedIsolation{"{isolation: bubblewrap, isolation_hide: [a]}", "must be absolute paths"},
        RefusedIsolation{"{isolation: bubblewrap, command_prefix: [nice]}",
                         "and isolation exclude each other"}));

TEST(Settings, MoreMayBeHidden) {
  const auto text = "api: {auth_token: t}\nrunner: {isolation: bubblewrap, isolation_hide: [/a b]}";
  EXPECT_THAT(read(text).isolation.hidden, testing::ElementsAre("/a b"));
  EXPECT_THAT(read(text, {{"MUSTER_ISOLATION_HIDE", "/c /d"}}).isolation.hidden,
              testing::ElementsAre("/c", "/d"));
}

TEST(Settings, AnIsolationThatIsMisspeltIsNoneInSilence) {
  EXPECT_THAT(refusal_of(kMinimal, {{"MUSTER_ISOLATION_NETWOKR", "none"}}),
              HasSubstr("MUSTER_ISOLATION_NETWOKR is not known"));
}

TEST(Settings, TheAddressNeedsNoScheme) {
  EXPECT_EQ(read("api: {auth_token: t, url: ci.example/}").url, "https://ci.example");
  EXPECT_EQ(read("api: {auth_token: t, url: 'localhost:1'}").url, "http://localhost:1");
}

TEST(Settings, AuthoritiesOfTheServerMayBeNamed) {
  EXPECT_EQ(read(kMinimal).ca_file, "");
  EXPECT_EQ(read("api: {auth_token: t, ca_file: /etc/muster/ca.crt}").ca_file,
            "/etc/muster/ca.crt");
  EXPECT_EQ(read("api: {auth_token: t, ca_file: /a}", {{"MUSTER_CA_FILE", "/b"}}).ca_file, "/b");
  EXPECT_THAT(refusal_of("api: {auth_token: t, ca_file: ca.crt}"),
              HasSubstr("api.ca_file: must be an absolute path"));
}

TEST(Settings, RefusesWhatItDoesNotKnowAndNamesTheNearest) {
  const auto message = refusal_of("api: {auth_token: t}\nrunner:\n  idle_timeot: 1m\n");
  EXPECT_THAT(message, HasSubstr("line 3"));
  EXPECT_THAT(message, HasSubstr("did you mean 'idle_timeout'?"));
}

TEST(Settings, RefusesBadValues) {
  const std::map<std::string, std::string> cases = {
      {"runner: {name: 'a b'}", "runner.name"},
      {"runner: {mode: once}", "runner.mode"},
      {"runner: {max_run_time: soon}", "runner.max_run_time"},
      {"runner: {working_directory: here}", "runner.working_directory"},
      {"runner: {command_prefix: sudo}", "runner.command_prefix"},
      {"logging: {level: loud}", "logging.level"},
      {"runner: [1]", "runner"},
  };
  for (const auto& [text, path] : cases) {
    EXPECT_THAT(refusal_of("api: {auth_token: t}\n" + text), HasSubstr(path)) << text;
  }
  EXPECT_THAT(refusal_of("runner: {}"), HasSubstr("api.auth_token"));
  EXPECT_THAT(refusal_of("api: {auth_token: t, url: runner.circleci.com}"),
              HasSubstr("claims from a muster server"));
  EXPECT_THAT(refusal_of("api: {auth_token: t, url: 'ftp://x'}"), HasSubstr("api.url"));
  EXPECT_THAT(refusal_of("api: {auth_token: t, url: 'http://u:s3cret@x'}"),
              AllOf(HasSubstr("api.url: has a user"), Not(HasSubstr("s3cret"))));
  EXPECT_THAT(refusal_of("api: {auth_token: t, url: 'http://x:1/api/v3'}"),
              HasSubstr("api.url: has a path behind the server: write http://x:1 alone"));
  EXPECT_THAT(refusal_of(kMinimal, {{"CIRCLECI_RUNNER_MODE", "once"}}), HasSubstr("runner.mode"));
}

TEST(Settings, NeverShowTheToken) {
  EXPECT_THAT(refusal_of("api: {auth_token: muc_secret, urll: x}"), Not(HasSubstr("muc_secret")));
}

TEST(Settings, WarnsOfWhatHasNoEffect) {
  const auto loaded = read_settings(
      "api: {auth_token: t}\nrunner: {task_agent_directory: /x, disable_auto_update: true, "
      "cache_task_agent: true, use_home_ssh_dir_for_checkout_keys: true, "
      "ssh: {advertise_addr: 'h:1'}}",
      {{"LAUNCH_AGENT_RUNNER_NAME", "old"}}, "box");
  const auto& warnings = std::get<LoadedSettings>(loaded).warnings;
  EXPECT_EQ(warnings.size(), 6U);
  EXPECT_THAT(warnings.back(), HasSubstr("use CIRCLECI_RUNNER_NAME"));
}

TEST(Settings, WarnsOfAVariableThatNobodyKnowsAndNamesTheNearest) {
  const auto loaded = read_settings(kMinimal,
                                    {{"CIRCLECI_RUNNER_IDEL", "1m"},
                                     {"CIRCLECI_RUNNER_IDLE_TIMEOT", "1m"},
                                     {"CIRCLECI_RUNNER_MODE", "continuous"},
                                     {"CIRCLECI_RUNNER_XYZ", "1"}},
                                    "box");
  EXPECT_THAT(std::get<LoadedSettings>(loaded).warnings,
              testing::ElementsAre("CIRCLECI_RUNNER_IDEL is not known and has no effect "
                                   "(did you mean 'CIRCLECI_RUNNER_IDLE_TIMEOUT'?)",
                                   "CIRCLECI_RUNNER_IDLE_TIMEOT is not known and has no effect "
                                   "(did you mean 'CIRCLECI_RUNNER_IDLE_TIMEOUT'?)",
                                   "CIRCLECI_RUNNER_XYZ is not known and has no effect"));
}

TEST(Settings, WarnsOfATokenThatGoesToAnotherMachineInTheClear) {
  const auto warnings = [](const std::string& url) {
    return std::get<LoadedSettings>(
               read_settings(kMinimal, {{"CIRCLECI_RUNNER_API_URL", url}}, "box"))
        .warnings;
  };
  EXPECT_THAT(warnings("http://10.1.2.3:18480"),
              testing::ElementsAre("api.url: is http to another machine, where others can read "
                                   "the token on its way: write https://10.1.2.3:18480"));
  for (const auto* closed : {"http://127.0.0.1:8480", "localhost:1", "https://10.1.2.3", "ci"}) {
    EXPECT_THAT(warnings(closed), testing::IsEmpty()) << closed;
  }
}

TEST(Settings, TheSshKeyIsBelowRunner) {
  const auto loaded = read_settings(
      "api:\n  auth_token: t\nrunner:\n  ssh:\n    advertise_addr: 'h:1'\n", {}, "box");
  EXPECT_THAT(std::get<LoadedSettings>(loaded).warnings,
              testing::ElementsAre(HasSubstr("runner.ssh.advertise_addr has no effect")));
  EXPECT_THAT(refusal_of("api: {auth_token: t}\nssh: {advertise_addr: x}"), HasSubstr("ssh"));
  EXPECT_THAT(refusal_of("api: {auth_token: t}\nrunner: {ssh: {address: x}}"),
              HasSubstr("runner.ssh.address"));
}

class SettingsFile : public testing::Test {
 protected:
  SettingsFile() { ::close(::mkstemp(name_)); }
  ~SettingsFile() override { ::unlink(name_); }

  Result<std::string> read(std::string_view text, mode_t mode) {
    std::ofstream(name_) << text;
    ::chmod(name_, mode);
    return read_settings_file(name_);
  }

  char name_[32] = "/tmp/muster-settings-XXXXXX";
};

TEST_F(SettingsFile, WithATokenIsRefusedWhereOthersCanReadIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root is that strict";
  EXPECT_EQ(read(kMinimal, 0600).value_or(""), kMinimal);
  const auto open = read(kMinimal, 0644);
  ASSERT_FALSE(open);
  EXPECT_THAT(open.error().message, HasSubstr(std::string("chmod 600 ") + name_));
}

TEST_F(SettingsFile, WithoutATokenIsReadAnywhere) {
  for (const auto* text : {"runner: {name: a}\n", "api: {url: x}\n", "api: {auth_token: }\n", ""}) {
    EXPECT_EQ(read(text, 0644).value_or("refused"), text);
  }
}

TEST(TakeVariables, RemovesTheTokenFromTheEnvironment) {
  ::setenv("CIRCLECI_RUNNER_API_AUTH_TOKEN", "muc_1", 1);
  EXPECT_EQ(take_variables()["CIRCLECI_RUNNER_API_AUTH_TOKEN"], "muc_1");
  EXPECT_EQ(::getenv("CIRCLECI_RUNNER_API_AUTH_TOKEN"), nullptr);
}

// As /proc/PID/environ would show it.
TEST(TakeVariables, OverwritesTheToken) {
  char entry[] = "CIRCLECI_RUNNER_API_AUTH_TOKEN=muc_secret";
  ASSERT_EQ(::putenv(entry), 0);
  EXPECT_EQ(take_variables()["CIRCLECI_RUNNER_API_AUTH_TOKEN"], "muc_secret");
  EXPECT_EQ(std::string_view(entry, sizeof entry).find("secret"), std::string_view::npos);
}

}  // namespace
}  // namespace muster::agent
