#include "fleet/sqlite_ledger.hpp"

#include <array>

#include "fleet/json.hpp"

namespace muster::fleet {

namespace {

constexpr std::array<std::string_view, 5> kMigrations = {R"(
CREATE TABLE class_memory (
  resource_class TEXT PRIMARY KEY,
  failed_boots_in_a_row INTEGER NOT NULL,
  backoff_until INTEGER,               -- milliseconds since 1970
  failed_launches INTEGER NOT NULL
) STRICT;

CREATE TABLE instance_memory (
  resource_class TEXT NOT NULL,
  id TEXT NOT NULL,
  mark TEXT NOT NULL,                  -- connected, doubtful or given_up
  PRIMARY KEY (resource_class, mark, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE decision (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  resource_class TEXT NOT NULL,
  snapshot TEXT NOT NULL,              -- JSON, as the decision below
  decision TEXT NOT NULL
) STRICT;
)",
                                                         R"(
ALTER TABLE class_memory ADD COLUMN given_up_at INTEGER;

CREATE TABLE first_seen (
  resource_class TEXT NOT NULL,
  id TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (resource_class, id)
) STRICT, WITHOUT ROWID;
)",
                                                         "ALTER TABLE class_memory ADD COLUMN "
                                                         "last_pass INTEGER;",
                                                         R"(
ALTER TABLE class_memory ADD COLUMN told_failure TEXT NOT NULL DEFAULT '';

CREATE TABLE expected (
  resource_class TEXT NOT NULL,
  id TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (resource_class, id)
) STRICT, WITHOUT ROWID;
)",
                                                         R"(
ALTER TABLE class_memory ADD COLUMN ask_again_at INTEGER;
ALTER TABLE class_memory ADD COLUMN unexplained_tasks INTEGER NOT NULL DEFAULT 0;
)"};

// Ends what db throws in the Result that the port promises.
template <class Work>
auto guarded(std::string_view attempted, Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const db::Failure& failure) {
    return failure.error().within(attempted);
  }
}

template <class Ids>
void save_marks(db::Database& database, const std::string& resource_class, std::string_view mark,
                const Ids& ids) {
  for (const auto& id : ids) {
    database.execute(
        "INSERT OR IGNORE INTO instance_memory (resource_class, id, mark) VALUES (?, ?, ?)",
        resource_class, id, mark);
  }
}

}  // namespace

Result<SqliteLedger> SqliteLedger::open(const std::filesystem::path& file, db::Access access) {
  auto database = db::Database::open(file, kMigrations, access);
  if (!database) return database.error();
  return SqliteLedger(std::move(*database));
}

Result<ClassMemory> SqliteLedger::load(const std::string& resource_class, const std::stop_token&) {
  return guarded("reading the scaler's memory", [&]() -> Result<ClassMemory> {
    ClassMemory memory;
    for (auto rows =
             database_.query("SELECT failed_boots_in_a_row, backoff_until, failed_launches, "
                             "given_up_at, last_pass, told_failure, ask_again_at, "
                             "unexplained_tasks FROM class_memory "
                             "WHERE resource_class = ?",
                             resource_class);
         rows.next();) {
      memory.state.failed_boots_in_a_row = rows.integer(0);
      memory.state.backoff_until = rows.optional_time(1);
      memory.failed_launches = rows.integer(2);
      memory.state.given_up_at = rows.optional_time(3);
      memory.last_pass = rows.optional_time(4);
      memory.told_failure = rows.text(5);
      memory.ask_again_at = rows.optional_time(6);
      memory.unexplained_tasks = rows.integer(7);
    }
    for (auto rows = database_.query(
             "SELECT id, mark FROM instance_memory WHERE resource_class = ?", resource_class);
         rows.next();) {
      const auto mark = rows.text(1);
      if (mark == "connected") memory.connected.insert(rows.text(0));
      if (mark == "doubtful") memory.doubtful.insert(rows.text(0));
      if (mark == "given_up") memory.state.given_up.push_back(rows.text(0));
    }
    for (auto rows = database_.query("SELECT id, at FROM first_seen WHERE resource_class = ?",
                                     resource_class);
         rows.next();) {
      memory.first_seen.emplace(rows.text(0), rows.time(1));
    }
    for (auto rows = database_.query("SELECT id, at FROM expected WHERE resource_class = ?",
                                     resource_class);
         rows.next();) {
      memory.expected.emplace(rows.text(0), rows.time(1));
    }
    return memory;
  });
}

Result<void> SqliteLedger::save(const std::string& resource_class, const ClassMemory& memory,
                                const std::stop_token&) {
  return guarded("saving the scaler's memory", [&]() -> Result<void> {
    db::Transaction transaction(database_);
    database_.execute(
        "INSERT OR REPLACE INTO class_memory (resource_class, failed_boots_in_a_row, "
        "backoff_until, failed_launches, given_up_at, last_pass, told_failure, ask_again_at, "
        "unexplained_tasks) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        resource_class, memory.state.failed_boots_in_a_row, memory.state.backoff_until,
        memory.failed_launches, memory.state.given_up_at, memory.last_pass, memory.told_failure,
        memory.ask_again_at, memory.unexplained_tasks);
    database_.execute("DELETE FROM instance_memory WHERE resource_class = ?", resource_class);
    save_marks(database_, resource_class, "connected", memory.connected);
    save_marks(database_, resource_class, "doubtful", memory.doubtful);
    save_marks(database_, resource_class, "given_up", memory.state.given_up);
    database_.execute("DELETE FROM first_seen WHERE resource_class = ?", resource_class);
    for (const auto& [id, at] : memory.first_seen) {
      database_.execute("INSERT INTO first_seen (resource_class, id, at) VALUES (?, ?, ?)",
                        resource_class, id, at);
    }
    database_.execute("DELETE FROM expected WHERE resource_class = ?", resource_class);
    for (const auto& [id, at] : memory.expected) {
      database_.execute("INSERT INTO expected (resource_class, id, at) VALUES (?, ?, ?)",
                        resource_class, id, at);
    }
    transaction.commit();
    return ok();
  });
}

Result<void> SqliteLedger::record(const std::string& resource_class,
                                  const scaling::Snapshot& snapshot,
                                  const scaling::Decision& decision) {
  return guarded("recording a decision", [&]() -> Result<void> {
    db::Transaction transaction(database_);
    database_.execute(
        "INSERT INTO decision (at, resource_class, snapshot, decision) VALUES (?, ?, ?, ?)",
        snapshot.now, resource_class, to_json(snapshot), to_json(decision));
    database_.execute("DELETE FROM decision WHERE id <= ?",
                      database_.last_insert_id() - kMostDecisions);
    transaction.commit();
    return ok();
  });
}

}  // namespace muster::fleet
