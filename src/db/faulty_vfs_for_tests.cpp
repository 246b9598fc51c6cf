#include "db/faulty_vfs_for_tests.hpp"

#include <signal.h>
#include <sqlite3.h>

#include "db/sync_count.hpp"

namespace muster::db {
namespace {

// Which call fails, and how. A call that a fault does not befall is not counted.
struct Plan {
  Fault fault{};
  int before = 0;  // calls that pass
  int left = 0;    // calls that fail after those
  bool struck = false;

  bool strikes(Fault kind) {
    if (left == 0 || fault != kind) return false;
    if (before > 0) {
      --before;
      return false;
    }
    --left;
    struck = true;
    return true;
  }
  int of_any_call(int error) {
    if (strikes(Fault::kill)) ::raise(SIGKILL);
    return strikes(Fault::io_error) ? error : SQLITE_OK;
  }
  int of_lock(int error) { return strikes(Fault::busy) ? SQLITE_BUSY : of_any_call(error); }
};

struct alignas(8) File {
  sqlite3_file base;
  Plan* plan;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& of(sqlite3_file* file) {
  return *reinterpret_cast<File*>(file);
}

// The call, unless it is to fail with `error`.
template <class Call>
int unless(int error, Call call) {
  return error != SQLITE_OK ? error : call();
}

int close(sqlite3_file* file) {
  auto* real = of(file).real();
  return real->pMethods == nullptr ? SQLITE_OK : real->pMethods->xClose(real);
}

int read(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
  auto* real = of(file).real();
  return unless(of(file).plan->of_any_call(SQLITE_IOERR_READ),
                [&] { return real->pMethods->xRead(real, into, size, offset); });
}

int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  auto* real = of(file).real();
  auto& plan = *of(file).plan;
  if (plan.strikes(Fault::full)) return SQLITE_FULL;
  if (plan.strikes(Fault::short_write)) {
    real->pMethods->xWrite(real, bytes, size / 2, offset);
    return SQLITE_FULL;
  }
  return unless(plan.of_any_call(SQLITE_IOERR_WRITE),
                [&] { return real->pMethods->xWrite(real, bytes, size, offset); });
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  auto* real = of(file).real();
  return unless(of(file).plan->of_any_call(SQLITE_IOERR_TRUNCATE),
                [&] { return real->pMethods->xTruncate(real, size); });
}

// The machine does not go down in a test, so that there is no need to wait for its disk.
int sync(sqlite3_file* file, int) {
  return of(file).plan->of_any_call(SQLITE_IOERR_FSYNC);
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  auto* real = of(file).real();
  return unless(of(file).plan->of_any_call(SQLITE_IOERR_FSTAT),
                [&] { return real->pMethods->xFileSize(real, size); });
}

int lock(sqlite3_file* file, int level) {
  auto* real = of(file).real();
  return unless(of(file).plan->of_lock(SQLITE_IOERR_LOCK),
                [&] { return real->pMethods->xLock(real, level); });
}

int unlock(sqlite3_file* file, int level) {
  auto* real = of(file).real();
  return real->pMethods->xUnlock(real, level);
}

int is_reserved(sqlite3_file* file, int* answer) {
  auto* real = of(file).real();
  return real->pMethods->xCheckReservedLock(real, answer);
}

int control(sqlite3_file* file, int operation, void* argument) {
  auto* real = of(file).real();
  return real->pMethods->xFileControl(real, operation, argument);
}

int sector_size(sqlite3_file* file) {
  auto* real = of(file).real();
  return real->pMethods->xSectorSize(real);
}

int characteristics(sqlite3_file* file) {
  auto* real = of(file).real();
  return real->pMethods->xDeviceCharacteristics(real);
}

int map_shared(sqlite3_file* file, int page, int size, int extend, void volatile** memory) {
  auto* real = of(file).real();
  return unless(of(file).plan->of_any_call(SQLITE_IOERR_SHMMAP),
                [&] { return real->pMethods->xShmMap(real, page, size, extend, memory); });
}

int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
  auto* real = of(file).real();
  const bool unlocks = (flags & SQLITE_SHM_UNLOCK) != 0;
  return unless(unlocks ? SQLITE_OK : of(file).plan->of_lock(SQLITE_IOERR_SHMLOCK),
                [&] { return real->pMethods->xShmLock(real, offset, count, flags); });
}

void shared_barrier(sqlite3_file* file) {
  auto* real = of(file).real();
  real->pMethods->xShmBarrier(real);
}

int unmap_shared(sqlite3_file* file, int remove) {
  auto* real = of(file).real();
  return real->pMethods->xShmUnmap(real, remove);
}

constexpr sqlite3_io_methods kMethods = {2,
                                         close,
                                         read,
                                         write,
                                         truncate,
                                         sync,
                                         file_size,
                                         lock,
                                         unlock,
                                         is_reserved,
                                         control,
                                         sector_size,
                                         characteristics,
                                         map_shared,
                                         lock_shared,
                                         shared_barrier,
                                         unmap_shared};

}  // namespace

struct FaultyVfs::Parts {
  sqlite3_vfs* real = usual();
  sqlite3_vfs own = *real;  // what is not set below is the real one's
  Plan plan;

  // The one that counts is below, whoever comes first.
  static sqlite3_vfs* usual() {
    count_syncs();
    return sqlite3_vfs_find(nullptr);
  }

  static Parts& of_vfs(sqlite3_vfs* vfs) { return *static_cast<Parts*>(vfs->pAppData); }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* granted) {
    auto& parts = of_vfs(vfs);
    file->pMethods = nullptr;
    return unless(parts.plan.of_any_call(SQLITE_CANTOPEN), [&] {
      of(file).plan = &parts.plan;
      const int code = parts.real->xOpen(parts.real, name, of(file).real(), flags, granted);
      if (of(file).real()->pMethods != nullptr) file->pMethods = &kMethods;
      return code;
    });
  }

  static int remove(sqlite3_vfs* vfs, const char* name, int durably) {
    auto& parts = of_vfs(vfs);
    return unless(parts.plan.of_any_call(SQLITE_IOERR_DELETE),
                  [&] { return parts.real->xDelete(parts.real, name, durably); });
  }

  static int do_not_sleep(sqlite3_vfs*, int microseconds) { return microseconds; }
};

FaultyVfs::FaultyVfs() : parts_(std::make_unique<Parts>()) {
  auto& own = parts_->own;
  own.zName = "muster-faulty";
  own.szOsFile = static_cast<int>(sizeof(File)) + parts_->real->szOsFile;
  own.pAppData = parts_.get();
  own.xOpen = Parts::open;
  own.xDelete = Parts::remove;
  own.xSleep = Parts::do_not_sleep;
  constexpr int kAsDefault = 1;
  sqlite3_vfs_register(&own, kAsDefault);
}

FaultyVfs::~FaultyVfs() {
  sqlite3_vfs_unregister(&parts_->own);
}

void FaultyVfs::fail(Fault fault, int nth, int times) {
  parts_->plan = {fault, nth - 1, times, false};
}

void FaultyVfs::heal() {
  parts_->plan.left = 0;
}

bool FaultyVfs::struck() const {
  return parts_->plan.struck;
}

}  // namespace muster::db
