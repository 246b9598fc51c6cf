#include "store/backup.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/core.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "db/database.hpp"
#include "store/files.hpp"
#include "store/schema.hpp"

namespace muster::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChunk = 256 * 1024;

Error stopped() {
  return {ErrorKind::cancelled, "interrupted; nothing is left of the backup"};
}

Result<void> check_data(const fs::path& directory) {
  std::error_code unreadable;
  if (fs::exists(directory / "muster.db", unreadable) || unreadable) return ok();
  return Error{ErrorKind::not_found,
               fmt::format("{} has no muster.db: give the --data directory of a muster server",
                           printable(directory.string(), 1000))};
}

std::int64_t count(db::Database& database, std::string_view sql) {
  auto rows = database.query(sql);
  rows.next();
  return rows.integer(0);
}

// From one data directory into another, part by part.
class Copying {
 public:
  Copying(const fs::path& from, const fs::path& to, std::stop_token stop)
      : from_(from), to_(to), stop_(std::move(stop)), buffer_(kChunk, '\0') {}

  // The token first: if it is exchanged meanwhile, the old one is still in the database.
  Result<Backup> run() {
    if (auto done = copy(from_ / "token", to_ / "token"); !done) return done.error();
    if (auto done = copy_database(); !done) return done.error();
    auto snapshot = open_without_key();
    if (!snapshot) return snapshot.error();
    made_.pipelines = count(*snapshot, "SELECT count(*) FROM pipeline");
    made_.tasks = count(*snapshot, "SELECT count(*) FROM task");
    if (auto done = copy_sources(*snapshot); !done) return done.error();
    if (auto done = copy_outputs(*snapshot); !done) return done.error();
    return made_;
  }

 private:
  Result<void> copy_database() {
    auto database = db::Database::open(from_ / "muster.db", migrations(), db::Access::read);
    if (!database) return database.error();
    database->copy_into(to_ / "muster.db", stop_);
    return ok();
  }

  // Overwritten, not only forgotten. In the end it is one file, with no log beside it.
  Result<db::Database> open_without_key() {
    const auto file = to_ / "muster.db";
    auto database = db::Database::open(file, migrations());
    if (!database) return database.error();
    database->run_script("PRAGMA secure_delete = ON");
    database->execute("DELETE FROM setting WHERE name = 'token_key'");
    database->execute("DELETE FROM session");  // whoever restores it has nobody signed in
    database->execute("DELETE FROM sign_in_code");
    database->run_script("PRAGMA journal_mode = DELETE");
    made_.database_bytes = fs::file_size(file);
    return database;
  }

  Result<void> copy_sources(db::Database& snapshot) {
    const SourceFiles from(from_ / "sources");
    const SourceFiles to(to_ / "sources");
    if (auto made = make_directory(to_ / "sources", 0700); !made) return made;
    for (auto rows = snapshot.query("SELECT DISTINCT source_sha256 FROM pipeline"); rows.next();) {
      const auto sha256 = rows.text(0);
      if (!from.has(sha256)) {
        ++made_.missing_sources;
        continue;
      }
      if (auto done = add(made_.sources, from.path(sha256), to.path(sha256)); !done) return done;
    }
    return ok();
  }

  // Of a task that runs, more may be there than when the database was copied: it is output that
  // came a little later, and does no harm. Less cannot be: it was there before it was acknowledged.
  Result<void> copy_outputs(db::Database& snapshot) {
    const OutputFiles from(from_ / "output");
    const OutputFiles to(to_ / "output");
    if (auto made = make_directory(to_ / "output", 0700); !made) return made;
    for (auto rows = snapshot.query("SELECT id, attempt FROM task WHERE attempt > 0");
         rows.next();) {
      const auto keys = from.of_task(rows.text(0), rows.integer(1));
      if (!keys) return keys.error();
      if (keys->empty()) continue;
      const auto folder = to.path(keys->front()).parent_path();
      if (auto made = make_directory(folder, 0700); !made) return made;
      for (const auto& key : *keys) {
        if (auto done = add(made_.outputs, from.path(key), to.path(key)); !done) return done;
      }
    }
    return ok();
  }

  Result<void> add(CopiedFiles& files, const fs::path& from, const fs::path& to) {
    const auto copied = copy(from, to);
    if (!copied) return copied.error();
    if (!*copied) return ok();
    ++files.count;
    files.bytes += **copied;
    return ok();
  }

  // As far as it reaches now, since it may grow faster than it is copied. How many bytes; nothing,
  // if it is not there: somebody may have removed it.
  Result<std::optional<std::uint64_t>> copy(const fs::path& from, const fs::path& to) {
    const UniqueFd source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
    if (!source && errno == ENOENT) return std::nullopt;
    struct stat status {};
    if (!source || ::fstat(source.get(), &status) != 0) {
      return system_error(errno, fmt::format("cannot read {}", from.string()));
    }
    const UniqueFd target(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!target) return system_error(errno, fmt::format("cannot create {}", to.string()));
    auto copied = copy(source.get(), target.get(), static_cast<std::uint64_t>(status.st_size));
    if (!copied) return copied.error().within(fmt::format("copying {}", from.string()));
    return std::optional(*copied);
  }

  Result<std::uint64_t> copy(int from, int to, std::uint64_t size) {
    std::uint64_t copied = 0;
    while (copied < size) {
      if (stop_.stop_requested()) return stopped();
      const auto most = std::min<std::uint64_t>(buffer_.size(), size - copied);
      const ssize_t got = ::read(from, buffer_.data(), most);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return system_error(errno, "read");
      if (got == 0) break;
      const auto bytes = static_cast<std::size_t>(got);
      if (auto written = write_all(to, {buffer_.data(), bytes}); !written) return written.error();
      copied += bytes;
    }
    return copied;
  }

  fs::path from_;
  fs::path to_;
  std::stop_token stop_;
  std::string buffer_;
  Backup made_;
};

Result<Backup> copy_all(const fs::path& from, const fs::path& to, const std::stop_token& stop) {
  try {
    return Copying(from, to, stop).run();
  } catch (const db::Failure& failure) {
    return failure.error().within("copying muster.db");
  }
}

}  // namespace

Result<Backup> back_up(const fs::path& data_directory, const fs::path& target,
                       const std::stop_token& stop) {
  if (auto there = check_data(data_directory); !there) return there.error();
  auto directory = NewDirectory::prepare(target, 0700);
  if (!directory) return directory.error();
  auto made = copy_all(data_directory, directory->draft(), stop);
  if (stop.stop_requested()) return stopped();
  if (!made) return made.error();
  if (auto appeared = directory->appear(); !appeared) return appeared.error();
  return made;
}

}  // namespace muster::store
