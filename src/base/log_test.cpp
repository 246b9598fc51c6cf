#include "base/log.hpp"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "base/file.hpp"

namespace muster::log {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

class Log : public testing::Test {
 protected:
  ~Log() override {
    EXPECT_TRUE(configure({}));
    std::filesystem::remove(file_);
  }

  // The line that is written for these.
  std::string line(Format format, const std::string& value) {
    EXPECT_TRUE(configure({.format = format, .file = file_}));
    info("task ended", {{"why", value}, {"result", "failed"}});
    EXPECT_TRUE(configure({}));  // closes it
    return read_file(file_, 10'000).value_or("nothing");
  }

  const std::string file_ =
      std::filesystem::temp_directory_path() / ("muster-log-" + random_hex(6));
};

TEST_F(Log, AWordStandsAsItIs) {
  EXPECT_THAT(line(Format::text, R"(C:\temp)"),
              EndsWith("task ended why=C:\\temp result=failed\n"));
}

TEST_F(Log, AValueForgesNoOtherField) {
  EXPECT_THAT(line(Format::text, R"(x" result="success)"),
              EndsWith(R"(task ended why="x\" result=\"success" result=failed)"
                       "\n"));
}

TEST_F(Log, NorByABackslashBeforeItsEnd) {
  EXPECT_THAT(line(Format::text, R"(a b\)"), EndsWith(R"(why="a b\\" result=failed)"
                                                      "\n"));
}

TEST_F(Log, AValueForgesNoOtherFieldOfJson) {
  EXPECT_THAT(line(Format::json, R"(x","result":"success)"),
              HasSubstr(R"("why":"x\",\"result\":\"success","result":"failed")"));
}

TEST_F(Log, AValueForgesNoOtherLine) {
  const auto written = line(Format::text, "x\nhello");
  EXPECT_EQ(written.find('\n'), written.size() - 1) << written;
}

}  // namespace
}  // namespace muster::log
