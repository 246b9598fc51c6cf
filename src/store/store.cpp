#include "store/store.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "store/room.hpp"
#include "store/schema.hpp"

namespace muster::store {
namespace {

Result<UniqueFd> lock_directory(const std::filesystem::path& directory) {
  UniqueFd lock(::open((directory / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) return system_error(errno, fmt::format("cannot open {}/lock", directory.string()));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error{ErrorKind::conflict,
                 fmt::format("{} is in use by another muster server; stop that one, or choose "
                             "another --data directory",
                             directory.string())};
  }
  return lock;
}

Result<void> make_folders(const std::filesystem::path& directory) {
  std::error_code ignored;
  std::filesystem::remove_all(directory / "uploads", ignored);
  for (const auto* folder : {"output", "sources", "uploads"}) {
    if (auto made = make_directory(directory / folder, 0700); !made) return made;
  }
  return ok();
}

// The value of a setting, made by `make` the first time.
std::string setting(db::Database& database, const std::string& name,
                    const std::function<std::string()>& make) {
  {
    auto rows = database.query("SELECT value FROM setting WHERE name = ?", name);
    if (rows.next()) return rows.text(0);
  }
  const auto value = make();
  database.execute("INSERT INTO setting VALUES (?, ?)", name, value);
  return value;
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& directory, Millis lease) {
  if (auto made = make_directory(directory, 0700); !made) return made.error();
  auto lock = lock_directory(directory);
  if (!lock) return lock.error();
  auto database = db::Database::open(directory / "muster.db", migrations());
  if (!database) return database.error();
  if (auto made = make_folders(directory); !made) return made.error();
  try {
    db::Transaction transaction(*database);
    auto key = setting(*database, "token_key", [] { return random_hex(32); });
    auto organization = setting(*database, "organization", new_uuid);
    transaction.commit();
    std::unique_ptr<Store> store(new Store(directory, *std::move(lock), *std::move(database),
                                           std::move(key), std::move(organization), lease));
    store->queue().take_back_notes_of_before();
    return store;
  } catch (const db::Failure& failure) {
    return failure.error().within(directory.string());
  }
}

Store::Store(std::filesystem::path directory, UniqueFd lock, db::Database database,
             std::string token_key, std::string organization, Millis lease)
    : directory_(std::move(directory)),
      lock_(std::move(lock)),
      database_(std::move(database)),
      organization_(std::move(organization)),
      outputs_(directory_ / "output"),
      sources_(directory_ / "sources"),
      catalog_(database_),
      sessions_(database_),
      audit_(database_),
      runners_(database_, changes_),
      queue_(database_, runners_, outputs_, changes_, std::move(token_key), lease),
      pipelines_(database_, queue_, outputs_),
      fleet_history_(database_, queue_, changes_),
      decisions_(database_, changes_) {}

// That there is no room for a large source does not make the disk full.
Result<void> Store::check_room(std::uint64_t bytes) {
  constexpr std::uint64_t kPieceOfOutput = 4 << 20;
  auto room = store::check_room(directory_, bytes);
  if (!room && !full_ && (bytes <= kPieceOfOutput || !store::check_room(directory_, 0))) {
    full_ = true;
    log::error("the disk is full: output and sources are refused until there is room",
               {{"directory", directory_.string()}});
  } else if (room && full_ && store::check_room(directory_, kPieceOfOutput)) {
    full_ = false;
    log::info("the disk has room again", {{"directory", directory_.string()}});
  }
  return room;
}

Result<void> Store::try_to_write() {
  try {
    db::Transaction transaction(database_);
    // Another value each time: SQLite writes nothing where nothing changes.
    database_.execute(
        "INSERT INTO setting VALUES ('written', ?) ON CONFLICT DO UPDATE SET value = "
        "excluded.value",
        random_hex(8));
    transaction.commit();
    return ok();
  } catch (const db::Failure& failure) {
    return failure.error();
  }
}

ServiceTime Store::service_time() {
  return ServiceTime(parse_int(setting(database_, "service_time_ms", [] {
                       return std::string("0");
                     })).value_or(0));
}

void Store::keep_service_time(ServiceTime time) {
  database_.execute("UPDATE setting SET value = ? WHERE name = 'service_time_ms'",
                    std::to_string(time.count()));
}

}  // namespace muster::store
