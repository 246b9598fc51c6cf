#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>

#include "base/text.hpp"
#include "cli/command_info.hpp"
#include "cli/parse.hpp"

namespace muster::cli {
namespace {

using testing::Contains;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// What bash offers after the words of `line`, the last of which is being typed.
std::vector<std::string> offered(const std::string& line) {
  const std::string script = testing::TempDir() + "muster-completion.bash";
  std::ofstream(script) << completion_script(command_info(), "bash") << "COMP_WORDS=(" << line
                        << ")\nCOMP_CWORD=$((${#COMP_WORDS[@]}-1))\n_muster\n"
                        << "printf '%s\\n' \"${COMPREPLY[@]}\"\n";
  std::FILE* shell = popen(("bash " + script).c_str(), "r");
  std::string output(1 << 14, '\0');
  output.resize(fread(output.data(), 1, output.size(), shell));
  EXPECT_EQ(pclose(shell), 0);
  auto words = split(output, '\n');
  words.pop_back();
  return words;
}

TEST(Completion, BashOffersCommandsAndOptions) {
  EXPECT_THAT(offered("muster ''"), Contains("resource-class"));
  EXPECT_THAT(offered("muster pipe"), testing::ElementsAre("pipeline"));
  EXPECT_THAT(offered("muster pipeline ''"), Contains("follow"));
  EXPECT_THAT(offered("muster run --w"), testing::ElementsAre("--working-tree"));
  EXPECT_THAT(offered("muster run --server http://x --f"), testing::ElementsAre("--fleet"));
  EXPECT_THAT(offered("muster completion z"), testing::ElementsAre("zsh"));
  EXPECT_THAT(offered("muster help pipe"), testing::ElementsAre("pipeline"));
}

TEST(Completion, BashOffersFilesWhereAFileBelongs) {
  EXPECT_THAT(offered("muster agent --config /etc/pass"), Contains("/etc/passwd"));
  EXPECT_THAT(offered("muster token create --output /etc/pass"), Contains("/etc/passwd"));
  EXPECT_THAT(offered("muster run --server ''"), testing::ElementsAre(""));
}

void expect_known(const std::string& script, const CommandInfo& command) {
  EXPECT_THAT(script, HasSubstr(command.path));
  for (const auto& option : command.options) {
    if (option.positional) continue;
    EXPECT_THAT(script, HasSubstr(option.names.back().substr(2))) << command.path;
  }
  for (const auto& child : command.commands) expect_known(script, child);
}

TEST(Completion, EveryShellKnowsEveryCommandAndOption) {
  for (const auto* shell : {"bash", "zsh", "fish"}) {
    const testing::ScopedTrace trace(__FILE__, __LINE__, shell);
    expect_known(completion_script(command_info(), shell), command_info());
  }
}

TEST(Completion, EveryShellOffersFilesForANewTokenAndCommandsToHelp) {
  const auto zsh = completion_script(command_info(), "zsh");
  EXPECT_THAT(zsh, ContainsRegex("'muster token create --output'[^\n]*\\) _files; return;;"));
  EXPECT_THAT(zsh, ContainsRegex("'muster help'\\) found=\\([^\n]*'scale:"));
  const auto fish = completion_script(command_info(), "fish");
  EXPECT_THAT(fish, HasSubstr("-n '__muster_at \"muster token create\"' -l output -r -F -d"));
  EXPECT_THAT(fish, ContainsRegex("\"muster help\"' -a '[^']*scale"));
}

TEST(Completion, WhatIsHiddenIsNotOffered) {
  EXPECT_THAT(offered("muster ''"), Not(Contains("man")));
  EXPECT_THAT(completion_script(command_info(), "fish"), Not(HasSubstr(" -a man ")));
}

}  // namespace
}  // namespace muster::cli
