// Faults below SQLite, at every call that it makes while a file is opened, brought up to a newer
// version, or changed.

#include <array>
#include <fstream>
#include <iterator>
#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "db/database.hpp"
#include "db/faulty_vfs_for_tests.hpp"

namespace muster::db {
namespace {

constexpr int kUntilHealed = std::numeric_limits<int>::max();
constexpr std::array<std::string_view, 1> kOld = {
    "CREATE TABLE fruit (name TEXT NOT NULL, weight INTEGER)"};
constexpr std::array<std::string_view, 3> kNew = {
    kOld[0], "ALTER TABLE fruit ADD COLUMN colour TEXT NOT NULL DEFAULT 'green'",
    "CREATE TABLE basket (fruit TEXT NOT NULL); INSERT INTO basket SELECT name FROM fruit"};

struct Case {
  Fault fault;
  int times;
};

class DatabaseFaultsTest : public testing::TestWithParam<Case> {
 protected:
  ~DatabaseFaultsTest() override { std::filesystem::remove_all(directory_); }

  // A file of its own, which no turn before has touched.
  std::filesystem::path file(int turn) const { return directory_ / std::to_string(turn); }

  static std::string bytes_of(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  void fail(int nth) { vfs_.fail(GetParam().fault, nth, GetParam().times); }

  static Database good(Result<Database> opened) {
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(*opened);
  }

  static std::int64_t count(Database& database, std::string_view sql) {
    auto rows = database.query(sql);
    rows.next();
    return rows.integer(0);
  }

  std::filesystem::path directory_ = [] {
    const auto path = std::filesystem::temp_directory_path() / ("muster-db-" + random_hex(6));
    std::filesystem::create_directory(path);
    return path;
  }();
  FaultyVfs vfs_;
};

TEST_P(DatabaseFaultsTest, AMigrationHappensWhollyOrLeavesTheOldFile) {
  int nth = 1;
  for (bool struck = true; struck && !HasFailure(); ++nth) {
    SCOPED_TRACE("the fault is at call " + std::to_string(nth));
    good(Database::open(file(nth), kOld)).execute("INSERT INTO fruit VALUES ('apple', 1)");
    const auto before = bytes_of(file(nth));
    fail(nth);
    const bool opened = Database::open(file(nth), kNew).has_value();
    struck = vfs_.struck();
    vfs_.heal();
    EXPECT_TRUE(opened || struck);
    if (!opened) {
      EXPECT_EQ(bytes_of(file(nth)), before);
      auto old = Database::open(file(nth), kOld);
      // A commit that failed at its very last call, on a disk that then did nothing more, is in the
      // log all the same.
      EXPECT_TRUE(old || GetParam().times == kUntilHealed) << old.error().message;
      EXPECT_EQ(old ? count(*old, "SELECT count(*) FROM fruit") : 1, 1);
    }
    auto newest = good(Database::open(file(nth), kNew));
    EXPECT_EQ(count(newest, "SELECT count(*) FROM basket JOIN fruit ON name = fruit"), 1);
  }
  EXPECT_GT(nth, 2) << "no call was hindered";
}

TEST_P(DatabaseFaultsTest, ANewFileIsMadeOrMadeTheNextTime) {
  int nth = 1;
  for (bool struck = true; struck && !HasFailure(); ++nth) {
    SCOPED_TRACE("the fault is at call " + std::to_string(nth));
    fail(nth);
    const bool opened = Database::open(file(nth), kNew).has_value();
    struck = vfs_.struck();
    vfs_.heal();
    EXPECT_TRUE(opened || struck);
    auto database = good(Database::open(file(nth), kNew));
    EXPECT_EQ(count(database, "SELECT count(*) FROM basket"), 0);
  }
  EXPECT_GT(nth, 2) << "no call was hindered";
}

// Also for one that dies at the fault: a copy of the files is what the next one would find.
TEST_P(DatabaseFaultsTest, ACommitIsTrueAlsoForWhomACrashFollows) {
  auto database = good(Database::open(file(0), kOld));
  int kept = 0;
  int nth = 1;
  for (bool struck = true; struck && !HasFailure(); ++nth) {
    SCOPED_TRACE("the fault is at call " + std::to_string(nth));
    database.run_script("PRAGMA shrink_memory");
    fail(nth);
    bool committed = false;
    try {
      Transaction transaction(database);
      for (int i = 0; i < 3; ++i) database.execute("INSERT INTO fruit VALUES ('apple', ?)", nth);
      transaction.commit();
      committed = true;
    } catch (const Failure&) {
      EXPECT_FALSE(database.in_transaction());
    }
    struck = vfs_.struck();
    std::filesystem::copy_file(file(0), file(nth));
    std::filesystem::copy_file(file(0).string() + "-wal", file(nth).string() + "-wal");
    vfs_.heal();

    if (committed) kept += 3;
    EXPECT_EQ(count(database, "SELECT count(*) FROM fruit"), kept);
    auto found = good(Database::open(file(nth), kOld));
    const auto there = count(found, "SELECT count(*) FROM fruit");
    // What failed at its very last call may have got to the disk all the same, but never in part.
    EXPECT_TRUE(there == kept || (!committed && there == kept + 3)) << there;
  }
  EXPECT_GT(nth, 2) << "no call was hindered";
}

std::string name_of(const testing::TestParamInfo<Case>& info) {
  constexpr const char* kFaults[] = {"Busy", "IoError", "Full", "ShortWrite"};
  return std::string(kFaults[static_cast<int>(info.param.fault)]) +
         (info.param.times == 1 ? "Once" : "UntilHealed");
}

INSTANTIATE_TEST_SUITE_P(Every, DatabaseFaultsTest,
                         testing::Values(Case{Fault::busy, 1}, Case{Fault::busy, kUntilHealed},
                                         Case{Fault::io_error, 1},
                                         Case{Fault::io_error, kUntilHealed}, Case{Fault::full, 1},
                                         Case{Fault::full, kUntilHealed},
                                         Case{Fault::short_write, 1},
                                         Case{Fault::short_write, kUntilHealed}),
                         name_of);

}  // namespace
}  // namespace muster::db
