#include "fleet/line_ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "base/log.hpp"

namespace muster::fleet {
namespace {

using Stream = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

std::string told_when_written_to(const char* path, int times) {
  const Stream lines(std::fopen(path, "w"), &std::fclose);
  EXPECT_TRUE(log::configure({.format = log::Format::json}));
  testing::internal::CaptureStderr();
  LineLedger ledger(lines.get());
  for (int i = 0; i < times; ++i) EXPECT_TRUE(ledger.record("a/b", {}, {}));
  return testing::internal::GetCapturedStderr();
}

TEST(LineLedger, TellsOnceThatLinesAreLostAndGoesOn) {
  const auto told = told_when_written_to("/dev/full", 3);
  EXPECT_THAT(told, testing::HasSubstr("cannot write decisions to standard output"));
  EXPECT_EQ(std::ranges::count(told, '\n'), 1) << told;
  EXPECT_EQ(told_when_written_to("/dev/null", 3), "");
}

}  // namespace
}  // namespace muster::fleet
