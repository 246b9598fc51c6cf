#include "doctor/charge.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/core.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "doctor/ask.hpp"
#include "fleet/memory_json.hpp"
#include "fleet/sqlite_ledger.hpp"

namespace muster::doctor {

namespace {

constexpr const char* kNobodysKey = "muster doctor";
constexpr std::int64_t kNoVersion = -1;

struct OneLease {
  std::string of_whom;
  std::string resource_class;
  std::string key;
  bool has_memory = false;
};

std::vector<OneLease> each_lease(const lease::LeaseKeys& keys) {
  std::vector<OneLease> leases;
  for (const auto& [name, of_class] : keys) {
    for (const auto& key : of_class) {
      leases.push_back({of_class.size() == 1 ? name : fmt::format("{}, {}", name, key), name, key,
                        key == of_class.front()});
    }
  }
  return leases;
}

constexpr auto kInCharge = "in-charge";
constexpr auto kMemory = "memory";

void note_holder(Notes& notes, const OneLease& of, const lease::Item& item, WallTime now) {
  constexpr Millis kLongestLease = std::chrono::minutes(10);  // they last half a minute
  const auto held = fmt::format("{}: {} is in charge until {}", of.of_whom, item.owner,
                                format_rfc3339(item.expires_at));
  if (item.expires_at <= now || item.expires_at - now < kLongestLease) {
    return notes.good(kInCharge, held + ", or longer if it renews");
  }
  notes.warn(kInCharge, fmt::format("{}, which is longer than a lease lasts; if no such scaler "
                                    "runs, delete the item {}",
                                    held, of.key));
}

void note_charge(Notes& notes, const OneLease& of, const lease::Reading& reading) {
  const auto& item = reading.item;
  if (item && !item->owner.empty() && item->expires_at > reading.at) {
    note_holder(notes, of, *item, reading.at);
  } else if (!item) {
    notes.warn(kInCharge, of.of_whom +
                              ": nobody has ever been in charge: see that the scaler runs, or is "
                              "invoked each minute, and what its log says");
  } else {
    notes.warn(kInCharge, of.of_whom +
                              ": nobody is in charge now, as for some seconds between two "
                              "invocations of a function; if it stays so, see that the scaler "
                              "runs, or is invoked each minute, and what its log says");
  }
}

// Without its memory no scaler can act on the class; with that of another class, whose scaler still
// works, none ever will.
void note_reading(Notes& notes, const OneLease& of, const lease::Reading& reading) {
  const auto memory = of.has_memory && reading.item
                          ? fleet::memory_from_json(reading.item->memory)
                          : Result<fleet::ClassMemory>(fleet::ClassMemory());
  if (!memory) {
    notes.bad(kMemory, fmt::format("{}: what is remembered cannot be read ({}); delete the item {} "
                                   "to start anew",
                                   of.of_whom, memory.error().message, of.key));
  }
  const bool of_another = memory && !memory->resource_class.empty() &&
                          memory->resource_class != of.resource_class &&
                          !reading.item->owner.empty() && reading.item->expires_at > reading.at;
  if (!of_another) return note_charge(notes, of, reading);
  notes.bad(kInCharge,
            fmt::format("{}: {} is scaled for {}, by {}: give each class a group of its "
                        "own",
                        of.of_whom, of.key, memory->resource_class, reading.item->owner));
}

void examine_write(Notes& notes, lease::LeaseTable& table) {
  constexpr auto kCheck = "lease-write";
  const auto written = ask("the lease table", [&](const std::stop_token& stop) {
    return table.write(kNobodysKey, {}, kNoVersion, stop);
  });
  if (written || written.error().kind == ErrorKind::conflict) {
    notes.good(kCheck, "may be written");
  } else {
    notes.failed(kCheck, written.error(), Asked::as_the_scaler);
  }
}

// The directory, or what is nearest to it and exists.
std::filesystem::path existing(std::filesystem::path directory) {
  std::error_code failure;
  while (!std::filesystem::exists(directory, failure) && directory.has_relative_path()) {
    directory = directory.parent_path();
  }
  return directory;
}

// Empty: nobody holds the lock.
std::string holder_of(const std::filesystem::path& lock) {
  const UniqueFd file(::open(lock.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return "";
  if (::flock(file.get(), LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK) return "";
  const auto pid = read_all(file.get(), 32);
  return pid ? printable(trim(*pid)) : "unknown";
}

// What the scaler remembers of the classes, where one has ever worked here.
void examine_memory(Notes& notes, const std::filesystem::path& directory,
                    const std::vector<std::string>& classes) {
  const auto file = directory / "scaler.db";
  std::error_code failure;
  if (!std::filesystem::exists(file, failure)) return;
  auto ledger = fleet::SqliteLedger::open(file, db::Access::read);
  if (!ledger) return notes.bad(kMemory, ledger.error().message);
  for (const auto& name : classes) {
    const auto memory = ledger->load(name, {});
    if (memory) continue;
    return notes.bad(kMemory, fmt::format("{}: {}; with the scaler stopped, move {} away to start "
                                          "anew",
                                          name, memory.error().message, file.string()));
  }
  notes.good(kMemory, "can be read");
}

void examine_room(Notes& notes, const std::filesystem::path& place, const char* good) {
  constexpr auto kCheck = "state-directory";
  constexpr std::uintmax_t kMiB = 1 << 20;
  constexpr auto kCure = "make room: what is decided must be written down before it is done";
  std::error_code failure;
  const auto left = std::filesystem::space(place, failure).available;
  if (failure || left >= 100 * kMiB) return notes.good(kCheck, good);
  if (left < kMiB) {
    return notes.bad(kCheck,
                     fmt::format("the disk of {} has no room left; {}", place.string(), kCure));
  }
  notes.warn(kCheck, fmt::format("the disk of {} has only {} MiB left; {}", place.string(),
                                 left / kMiB, kCure));
}

}  // namespace

Findings examine_lease(lease::LeaseTable& table, const std::string& name,
                       const lease::LeaseKeys& keys) {
  constexpr auto kCheck = "lease-table";
  Notes notes("the lease table " + name);
  bool readable = false;
  for (const auto& one : each_lease(keys)) {
    const auto reading = ask("the lease table", [&table, &one](const std::stop_token& stop) {
      return table.read(one.key, stop);
    });
    if (!reading) {
      const auto& error = reading.error();
      notes.failed(kCheck,
                   {error.kind, error.message.find("schema") == std::string::npos
                                    ? error.message
                                    : "has another key; create a table with a partition key "
                                      "'group' of type S, and no sort key (" +
                                          error.message + ")"},
                   Asked::as_the_scaler);
      if (error.kind == ErrorKind::invalid) continue;
      return notes.take();
    }
    if (!std::exchange(readable, true)) notes.good(kCheck, "exists, and may be read");
    note_reading(notes, one, *reading);
  }
  if (readable) examine_write(notes, table);
  return notes.take();
}

Findings examine_state_directory(const std::filesystem::path& directory,
                                 const std::vector<std::string>& classes) {
  Notes notes(directory.string());
  constexpr auto kCheck = "state-directory";
  const auto place = existing(directory);
  std::error_code failure;
  if (!std::filesystem::is_directory(place, failure)) {
    notes.bad(kCheck,
              fmt::format("{} is no directory; name another state_directory", place.string()));
  } else if (::access(place.c_str(), W_OK | X_OK) != 0) {
    notes.bad(kCheck, fmt::format("this user may not write to {}; run the scaler as its owner, or "
                                  "name another state_directory",
                                  place.string()));
  } else {
    examine_room(notes, place, place == directory ? "may be written" : "will be made");
    examine_memory(notes, directory, classes);
  }
  const auto holder = holder_of(directory / "lock");
  notes.good("running", holder.empty()
                            ? "no scaler works on it now"
                            : fmt::format("a scaler works on it now: process {}", holder));
  return notes.take();
}

}  // namespace muster::doctor
