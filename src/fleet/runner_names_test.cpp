#include "fleet/runner_names.hpp"

#include <gtest/gtest.h>

namespace muster::fleet {
namespace {

TEST(RunnerNames, AreTheInstancesOrNumbered) {
  EXPECT_EQ(runner_name("i-0abc", 1, 1), "i-0abc");
  EXPECT_EQ(runner_name("i-0abc", 2, 1), "i-0abc.1");
  EXPECT_EQ(instance_of(runner_name("i-0abc", 100, 100), 100), "i-0abc");
}

struct Row {
  const char* runner;
  const char* instance;  // where there are several slots
};

TEST(RunnerNames, TellTheirInstance) {
  const Row rows[] = {{"i-0abc.1", "i-0abc"},
                      {"i-0abc.42", "i-0abc"},
                      {"vm.example.2", "vm.example"},
                      {"vm.1.2", "vm.1"},
                      {"i-0abc", "i-0abc"},
                      {"vm.example", "vm.example"},
                      {"vm.0", "vm.0"},
                      {"vm.01", "vm.01"},
                      {"vm.101", "vm.101"},
                      {"vm.-1", "vm.-1"},
                      {"vm.", "vm."},
                      {".1", ".1"},
                      {"vm.1x", "vm.1x"},
                      {"vm.99999999999999999999", "vm.99999999999999999999"},
                      {"vm-1", "vm-1"},
                      {"", ""}};
  for (const auto& [runner, instance] : rows) {
    EXPECT_EQ(instance_of(runner, 2), instance) << runner;
    EXPECT_EQ(instance_of(runner, 1), runner);
  }
}

}  // namespace
}  // namespace muster::fleet
