#pragma once

// SQLite, thinly: connection, prepared statements, transactions, migrations.
//
// One thread owns a Database. What SQLite cannot do (disk full, I/O error, corruption, busy for
// longer than the time-out) is thrown as db::Failure, because no caller in the middle of a
// transaction can do anything but give the transaction up; whoever runs the transaction catches
// it. Opening returns a Result: that error is a person's to mend.

#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.hpp"
#include "base/time.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace muster::db {

// A failed statement. ErrorKind::exhausted for a full disk, unavailable for busy, cancelled if it
// was to stop, else internal.
class Failure final : public std::exception {
 public:
  explicit Failure(Error error) : error_(std::move(error)) {}
  const Error& error() const { return error_; }
  const char* what() const noexcept override { return error_.message.c_str(); }

 private:
  Error error_;
};

// The rows of a query, one at a time. Valid until the same SQL is run again on the same database.
//
//   for (auto rows = db.query("SELECT id, size FROM t WHERE a = ?", a); rows.next();)
//   use(rows.text(0));
class Rows {
 public:
  bool next();  // to the first or next row; false at the end
  std::string text(int column) const;
  std::int64_t integer(int column) const;
  bool boolean(int column) const { return integer(column) != 0; }
  WallTime time(int column) const { return WallTime(Millis(integer(column))); }
  bool is_null(int column) const;
  std::optional<std::string> optional_text(int column) const;
  std::optional<std::int64_t> optional_integer(int column) const;
  std::optional<WallTime> optional_time(int column) const;

  Rows(Rows&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  Rows(const Rows&) = delete;
  Rows& operator=(Rows&&) = delete;
  ~Rows();

 private:
  friend class Database;
  explicit Rows(sqlite3_stmt* statement) : statement_(statement) {}
  sqlite3_stmt* statement_;
};

// Version N of a schema is made from version N-1 by the N-th script (from 1).
using Migrations = std::span<const std::string_view>;

enum class Access {
  read_write,
  read,  // nothing is made, migrated or changed; the file must be there, in the newest version
};

class Database {
 public:
  // Opens or makes the file and brings it to the newest version, in one transaction. A file of a
  // newer version than `migrations` knows is refused and left untouched, byte for byte.
  static Result<Database> open(const std::filesystem::path& path, Migrations migrations,
                               Access access = Access::read_write);

  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  // Arguments: integers, bool, text, WallTime, std::optional of these, std::nullopt.
  template <class... Arguments>
  Rows query(std::string_view sql, const Arguments&... arguments) {
    sqlite3_stmt* statement = prepare(sql);
    int index = 0;
    (bind(statement, ++index, arguments), ...);
    return Rows(statement);
  }

  // Runs a statement that gives no rows; how many rows it changed.
  template <class... Arguments>
  std::int64_t execute(std::string_view sql, const Arguments&... arguments) {
    auto rows = query(sql, arguments...);
    rows.next();
    return changes();
  }

  std::int64_t last_insert_id() const;

  // False also where SQLite has undone the transaction by itself: after an I/O error, for one.
  bool in_transaction() const;
  // Rows that were changed since it was opened, also in what was undone.
  std::int64_t changes_so_far() const;

  // Copies what is committed now, also while others write, into a new file (0600), which is not
  // synced. Given up where it stands, as ErrorKind::cancelled, once `stop` is requested.
  void copy_into(const std::filesystem::path& file, const std::stop_token& stop);

  // Several statements at once, without arguments.
  void run_script(const std::string& script);

 private:
  explicit Database(sqlite3* connection) : connection_(connection) {}
  sqlite3_stmt* prepare(std::string_view sql);  // compiled once, then kept
  std::int64_t changes() const;

  void bind(sqlite3_stmt* statement, int index, std::nullopt_t);
  void bind(sqlite3_stmt* statement, int index, std::int64_t value);
  void bind(sqlite3_stmt* statement, int index, int value) {
    bind(statement, index, static_cast<std::int64_t>(value));
  }
  void bind(sqlite3_stmt* statement, int index, bool value) {
    bind(statement, index, static_cast<std::int64_t>(value));
  }
  void bind(sqlite3_stmt* statement, int index, std::string_view value);
  void bind(sqlite3_stmt* statement, int index, const std::string& value) {
    bind(statement, index, std::string_view(value));
  }
  void bind(sqlite3_stmt* statement, int index, const char* value) {
    bind(statement, index, std::string_view(value));
  }
  void bind(sqlite3_stmt* statement, int index, WallTime value) {
    bind(statement, index, static_cast<std::int64_t>(value.time_since_epoch().count()));
  }
  template <class T>
  void bind(sqlite3_stmt* statement, int index, const std::optional<T>& value) {
    if (value) {
      bind(statement, index, *value);
    } else {
      bind(statement, index, std::nullopt);
    }
  }

  sqlite3* connection_ = nullptr;
  std::unordered_map<std::string, sqlite3_stmt*> statements_;
};

// All or nothing. Without commit() everything since is undone. Savepoints nest in transactions: one
// that finds none, because SQLite has undone it, throws, and one that cannot be undone undoes all.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database* database_;
};

class Savepoint {
 public:
  explicit Savepoint(Database& database);
  ~Savepoint();
  Savepoint(const Savepoint&) = delete;
  Savepoint& operator=(const Savepoint&) = delete;
  void release();

 private:
  void undo_all();
  Database* database_;
};

}  // namespace muster::db
