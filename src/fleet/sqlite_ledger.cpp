#include "fleet/sqlite_ledger.hpp"

#include <array>

#include "fleet/json.hpp"
#include "fleet/memory_json.hpp"

namespace muster::fleet {

namespace {

constexpr std::array<std::string_view, 7> kMigrations = {R"(
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
)",
                                                         R"(
CREATE TABLE memory (
  resource_class TEXT PRIMARY KEY,
  memory TEXT NOT NULL                 -- as memory_json.hpp writes it
) STRICT;

CREATE TEMP VIEW mark AS
SELECT resource_class, mark, json_group_array(id) AS ids
FROM instance_memory GROUP BY resource_class, mark;

INSERT INTO memory
SELECT resource_class, json_object(
  'failed_boots_in_a_row', failed_boots_in_a_row,
  'backoff_until_ms', backoff_until,
  'given_up_at_ms', given_up_at,
  'failed_launches', failed_launches,
  'unexplained_tasks', unexplained_tasks,
  'last_pass_ms', last_pass,
  'told_failure', told_failure,
  'ask_again_at_ms', ask_again_at,
  'given_up', json((SELECT ids FROM mark
    WHERE mark.resource_class = class.resource_class AND mark = 'given_up')),
  'connected', json((SELECT ids FROM mark
    WHERE mark.resource_class = class.resource_class AND mark = 'connected')),
  'doubtful', json((SELECT ids FROM mark
    WHERE mark.resource_class = class.resource_class AND mark = 'doubtful')),
  'first_seen_ms', json((SELECT json_group_object(id, at) FROM first_seen
    WHERE first_seen.resource_class = class.resource_class)),
  'expected_ms', json((SELECT json_group_object(id, at) FROM expected
    WHERE expected.resource_class = class.resource_class)))
FROM class_memory AS class;

DROP VIEW mark;
DROP TABLE class_memory;
DROP TABLE instance_memory;
DROP TABLE first_seen;
DROP TABLE expected;
)",
                                                         R"(
ALTER TABLE decision ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
CREATE INDEX decision_of_class ON decision (resource_class, id);
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

}  // namespace

Result<SqliteLedger> SqliteLedger::open(const std::filesystem::path& file, db::Access access,
                                        DecisionBounds bounds) {
  auto database = db::Database::open(file, kMigrations, access);
  if (!database) return database.error();
  return SqliteLedger(std::move(*database), bounds);
}

Result<ClassMemory> SqliteLedger::load(const std::string& resource_class, const std::stop_token&) {
  return guarded("reading the scaler's memory", [&]() -> Result<ClassMemory> {
    auto rows =
        database_.query("SELECT memory FROM memory WHERE resource_class = ?", resource_class);
    return rows.next() ? memory_from_json(rows.text(0)) : ClassMemory();
  });
}

Result<void> SqliteLedger::save(const std::string& resource_class, const ClassMemory& memory,
                                const std::stop_token&) {
  return guarded("saving the scaler's memory", [&]() -> Result<void> {
    database_.execute("INSERT OR REPLACE INTO memory (resource_class, memory) VALUES (?, ?)",
                      resource_class, to_json(memory));
    return ok();
  });
}

Result<void> SqliteLedger::record(const std::string& resource_class,
                                  const scaling::Snapshot& snapshot,
                                  const scaling::Decision& decision) {
  return guarded("recording a decision", [&]() -> Result<void> {
    db::Transaction transaction(database_);
    database_.execute(
        "INSERT INTO decision (at, version, resource_class, snapshot, decision) "
        "VALUES (?, ?, ?, ?, ?)",
        snapshot.now, kRecordVersion, resource_class, to_json(snapshot), to_json(decision));
    keep_bounds();
    transaction.commit();
    return ok();
  });
}

// What is deleted makes room for what comes, so that the file stays as large as it is. Each new one
// takes the place of several where there are too many bytes, so that no pass has to delete many.
void SqliteLedger::keep_bounds() {
  constexpr std::int64_t kAtOnce = 10;
  constexpr std::string_view kOldest =
      "DELETE FROM decision WHERE id IN ("
      "SELECT id FROM decision AS old WHERE id <= ? AND id < ("
      "SELECT max(id) FROM decision WHERE resource_class = old.resource_class) "
      "ORDER BY id LIMIT ?)";
  const auto newest = database_.last_insert_id();
  database_.execute(kOldest, newest - bounds_.rows, kAtOnce);
  const auto used = [&] {
    auto rows = database_.query(
        "SELECT (page_count - freelist_count) * page_size "
        "FROM pragma_page_count, pragma_freelist_count, pragma_page_size");
    rows.next();
    return rows.integer(0);
  };
  if (used() > bounds_.bytes) database_.execute(kOldest, newest, kAtOnce);
}

Result<void> SqliteLedger::each_decision(
    const std::function<Result<void>(const DecisionRow&)>& visit) {
  return guarded("reading the decisions", [&]() -> Result<void> {
    auto rows = database_.query(
        "SELECT id, version, resource_class, snapshot, decision FROM decision ORDER BY id");
    while (rows.next()) {
      const DecisionRow row{rows.integer(0), rows.integer(1), rows.text(2), rows.text(3),
                            rows.text(4)};
      if (auto visited = visit(row); !visited) return visited;
    }
    return ok();
  });
}

}  // namespace muster::fleet
