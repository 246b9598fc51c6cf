#include "db/database.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <fmt/core.h>

#include "db/sync_count.hpp"

namespace muster::db {
namespace {

constexpr int kBusyTimeoutMs = 10'000;

Error error_of(sqlite3* connection, int code, std::string_view attempted) {
  const auto message = fmt::format("{}: {}", attempted, sqlite3_errmsg(connection));
  if ((code & 0xff) == SQLITE_IOERR && sqlite3_system_errno(connection) == ENOSPC) {
    code = SQLITE_FULL;  // what is no data has no room either: the index of the journal, for one
  }
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {ErrorKind::exhausted, message + "; make room on the disk"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorKind::unavailable, message};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return {ErrorKind::forbidden,
              message +
                  "; see that it is a file, and that this user may write to it and to its "
                  "directory"};
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return {ErrorKind::conflict, message + "; restore it from a backup, or move it away"};
    case SQLITE_INTERRUPT:
      return {ErrorKind::cancelled, message};
    default:
      return {ErrorKind::internal, message};
  }
}

void require(sqlite3* connection, int code, std::string_view attempted) {
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
  throw Failure(error_of(connection, code, attempted));
}

std::int64_t schema_version(Database& database) {
  auto rows = database.query("PRAGMA user_version");
  rows.next();
  return rows.integer(0);
}

void migrate(Database& database, std::int64_t from, Migrations migrations) {
  Transaction transaction(database);
  for (auto version = static_cast<std::size_t>(from); version < migrations.size(); ++version) {
    database.run_script(std::string(migrations[version]));
  }
  database.run_script(fmt::format("PRAGMA user_version = {}", migrations.size()));
  transaction.commit();
}

Error other_version(const std::filesystem::path& path, std::int64_t version, std::int64_t newest) {
  const auto* cure = version > newest ? "Use the newer muster that wrote it"
                                      : "Start the program that keeps it once, to bring it up";
  return {
      ErrorKind::conflict,
      fmt::format("{} is of version {}, and this program wants version {}; nothing was changed. {}",
                  path.string(), version, newest, cure)};
}

// Someone else's, that has tables and no version.
bool is_foreign(Database& database) {
  return database.query("SELECT 1 FROM sqlite_schema LIMIT 1").next();
}

Error foreign(const std::filesystem::path& path) {
  return {ErrorKind::conflict,
          fmt::format("{} is the database of another program; nothing was changed. Choose another "
                      "place, or move it away",
                      path.string())};
}

// WAL, so that readers in other processes never block us; FULL, so that what was answered is on
// the disk.
constexpr const char* kSettings =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA trusted_schema = OFF;";

// Made here, since SQLite would let others read it; its -wal and -shm take the mode of the file.
// Only if new: to close a file that this process has open elsewhere would end SQLite's locks on it.
void make_private(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0) ::close(file);  // else SQLite says what is wrong
}

// A writer that was killed has left its log, and closing would write that into the file.
void leave_log_alone(sqlite3* connection) {
  sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

}  // namespace

bool Rows::next() {
  const int code = sqlite3_step(statement_);
  require(sqlite3_db_handle(statement_), code, "database");
  return code == SQLITE_ROW;
}

std::string Rows::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return text == nullptr ? std::string() : std::string(text, size);
}

std::int64_t Rows::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

bool Rows::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::optional<std::string> Rows::optional_text(int column) const {
  return is_null(column) ? std::nullopt : std::optional(text(column));
}

std::optional<std::int64_t> Rows::optional_integer(int column) const {
  return is_null(column) ? std::nullopt : std::optional(integer(column));
}

std::optional<WallTime> Rows::optional_time(int column) const {
  return is_null(column) ? std::nullopt : std::optional(time(column));
}

Rows::~Rows() {
  if (statement_ != nullptr) sqlite3_reset(statement_);
}

Result<Database> Database::open(const std::filesystem::path& path, Migrations migrations,
                                Access access) {
  const bool read_only = access == Access::read;
  const int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  if (!read_only) make_private(path);
  std::error_code unseen;
  const bool has_log = std::filesystem::exists(path.string() + "-wal", unseen);
  sqlite3* connection = nullptr;
  count_syncs();
  const int code = sqlite3_open_v2(path.c_str(), &connection, flags, nullptr);
  Database database(connection);
  try {
    require(connection, code, "open");
    sqlite3_extended_result_codes(connection, 1);
    sqlite3_busy_timeout(connection, kBusyTimeoutMs);
    const auto version = schema_version(database);
    const auto newest = static_cast<std::int64_t>(migrations.size());
    if (version > newest || (read_only && version != newest)) {
      if (has_log) leave_log_alone(connection);
      return other_version(path, version, newest);
    }
    if (version == 0 && is_foreign(database)) {
      if (has_log) leave_log_alone(connection);
      return foreign(path);
    }
    if (read_only) return database;
    database.run_script(kSettings);
    if (version < newest) migrate(database, version, migrations);
  } catch (const Failure& failure) {
    return failure.error().within(path.string());
  }
  return database;
}

Database::Database(Database&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)),
      statements_(std::move(other.statements_)) {
  other.statements_.clear();
}

Database& Database::operator=(Database&& other) noexcept {
  std::swap(connection_, other.connection_);
  std::swap(statements_, other.statements_);
  return *this;
}

Database::~Database() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(connection_);
}

std::int64_t Database::last_insert_id() const {
  return sqlite3_last_insert_rowid(connection_);
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(connection_) == 0;
}

std::int64_t Database::changes_so_far() const {
  return sqlite3_total_changes64(connection_);
}

std::int64_t Database::changes() const {
  return sqlite3_changes64(connection_);
}

namespace {

// Has the statements of a connection ask every now and then whether they should go on.
class StopCheck {
 public:
  StopCheck(sqlite3* connection, const std::stop_token& stop)
      : connection_(connection), stop_(stop) {
    constexpr int kInstructionsBetween = 10'000;  // of SQLite's machine: some milliseconds
    sqlite3_progress_handler(connection, kInstructionsBetween, asked, this);
  }
  ~StopCheck() { sqlite3_progress_handler(connection_, 0, nullptr, nullptr); }
  StopCheck(const StopCheck&) = delete;
  StopCheck& operator=(const StopCheck&) = delete;

 private:
  static int asked(void* check) {
    return static_cast<const StopCheck*>(check)->stop_.stop_requested() ? 1 : 0;
  }

  sqlite3* connection_;
  std::stop_token stop_;
};

}  // namespace

void Database::copy_into(const std::filesystem::path& file, const std::stop_token& stop) {
  make_private(file);
  const StopCheck check(connection_, stop);
  execute("VACUUM INTO ?", file.string());
}

void Database::run_script(const std::string& script) {
  require(connection_, sqlite3_exec(connection_, script.c_str(), nullptr, nullptr, nullptr),
          "database");
}

sqlite3_stmt* Database::prepare(std::string_view sql) {
  const auto known = statements_.find(std::string(sql));
  if (known != statements_.end()) {
    sqlite3_reset(known->second);
    return known->second;
  }
  sqlite3_stmt* statement = nullptr;
  require(connection_,
          sqlite3_prepare_v3(connection_, sql.data(), static_cast<int>(sql.size()),
                             SQLITE_PREPARE_PERSISTENT, &statement, nullptr),
          sql);
  statements_.emplace(sql, statement);
  return statement;
}

void Database::bind(sqlite3_stmt* statement, int index, std::nullopt_t) {
  require(connection_, sqlite3_bind_null(statement, index), "bind");
}

void Database::bind(sqlite3_stmt* statement, int index, std::int64_t value) {
  require(connection_, sqlite3_bind_int64(statement, index, value), "bind");
}

void Database::bind(sqlite3_stmt* statement, int index, std::string_view value) {
  require(connection_,
          sqlite3_bind_text64(statement, index, value.data(), value.size(), SQLITE_TRANSIENT,
                              SQLITE_UTF8),
          "bind");
}

Transaction::Transaction(Database& database) : database_(&database) {
  // IMMEDIATE: whoever may write says so at once, and never fails half-way for another writer.
  database_->execute("BEGIN IMMEDIATE");
}

void Transaction::commit() {
  database_->execute("COMMIT");
  database_ = nullptr;
}

Transaction::~Transaction() {
  if (database_ == nullptr) return;
  try {
    database_->execute("ROLLBACK");
  } catch (const Failure&) {  // SQLite has rolled back by itself (disk full, I/O error)
    database_ = nullptr;
  }
}

Savepoint::Savepoint(Database& database) : database_(&database) {
  // Outside of a transaction it would begin one, and its release would commit it.
  if (!database_->in_transaction()) {
    throw Failure({ErrorKind::internal, "database: the transaction was undone"});
  }
  database_->execute("SAVEPOINT request");
}

void Savepoint::release() {
  database_->execute("RELEASE request");
  database_ = nullptr;
}

Savepoint::~Savepoint() {
  if (database_ == nullptr) return;
  try {
    database_->execute("ROLLBACK TO request");
    database_->execute("RELEASE request");
  } catch (const Failure&) {
    undo_all();
  }
}

// Else what could not be undone would be committed with the rest.
void Savepoint::undo_all() {
  try {
    if (database_->in_transaction()) database_->execute("ROLLBACK");
  } catch (const Failure&) {  // SQLite has rolled back by itself
    database_ = nullptr;
  }
}

}  // namespace muster::db
