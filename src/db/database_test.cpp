#include "db/database.hpp"

#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <map>

#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "db/sync_count.hpp"

namespace muster::db {
namespace {

class DatabaseTest : public testing::Test {
 protected:
  ~DatabaseTest() override { std::filesystem::remove_all(directory_); }

  Database open(Migrations migrations) {
    auto database = Database::open(path_, migrations);
    EXPECT_TRUE(database) << database.error().message;
    return std::move(*database);
  }

  static std::map<std::string, std::string> content(const std::filesystem::path& directory) {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      files[entry.path().filename()] = {std::istreambuf_iterator<char>(in), {}};
    }
    return files;
  }

  std::filesystem::path directory_ = [] {
    const auto path = std::filesystem::temp_directory_path() / ("muster-db-" + random_hex(6));
    std::filesystem::create_directory(path);
    return path;
  }();
  std::filesystem::path path_ = directory_ / "test.db";
};

constexpr std::array<std::string_view, 1> kFirst = {
    "CREATE TABLE fruit (name TEXT NOT NULL, weight INTEGER)"};
constexpr std::array<std::string_view, 2> kSecond = {
    kFirst[0], "ALTER TABLE fruit ADD COLUMN colour TEXT NOT NULL DEFAULT 'green'"};

TEST_F(DatabaseTest, KeepsWhatWasCommitted) {
  {
    auto database = open(kFirst);
    Transaction transaction(database);
    EXPECT_EQ(database.execute("INSERT INTO fruit VALUES (?, ?)", "apple", 3), 1);
    EXPECT_EQ(database.execute("INSERT INTO fruit VALUES (?, ?)", "pear", std::nullopt), 1);
    transaction.commit();
  }
  auto database = open(kFirst);
  auto rows = database.query("SELECT name, weight FROM fruit ORDER BY name");
  ASSERT_TRUE(rows.next());
  EXPECT_EQ(rows.text(0), "apple");
  EXPECT_EQ(rows.optional_integer(1), 3);
  ASSERT_TRUE(rows.next());
  EXPECT_EQ(rows.optional_integer(1), std::nullopt);
  EXPECT_FALSE(rows.next());
}

TEST_F(DatabaseTest, EachTransactionThatHasWrittenIsOnTheDiskOnce) {
  auto database = open(kFirst);
  {
    auto rows = database.query("PRAGMA synchronous");
    ASSERT_TRUE(rows.next());
    EXPECT_EQ(rows.integer(0), 2) << "FULL";
  }
  const auto before = sync_count();
  for (int i = 1; i <= 3; ++i) {
    Transaction transaction(database);
    database.execute("INSERT INTO fruit VALUES ('apple', 1)");
    database.execute("INSERT INTO fruit VALUES ('pear', 2)");
    transaction.commit();
    EXPECT_EQ(sync_count() - before, i);
  }
  Transaction nothing(database);
  nothing.commit();
  EXPECT_EQ(sync_count() - before, 3);
}

TEST_F(DatabaseTest, IsForItsOwnerAlone) {
  const auto database = open(kFirst);
  for (const auto* end : {"", "-wal", "-shm"}) {
    const auto mode = std::filesystem::status(path_.string() + end).permissions();
    using std::filesystem::perms;
    EXPECT_EQ(mode, perms::owner_read | perms::owner_write) << end;
  }
}

TEST_F(DatabaseTest, UndoesWhatWasNotCommitted) {
  auto database = open(kFirst);
  {
    Transaction transaction(database);
    database.execute("INSERT INTO fruit VALUES ('apple', 1)");
  }
  EXPECT_FALSE(database.query("SELECT 1 FROM fruit").next());
}

TEST_F(DatabaseTest, ASavepointUndoesOnlyItsOwn) {
  auto database = open(kFirst);
  Transaction transaction(database);
  database.execute("INSERT INTO fruit VALUES ('apple', 1)");
  {
    Savepoint savepoint(database);
    database.execute("INSERT INTO fruit VALUES ('pear', 1)");
  }
  transaction.commit();
  auto rows = database.query("SELECT count(*) FROM fruit");
  rows.next();
  EXPECT_EQ(rows.integer(0), 1);
}

TEST_F(DatabaseTest, MigratesAnOlderFileAndKeepsItsRows) {
  open(kFirst).execute("INSERT INTO fruit VALUES ('apple', 1)");
  auto database = open(kSecond);
  auto rows = database.query("SELECT name, colour FROM fruit");
  ASSERT_TRUE(rows.next());
  EXPECT_EQ(rows.text(1), "green");
}

TEST_F(DatabaseTest, RefusesANewerFileAndLeavesItUntouched) {
  open(kSecond);
  const auto before = content(directory_);
  const auto refused = Database::open(path_, kFirst);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_EQ(content(directory_), before);
}

TEST_F(DatabaseTest, RefusesAnotherProgramsAndLeavesItUntouched) {
  open(kFirst).run_script("PRAGMA user_version = 0");
  const auto before = content(directory_);
  const auto refused = Database::open(path_, kFirst);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_NE(refused.error().message.find("of another program"), std::string::npos);
  EXPECT_EQ(content(directory_), before);
}

TEST_F(DatabaseTest, RefusesWhatAKilledNewerOneLeftAndLeavesItUntouched) {
  const auto left = directory_ / "left";
  std::filesystem::create_directory(left);
  auto newer = open(kSecond);
  newer.execute("INSERT INTO fruit VALUES ('apple', 1, 'red')");
  for (const auto* end : {"", "-wal"}) {
    std::filesystem::copy_file(path_.string() + end, left / (std::string("test.db") + end));
  }
  const auto before = content(left);
  for (const auto access : {Access::read_write, Access::read}) {
    const auto refused = Database::open(left / "test.db", kFirst, access);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  }
  std::filesystem::remove(left / "test.db-shm");  // an index of the log, made again at need
  EXPECT_EQ(content(left), before);
}

TEST_F(DatabaseTest, ToReadNothingIsMadeMigratedOrChanged) {
  EXPECT_FALSE(Database::open(path_, kFirst, Access::read));
  EXPECT_FALSE(std::filesystem::exists(path_));
  open(kFirst).execute("INSERT INTO fruit VALUES ('apple', 1)");
  EXPECT_FALSE(Database::open(path_, kSecond, Access::read));
  auto database = Database::open(path_, kFirst, Access::read);
  ASSERT_TRUE(database) << database.error().message;
  EXPECT_TRUE(database->query("SELECT weight FROM fruit").next());
  EXPECT_THROW(database->execute("DELETE FROM fruit"), Failure);
}

TEST_F(DatabaseTest, ACopyHoldsWhatIsCommittedThoughOthersWrite) {
  auto writer = open(kFirst);
  writer.execute("INSERT INTO fruit VALUES ('apple', 1)");
  Transaction under_way(writer);
  writer.execute("INSERT INTO fruit VALUES ('pear', 2)");
  auto reader = Database::open(path_, kFirst, Access::read);
  ASSERT_TRUE(reader) << reader.error().message;
  const auto file = directory_ / "copy.db";
  reader->copy_into(file, {});
  under_way.commit();
  EXPECT_EQ(std::filesystem::status(file).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  auto copy = Database::open(file, kFirst, Access::read);
  ASSERT_TRUE(copy) << copy.error().message;
  auto rows = copy->query("SELECT name FROM fruit");
  ASSERT_TRUE(rows.next());
  EXPECT_EQ(rows.text(0), "apple");
  EXPECT_FALSE(rows.next());
}

TEST_F(DatabaseTest, ACopyIsGivenUpWhenItIsToStop) {
  auto database = open(kFirst);
  database.execute(
      "INSERT INTO fruit WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
      "i < 20000) SELECT 'apple', i FROM n");
  std::stop_source stop;
  stop.request_stop();
  try {
    database.copy_into(directory_ / "copy.db", stop.get_token());
    FAIL() << "it went on to its end; is the stop looked at while SQLite copies?";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.error().kind, ErrorKind::cancelled);
  }
  database.copy_into(directory_ / "whole.db", {});
}

TEST_F(DatabaseTest, AMigrationThatFailsLeavesTheOldVersion) {
  open(kFirst).execute("INSERT INTO fruit VALUES ('apple', 1)");
  constexpr std::array<std::string_view, 2> kBroken = {
      kFirst[0], "ALTER TABLE fruit ADD COLUMN ripe INTEGER; CREATE TABLE fruit (again TEXT)"};
  ASSERT_FALSE(Database::open(path_, kBroken));
  auto database = open(kFirst);
  EXPECT_TRUE(database.query("SELECT weight FROM fruit").next());
}

TEST_F(DatabaseTest, AFileThatIsNoDatabaseIsAnError) {
  ASSERT_EQ(::symlink("/proc/self/exe", path_.c_str()), 0);
  const auto refused = Database::open(path_, kFirst);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find(path_.string()), std::string::npos);
}

TEST_F(DatabaseTest, AFileThatCannotBeOpenedIsToldWithItsCure) {
  std::filesystem::create_directory(path_);
  const auto refused = Database::open(path_, kFirst);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::forbidden);
  EXPECT_EQ(refused.error().message,
            path_.string() +
                ": open: unable to open database file; see that it is a file, and "
                "that this user may write to it and to its directory");
}

TEST_F(DatabaseTest, ABadStatementThrowsWithItsReason) {
  auto database = open(kFirst);
  EXPECT_THROW(database.execute("INSERT INTO vegetable VALUES (1)"), Failure);
}

}  // namespace
}  // namespace muster::db
