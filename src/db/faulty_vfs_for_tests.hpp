#pragma once

// For tests: the file system below SQLite, with faults.
//
// While one lives, databases are opened through it, and are closed before it ends. It passes all
// calls on to the real file system, but for those that are to fail. Nobody sleeps: who waits for
// a lock has waited long enough at once. One thread.

#include <memory>

namespace muster::db {

enum class Fault {
  busy,         // another has the lock
  io_error,     // of any call: open, read, write, sync, truncate, lock, map, delete
  full,         // nothing was written
  short_write,  // half of it was written, and then the disk was full
  kill,         // before any such call the process is killed: for a child of a test
};

class FaultyVfs {
 public:
  FaultyVfs();
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  // Of the calls that `fault` can befall, counted from now and from 1, `times` fail from the n-th.
  void fail(Fault fault, int nth, int times);
  void heal();
  bool struck() const;  // since fail(): the n-th call has come

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace muster::db
