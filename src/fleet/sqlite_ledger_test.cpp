#include "fleet/sqlite_ledger.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <filesystem>

#include "base/crypto.hpp"
#include "fleet/json.hpp"
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

// As version 5 kept it, in columns and tables of its own.
constexpr std::array<std::string_view, 5> kVersion5 = {R"(
CREATE TABLE class_memory (
  resource_class TEXT PRIMARY KEY, failed_boots_in_a_row INTEGER NOT NULL, backoff_until INTEGER,
  failed_launches INTEGER NOT NULL, given_up_at INTEGER, last_pass INTEGER,
  told_failure TEXT NOT NULL DEFAULT '', ask_again_at INTEGER,
  unexplained_tasks INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE instance_memory (
  resource_class TEXT NOT NULL, id TEXT NOT NULL, mark TEXT NOT NULL,
  PRIMARY KEY (resource_class, mark, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE decision (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,
  resource_class TEXT NOT NULL, snapshot TEXT NOT NULL, decision TEXT NOT NULL) STRICT;
CREATE TABLE first_seen (resource_class TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (resource_class, id)) STRICT, WITHOUT ROWID;
CREATE TABLE expected (resource_class TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (resource_class, id)) STRICT, WITHOUT ROWID;

INSERT INTO class_memory VALUES ('a/b', 3, 1234567, 2, 1000000, 3000000, 'a-"1"', 8, 3),
                                ('a/empty', 0, NULL, 0, NULL, NULL, '', NULL, 0);
INSERT INTO instance_memory VALUES ('a/b', 'i1', 'connected'), ('a/b', 'i"2"', 'connected'),
                                   ('a/b', 'i3', 'doubtful'), ('a/b', 'i4', 'given_up');
INSERT INTO first_seen VALUES ('a/b', 'i5', 2000000);
INSERT INTO expected VALUES ('a/b', 'i6', 3000000);
)"};

TEST_F(SqliteLedgerTest, GoesOnWithWhatAnEarlierVersionRemembered) {
  ASSERT_TRUE(db::Database::open(directory_ / "scaler.db", kVersion5));
  auto ledger = SqliteLedger::open(directory_ / "scaler.db");
  ASSERT_TRUE(ledger) << ledger.error().message;
  ClassMemory memory;
  memory.state = {3, WallTime(Millis(1'234'567)), {"i4"}, WallTime(Millis(1'000'000))};
  memory.first_seen = {{"i5", WallTime(Millis(2'000'000))}};
  memory.last_pass = WallTime(Millis(3'000'000));
  memory.expected = {{"i6", WallTime(Millis(3'000'000))}};
  memory.told_failure = "a-\"1\"";
  memory.ask_again_at = WallTime(Millis(8));
  memory.unexplained_tasks = 3;
  memory.connected = {"i1", "i\"2\""};
  memory.doubtful = {"i3"};
  memory.failed_launches = 2;
  EXPECT_EQ(*ledger->load("a/b", {}), memory);
  EXPECT_EQ(*ledger->load("a/empty", {}), ClassMemory{});
}

TEST_F(SqliteLedgerTest, SaysSoIfItsMemoryIsNone) {
  auto ledger = SqliteLedger::open(directory_ / "scaler.db");
  ASSERT_TRUE(ledger->save("a/b", ClassMemory{}, {}));
  {
    auto database = db::Database::open(directory_ / "scaler.db", std::array<std::string_view, 7>{});
    ASSERT_TRUE(database) << database.error().message;
    database->execute("UPDATE memory SET memory = '{'");
  }
  const auto loaded = ledger->load("a/b", {});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().kind, ErrorKind::invalid);
}

TEST_F(SqliteLedgerTest, KeepsDecisionsAsJson) {
  {
    auto ledger = SqliteLedger::open(directory_ / "scaler.db");
    ASSERT_TRUE(ledger);
    scaling::Snapshot snapshot;
    snapshot.demand = scaling::DemandUnknown{"a \"quoted\" reason"};
    ASSERT_TRUE(ledger->record("a/b", snapshot, scaling::decide(snapshot)));
  }
  auto database = db::Database::open(directory_ / "scaler.db", std::array<std::string_view, 7>{});
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

std::vector<std::string> classes_in(SqliteLedger& ledger) {
  std::vector<std::string> classes;
  const auto read = ledger.each_decision([&](const DecisionRow& row) -> Result<void> {
    classes.push_back(row.resource_class);
    return ok();
  });
  EXPECT_TRUE(read);
  return classes;
}

TEST_F(SqliteLedgerTest, GivesItsDecisionsBackInOrder) {
  auto ledger = SqliteLedger::open(directory_ / "scaler.db");
  scaling::Snapshot snapshot;
  const auto decision = scaling::decide(snapshot);
  for (const auto* name : {"a/b", "a/a", "a/b"})
    ASSERT_TRUE(ledger->record(name, snapshot, decision));
  auto reader = SqliteLedger::open(directory_ / "scaler.db", db::Access::read);
  ASSERT_TRUE(reader) << reader.error().message;
  std::vector<std::int64_t> ids;
  const auto stopped = reader->each_decision([&](const DecisionRow& row) -> Result<void> {
    EXPECT_EQ(row.version, kRecordVersion);
    EXPECT_EQ(row.snapshot, to_json(snapshot));
    EXPECT_EQ(row.decision, to_json(decision));
    ids.push_back(row.id);
    if (ids.size() == 2) return Error{ErrorKind::invalid, "enough"};
    return ok();
  });
  EXPECT_EQ(stopped.error().message, "enough");
  EXPECT_EQ(ids, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(classes_in(*reader), (std::vector<std::string>{"a/b", "a/a", "a/b"}));
}

// Who has not changed for long is still there to be explained.
TEST_F(SqliteLedgerTest, KeepsTheNewestDecisionsAndTheLatestOfEachClass) {
  auto ledger = SqliteLedger::open(directory_ / "scaler.db", db::Access::read_write, {.rows = 3});
  for (const auto* name : {"quiet", "quiet", "busy", "busy", "busy", "busy", "busy"}) {
    ASSERT_TRUE(ledger->record(name, {}, scaling::decide({})));
  }
  EXPECT_EQ(classes_in(*ledger), (std::vector<std::string>{"quiet", "busy", "busy", "busy"}));
}

TEST_F(SqliteLedgerTest, KeepsNoMoreBytesThanItMay) {
  constexpr std::int64_t kBytes = 1 << 20;
  const auto file = directory_ / "scaler.db";
  auto ledger = SqliteLedger::open(file, db::Access::read_write, {.bytes = kBytes});
  scaling::Snapshot snapshot;
  snapshot.launch_trouble = std::string(20'000, 'x');
  const auto decision = scaling::decide(snapshot);
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(ledger->record("a/b", snapshot, decision));
  EXPECT_GT(classes_in(*ledger).size(), 20U);
  ledger = Error{};  // closed: all is in the one file
  EXPECT_LT(std::filesystem::file_size(file), kBytes + 300'000);
}

TEST_F(SqliteLedgerTest, KnowsDecisionsOfBeforeTheyHadAVersion) {
  {
    auto database = db::Database::open(directory_ / "scaler.db", kVersion5);
    ASSERT_TRUE(database);
    database->execute("INSERT INTO decision VALUES (7, 0, 'a/b', '{}', '{}')");
  }
  auto ledger = SqliteLedger::open(directory_ / "scaler.db");
  ASSERT_TRUE(ledger);
  ASSERT_TRUE(ledger->each_decision([&](const DecisionRow& row) -> Result<void> {
    EXPECT_EQ(row.id, 7);
    EXPECT_EQ(row.version, 0);
    return ok();
  }));
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
