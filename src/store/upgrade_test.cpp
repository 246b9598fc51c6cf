// Data directories of other versions: an older one goes on, a newer one is refused and untouched.
// Whatever happens to who upgrades one, it is of the old version or of the new one.

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "db/faulty_vfs_for_tests.hpp"
#include "store/schema.hpp"
#include "store/store.hpp"

namespace muster::store {
namespace {

using namespace std::chrono_literals;

constexpr Millis kLease = 5min;

constexpr auto* kOrganization = "01a229de-060a-751e-9c70-d5f49470f12e";  // in version-1.sql

// Of each version's script: what a release has written, all later ones must know.
constexpr std::array<std::string_view, 3> kSums = {
    "1efd861ebf3f1302368683aff28bab37d1353cd30a5c3401bed0e9811284a7e1",
    "12cf7d754f05331efcc3d375f5d106b06668703164eb6a40349917d178fc3700",
    "17ed1512a9d1bd48be492ea64fb9f21018027057cb5512cb0cc4fff599c65c85",
};

std::string version_1() {
  return *read_file(MUSTER_STORE_TESTDATA "/version-1.sql", 1 << 20);
}

// Those of a version to come, which changes what is there, adds to it and fills it.
std::vector<std::string_view> with_a_next_version() {
  std::vector<std::string_view> scripts(migrations().begin(), migrations().end());
  scripts.emplace_back(
      "ALTER TABLE task ADD COLUMN of_the_future TEXT NOT NULL DEFAULT 'none';"
      "CREATE TABLE of_the_future (task TEXT NOT NULL) STRICT;"
      "INSERT INTO of_the_future SELECT id FROM task;"
      "UPDATE setting SET value = 'of the future' WHERE name = 'organization'");
  return scripts;
}

std::vector<std::string> rows(db::Database& database, std::string_view sql) {
  std::vector<std::string> found;
  for (auto each = database.query(sql); each.next();) found.push_back(each.text(0));
  return found;
}

class UpgradeTest : public testing::Test {
 protected:
  UpgradeTest() { std::filesystem::create_directories(directory_ / "uploads"); }
  ~UpgradeTest() override { std::filesystem::remove_all(directory_); }

  // Leaves a database that the scripts have made.
  void leave(db::Migrations scripts) const {
    const auto made = db::Database::open(directory_ / "muster.db", scripts);
    ASSERT_TRUE(made) << made.error().message;
  }

  // Of a server that was stopped in the middle of its work.
  void leave_version_1() const {
    const auto dump = version_1();
    leave(std::array{std::string_view(dump)});
  }

  void start_anew() const {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_ / "uploads");
    leave_version_1();
  }

  Result<db::Database> upgrade() const {
    return db::Database::open(directory_ / "muster.db", with_a_next_version());
  }

  // That it is of the old version, and goes on as such.
  void expect_old() const {
    const auto opened = Store::open(directory_, kLease);
    ASSERT_TRUE(opened) << opened.error().message;
    auto& database = (**opened).database();
    EXPECT_THAT(rows(database, "SELECT name FROM sqlite_master WHERE sql LIKE '%future%'"),
                testing::IsEmpty());
    EXPECT_THAT(rows(database, "SELECT id FROM task"), testing::SizeIs(2));
    EXPECT_EQ((**opened).organization(), kOrganization);
  }

  // That it is, or can now become, wholly of the new version.
  void expect_new() const {
    auto database = upgrade();
    ASSERT_TRUE(database) << database.error().message;
    EXPECT_EQ(rows(*database, "SELECT id FROM task WHERE of_the_future = 'none' ORDER BY id"),
              rows(*database, "SELECT task FROM of_the_future ORDER BY task"));
    EXPECT_THAT(rows(*database, "SELECT task FROM of_the_future"), testing::SizeIs(2));
    EXPECT_THAT(rows(*database, "PRAGMA integrity_check"), testing::ElementsAre("ok"));
  }

  // The signal that ended a process which upgraded it and was killed at its nth call of the file
  // system; 0 if it came to its end before.
  int killed_at(int nth) {
    const pid_t child = ::fork();
    if (child == 0) {
      vfs_.fail(db::Fault::kill, nth, 1);
      ::_exit(upgrade() ? 0 : 1);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << status;
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
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
  db::FaultyVfs vfs_;
};

TEST(SchemaTest, ReleasedScriptsAreNeverEdited) {
  ASSERT_EQ(migrations().size(), kSums.size()) << "a new version: add the sum of its script, and "
                                                  "the dump of the one before as testdata";
  for (std::size_t i = 0; i < kSums.size(); ++i) {
    EXPECT_EQ(sha256_hex(migrations()[i]), kSums[i])
        << "the script of version " << i + 1 << " is not what was released. Never edit it: who has "
        << "a directory of that version would not get the change. Add a version";
  }
}

TEST_F(UpgradeTest, TheDumpOfAVersionIsWhatItsScriptMakes) {
  constexpr auto* kSchema = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name";
  leave_version_1();
  auto old = db::Database::open(directory_ / "muster.db", migrations().first(1));
  auto made = db::Database::open(directory_ / "made.db", migrations().first(1));
  ASSERT_TRUE(old && made);
  EXPECT_EQ(rows(*old, kSchema), rows(*made, kSchema));
}

TEST_F(UpgradeTest, ANewerVersionIsRefusedAndUntouched) {
  leave(with_a_next_version());
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
  leave_version_1();
  const auto opened = Store::open(directory_, kLease);
  ASSERT_TRUE(opened) << opened.error().message;
  auto& store = **opened;
  EXPECT_EQ(store.organization(), kOrganization);
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

// Whoever had a personal token could do everything, and still can; one of a class only claims.
TEST_F(UpgradeTest, PersonalTokensOfTheFirstVersionAreOfAdmins) {
  leave_version_1();
  const auto personal = "mup_" + std::string(64, '1');
  {
    auto old = db::Database::open(directory_ / "muster.db", migrations().first(1));
    ASSERT_TRUE(old) << old.error().message;
    old->execute("INSERT INTO token VALUES ('p', ?, ?, NULL, 'theirs', 0)", personal.substr(0, 20),
                 sha256_hex(personal));
  }
  const auto opened = Store::open(directory_, kLease);
  ASSERT_TRUE(opened) << opened.error().message;
  auto& catalog = (**opened).catalog();
  const auto person = catalog.authenticate(personal);
  ASSERT_TRUE(person);
  EXPECT_EQ(person->role, protocol::Role::admin);
  EXPECT_EQ(person->nickname, "theirs");
  EXPECT_EQ(catalog.tokens("").front().role, protocol::Role::admin);
  ASSERT_EQ(catalog.tokens("local/small").size(), 1U);
  EXPECT_EQ(catalog.tokens("local/small").front().role, std::nullopt);
  EXPECT_TRUE((**opened).audit().items(10, {}).empty());
}

// Nobody had drained any.
TEST_F(UpgradeTest, RunnersOfTheFirstVersionStay) {
  leave_version_1();
  const auto opened = Store::open(directory_, kLease);
  ASSERT_TRUE(opened) << opened.error().message;
  auto& runners = (**opened).runners();
  EXPECT_FALSE(runners.is_leaving("local/small", "r"));
  EXPECT_TRUE(runners.drain("local/small", "r"));
  EXPECT_TRUE(runners.is_leaving("local/small", "r"));
}

struct Case {
  const char* name;
  db::Fault fault;
};

class UpgradeFaultsTest : public UpgradeTest, public testing::WithParamInterface<Case> {};

// At every call that SQLite makes meanwhile.
TEST_P(UpgradeFaultsTest, AnUpgradeThatFailsLeavesTheOldFile) {
  int nth = 1;
  for (bool struck = true; struck && !HasFailure(); ++nth) {
    SCOPED_TRACE("the fault is at call " + std::to_string(nth));
    start_anew();
    const auto before = content();
    vfs_.fail(GetParam().fault, nth, 1);
    const bool upgraded = upgrade().has_value();
    struck = vfs_.struck();
    vfs_.heal();
    EXPECT_TRUE(upgraded || struck);
    if (!upgraded) {
      EXPECT_EQ(content().at(directory_ / "muster.db"), before.at(directory_ / "muster.db"));
      expect_old();
    }
    expect_new();
  }
  EXPECT_GT(nth, 2) << "no call was hindered";
}

INSTANTIATE_TEST_SUITE_P(Every, UpgradeFaultsTest,
                         testing::Values(Case{"Busy", db::Fault::busy},
                                         Case{"IoError", db::Fault::io_error},
                                         Case{"Full", db::Fault::full},
                                         Case{"ShortWrite", db::Fault::short_write}),
                         [](const auto& one) { return one.param.name; });

// Before every call that SQLite makes meanwhile. What it has left beside the file is SQLite's to
// read: the old version, until all of the new one is there.
TEST_F(UpgradeTest, WhoIsKilledInAnUpgradeLeavesTheOldFileOrTheNewOne) {
  int olds = 0;
  int news = 0;
  for (int nth = 1; !HasFailure(); ++nth) {
    SCOPED_TRACE("killed at call " + std::to_string(nth));
    start_anew();
    const auto before = content();
    if (killed_at(nth) == 0) break;
    const auto file = content().at(directory_ / "muster.db");
    if (Store::open(directory_, kLease)) {
      ++olds;
      EXPECT_EQ(file, before.at(directory_ / "muster.db"));
      expect_old();
    } else {
      ++news;
    }
    expect_new();
  }
  EXPECT_GT(olds, 10);
  EXPECT_GT(news, 0) << "it was always killed before its commit";
}

}  // namespace
}  // namespace muster::store
