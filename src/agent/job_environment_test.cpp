#include "agent/job_environment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "agent/exec.hpp"

namespace muster::agent {
namespace {

const Places kPlaces{.private_directory = "/private",
                     .shared_directory = "/srv",
                     .working_directory = "/srv/project",
                     .home = "/home/ci",
                     .temporary = "/srv/tmp",
                     .bash_env = "/srv/bash_env"};

TEST(Resolve, FollowsTheRule) {
  const std::map<std::string, std::string> cases = {
      {"~/project", "/srv/project"},
      {"~", "/home/ci"},
      {"~/x/y", "/home/ci/x/y"},
      {".", "/base/"},
      {"sub/dir", "/base/sub/dir"},
      {"/abs", "/abs"},
      {"../up", "/up"},
      {"~other", "/base/~other"},
  };
  for (const auto& [written, meant] : cases) {
    EXPECT_EQ(resolve(written, "/base", kPlaces).string(), meant) << written;
  }
}

TEST(JobEnvironment, DescribesTheTask) {
  protocol::ClaimedTask task;
  task.job.name = "build";
  task.job.parallelism = 4;
  task.index = 2;
  task.job_number = 17;
  task.revision = "abc";
  task.token = "mut_secret";
  const auto environment =
      job_environment(task, kPlaces, {"/srv/project", "ci", "/root"},
                      {{"PATH", "/root/bin:/bin"}, {"TERM", "xterm-256color"}});
  const Variables expected = {{"CIRCLE_JOB", "build"},
                              {"CIRCLE_NODE_INDEX", "2"},
                              {"CIRCLE_NODE_TOTAL", "4"},
                              {"CIRCLE_BUILD_NUM", "17"},
                              {"CIRCLE_SHA1", "abc"},
                              {"CIRCLE_WORKING_DIRECTORY", "/srv/project"},
                              {"HOME", "/home/ci"},
                              {"USER", "ci"},
                              {"LOGNAME", "ci"},
                              {"BASH_ENV", "/srv/bash_env"},
                              {"CIRCLE_SHELL_ENV", "/srv/bash_env"},
                              {"TERM", "dumb"},
                              {"PATH", "/bin"}};
  for (const auto& [name, value] : expected) EXPECT_EQ(environment.at(name), value) << name;
  for (const auto& [name, value] : environment) EXPECT_NE(value, "mut_secret") << name;
}

TEST(JobPath, IsTheAgentsWithoutWhatAJobCannotUse) {
  EXPECT_EQ(job_path("/root/bin:/opt/node/bin::.:bin:/rooted/bin:/root", "/root"),
            "/opt/node/bin:/rooted/bin");
  EXPECT_EQ(job_path("/home/me/bin:/bin", ""), "/home/me/bin:/bin");
  EXPECT_EQ(job_path("/bin", "/"), "/bin");
  for (const auto* nothing : {"", "/root/bin", "bin"}) {
    EXPECT_THAT(job_path(nothing, "/root"), testing::EndsWith(":/usr/bin:/sbin:/bin"));
  }
}

TEST(ShellCommand, SplitsWordsAndAddsTheCommand) {
  using Words = std::vector<std::string>;
  const std::string standard = "/bin/bash -eo pipefail";
  EXPECT_EQ(shell_command(standard, "a b", true),
            (Words{"/bin/bash", "-eo", "pipefail", "-c", "a b"}));
  EXPECT_EQ(shell_command(standard, "x", false), (Words{"/bin/sh", "-e", "-c", "x"}));
  EXPECT_EQ(shell_command("  /bin/sh   -e ", "x", true), (Words{"/bin/sh", "-e", "-c", "x"}));
  EXPECT_EQ(shell_command("python3", "x", true), (Words{"python3", "-c", "x"}));
}

Result<LaunchRecord> read_back(std::string_view bytes, std::string& rest) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  EXPECT_TRUE(write_all(writer.get(), bytes));
  writer.reset();
  auto record = read_record(reader.get());
  rest = read_all(reader.get(), 1 << 20).value_or("");
  return record;
}

TEST(LaunchRecord, ComesBackAndLeavesWhatIsBehindIt) {
  const LaunchRecord record{{"sh", "-c", "echo\n"}, {{"A", ""}, {"B", "x=\ny"}}, "/", true};
  std::string rest;
  const auto back = read_back(to_bytes(record) + "PACK", rest);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, record);
  EXPECT_EQ(rest, "PACK");
}

TEST(LaunchRecord, RefusesEverythingElse) {
  const auto whole = to_bytes({{"sh"}, {{"A", "b"}}, "/", false});
  std::string rest;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(read_back(whole.substr(0, length), rest)) << length;
  }
  for (const auto* text : {"x\n", "-1\n", "99999999999\n", "0\n", "4\na\0b\0"}) {
    EXPECT_FALSE(read_back(text, rest)) << text;
  }
}

}  // namespace
}  // namespace muster::agent
