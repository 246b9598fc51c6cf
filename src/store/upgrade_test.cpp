// Data directories of other versions: an older one goes on, a newer one is refused and untouched.

#include <array>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "store/schema.hpp"
#include "store/store.hpp"

namespace muster::store {
namespace {

using namespace std::chrono_literals;

constexpr Millis kLease = 5min;

class UpgradeTest : public testing::Test {
 protected:
  UpgradeTest() { std::filesystem::create_directories(directory_ / "uploads"); }
  ~UpgradeTest() override { std::filesystem::remove_all(directory_); }

  // Leaves a database that the scripts have made.
  void leave(db::Migrations scripts) const {
    const auto made = db::Database::open(directory_ / "muster.db", scripts);
    ASSERT_TRUE(made) << made.error().message;
  }

  std::map<std::string, std::string> content() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_)) {
      if (entry.is_regular_file()) files[entry.path()] = *read_file(entry.path(), 1 << 20);
    }
    files.erase(directory_ / "lock");
    return files;
  }

  std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("muster-upgrade-" + random_hex(6));
};

TEST_F(UpgradeTest, ANewerVersionIsRefusedAndUntouched) {
  std::vector<std::string_view> newer(migrations().begin(), migrations().end());
  newer.emplace_back("CREATE TABLE of_the_future (a TEXT)");
  leave(newer);
  std::ofstream(directory_ / "uploads/half") << "received";
  const auto before = content();
  const auto refused = Store::open(directory_, kLease);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("Use the newer muster"));
  EXPECT_EQ(content(), before);
}

// A released version keeps its dump here, so that whoever adds the next one sees that it opens.
TEST_F(UpgradeTest, WhatTheFirstVersionHadUnderWayGoesOn) {
  const auto dump = *read_file(MUSTER_STORE_TESTDATA "/version-1.sql", 1 << 20);
  leave(std::array{std::string_view(dump)});
  const auto opened = Store::open(directory_, kLease);
  ASSERT_TRUE(opened) << opened.error().message;
  auto& store = **opened;
  EXPECT_EQ(store.organization(), "01a229de-060a-751e-9c70-d5f49470f12e");
  const auto token = store.catalog().authenticate("muc_" + std::string(64, '0'));
  ASSERT_TRUE(token);
  EXPECT_EQ(token->resource_class, "local/small");

  const Now now{*parse_rfc3339("2026-12-01T00:00:00Z"), store.service_time()};
  const auto id = *store.pipelines().find("1");
  for (const auto* request : {"its request", "another"}) {
    const auto task = store.queue().claim("local/small", {.request_id = request, .name = "r"}, now);
    ASSERT_TRUE(task && *task);
    const Attempt attempt{(*task)->task_id, (*task)->attempt};
    EXPECT_EQ(attempt.number, 1);
    EXPECT_EQ(store.pipelines().status(id).state, "running");
    EXPECT_TRUE(store.queue().finish(attempt, {protocol::TaskResult::success, ""}, now.wall));
  }
  EXPECT_EQ(store.pipelines().status(id).state, "success");
}

}  // namespace
}  // namespace muster::store
