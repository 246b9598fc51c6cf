#include "db/sync_count.hpp"

#include <sqlite3.h>

#include <atomic>
#include <map>
#include <mutex>

namespace muster::db {
namespace {

std::atomic<std::uint64_t> syncs{0};

struct CountingMethods : sqlite3_io_methods {
  const sqlite3_io_methods* usual = nullptr;
};

int sync_counted(sqlite3_file* file, int flags) {
  ++syncs;
  return static_cast<const CountingMethods*>(file->pMethods)->usual->xSync(file, flags);
}

// Files of one kind share their methods, and so do those that count. They live as long as any file.
const CountingMethods* counting(const sqlite3_io_methods* usual) {
  static std::mutex mutex;
  static auto& known = *new std::map<const sqlite3_io_methods*, CountingMethods>;
  const std::lock_guard lock(mutex);
  auto& methods = known[usual];
  static_cast<sqlite3_io_methods&>(methods) = *usual;
  methods.xSync = sync_counted;
  methods.usual = usual;
  return &methods;
}

sqlite3_vfs* usual_vfs = nullptr;

int open_counted(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags,
                 int* out_flags) {
  const int code = usual_vfs->xOpen(usual_vfs, name, file, flags, out_flags);
  if (code == SQLITE_OK) file->pMethods = counting(file->pMethods);
  return code;
}

sqlite3_vfs make_vfs() {
  sqlite3_initialize();
  usual_vfs = sqlite3_vfs_find(nullptr);
  auto counted = *usual_vfs;
  counted.zName = "muster";
  counted.pNext = nullptr;
  counted.xOpen = open_counted;
  return counted;
}

}  // namespace

std::uint64_t sync_count() {
  return syncs;
}

void count_syncs() {
  constexpr int kAsDefault = 1;
  static sqlite3_vfs vfs = make_vfs();
  // If it cannot be registered there is no count, and all else is as usual.
  [[maybe_unused]] static const int registered = sqlite3_vfs_register(&vfs, kAsDefault);
}

}  // namespace muster::db
