#include "instance/service_end.hpp"

#include <map>

#include <gmock/gmock.h>

namespace muster::instance {
namespace {

std::string words(const std::map<std::string, std::string>& variables) {
  const auto why = why_service_ended([&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  });
  return why.value_or("nothing");
}

TEST(ServiceEnd, IsToldInWords) {
  const struct {
    std::string result, code, status, told;
  } cases[] = {
      {"success", "exited", "0", "the runner has ended"},
      {"success", "killed", "TERM", "the runner was stopped by signal TERM"},
      {"exit-code", "exited", "3", "the runner failed with exit code 3"},
      {"signal", "killed", "KILL", "the runner was killed by signal KILL"},
      {"core-dump", "dumped", "SEGV", "the runner crashed with signal SEGV"},
      {"oom-kill", "killed", "KILL",
       "the machine ran out of memory: the kernel ended a process of the runner"},
      {"timeout", "killed", "TERM",
       "the runner did not start or stop in the time that its service gives it"},
      {"a-new\x1b-word", "", "", "the runner has ended, and systemd says 'a-new\\x1b-word'"},
  };
  for (const auto& [result, code, status, told] : cases) {
    EXPECT_EQ(words({{"SERVICE_RESULT", result}, {"EXIT_CODE", code}, {"EXIT_STATUS", status}}),
              told);
  }
}

TEST(ServiceEnd, WhatIsMissingIsNotMadeUp) {
  EXPECT_EQ(words({}), "nothing");
  EXPECT_EQ(words({{"EXIT_STATUS", "1"}}), "nothing");
  EXPECT_EQ(words({{"SERVICE_RESULT", "exit-code"}, {"EXIT_CODE", "exited"}}),
            "the runner failed with exit code unknown");
}

}  // namespace
}  // namespace muster::instance
