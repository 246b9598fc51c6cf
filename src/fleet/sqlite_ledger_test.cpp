#include "fleet/sqlite_ledger.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <filesystem>

#include "base/crypto.hpp"
#include "fleet/state_lock.hpp"

namespace muster::fleet {
namespace {

class SqliteLedgerTest : public testing::Test {
 protected:
  SqliteLedgerTest() { std::filesystem::create_directories(directory_); }
  ~SqliteLedgerTest() override { std::filesystem::remove_all(directory_); }
  const std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("muster-ledger-" + random_hex(6));
};

TEST_F(SqliteLedgerTest, GivesBackWhatWasSavedAfterAReopening) {
  ClassMemory memory;
  memory.state = {3, WallTime(Millis(1'234'567)), {"i4"}, WallTime(Millis(1'000'000))};
  memory.first_seen = {{"i5", WallTime(Millis(2'000'000))}};
  memory.last_pass = WallTime(Millis(3'000'000));
  memory.expected = {{"i6", WallTime(Millis(3'000'000))}};
  memory.told_failure = "a-1";
  memory.ask_again_at = WallTime(Millis(8));
  memory.unexplained_tasks = 3;
  memory.connected = {"i1", "i2"};
  memory.doubtful = {"i3"};
  memory.failed_launches = 2;
  {
    auto ledger = SqliteLedger::open(directory_ / "scaler.db");
    ASSERT_TRUE(ledger) << ledger.error().message;
    ASSERT_TRUE(ledger->save("a/b", ClassMemory{}, {}));
    ASSERT_TRUE(ledger->save("a/b", memory, {}));
  }
  auto ledger = SqliteLedger::open(directory_ / "scaler.db");
  ASSERT_TRUE(ledger);
  EXPECT_EQ(*ledger->load("a/b", {}), memory);
  EXPECT_EQ(*ledger->load("a/c", {}), ClassMemory{});
}

TEST_F(SqliteLedgerTest, KeepsDecisionsAsJson) {
  {
    auto ledger = SqliteLedger::open(directory_ / "scaler.db");
    ASSERT_TRUE(ledger);
    scaling::Snapshot snapshot;
    snapshot.demand = scaling::DemandUnknown{"a \"quoted\" reason"};
    ASSERT_TRUE(ledger->record("a/b", snapshot, scaling::decide(snapshot)));
  }
  auto database = db::Database::open(directory_ / "scaler.db",
                                     std::array<std::string_view, 5>{"", "", "", "", ""});
  ASSERT_TRUE(database) << database.error().message;
  auto rows = database->query(
      "SELECT snapshot ->> '$.demand.unknown', decision ->> '$.reasons[0].rule', "
      "decision ->> '$.desired' FROM decision");
  ASSERT_TRUE(rows.next());
  EXPECT_EQ(rows.text(0), "a \"quoted\" reason");
  EXPECT_EQ(rows.text(1), "demand_unknown");
  EXPECT_EQ(rows.integer(2), 0);
  EXPECT_FALSE(rows.next());
}

TEST_F(SqliteLedgerTest, OneScalerHoldsADirectory) {
  auto first = StateLock::acquire(directory_);
  ASSERT_TRUE(first) << first.error().message;
  const auto second = StateLock::acquire(directory_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
  EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);
}

}  // namespace
}  // namespace muster::fleet
