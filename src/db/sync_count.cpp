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

int open_counted(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags,
                 int* out_flags) {
  const int code = sqlite3_vfs_find(nullptr)->xOpen(vfs, name, file, flags, out_flags);
  if (code == SQLITE_OK) file->pMethods = counting(file->pMethods);
  return code;
}

}  // namespace

std::uint64_t sync_count() {
  return syncs;
}

const char* counting_vfs() {
  static sqlite3_vfs vfs = [] {
    sqlite3_initialize();
    auto usual = *sqlite3_vfs_find(nullptr);
    usual.zName = "muster";
    usual.pNext = nullptr;
    usual.xOpen = open_counted;
    return usual;
  }();
  static const bool registered = sqlite3_vfs_register(&vfs, 0) == SQLITE_OK;
  return registered ? vfs.zName : nullptr;  // without the count all the same
}

}  // namespace muster::db
