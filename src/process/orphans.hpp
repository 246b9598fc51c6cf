#pragma once

// Who waits for the children of this process. Those that a Child stands for are waited for by it.
// All others were orphaned below us, and became ours as we are a subreaper: until somebody waits
// for them each is a zombie, and holds one of the ids that the machine has, 32,768 by default.
//
// Thread-safe.

#include <sys/types.h>

#include <mutex>

namespace muster::process {

// A child of ours that somebody waits for, as long as this lives.
class WaitedFor {
 public:
  WaitedFor() = default;
  explicit WaitedFor(pid_t pid);
  WaitedFor(WaitedFor&& other) noexcept;
  WaitedFor& operator=(WaitedFor&& other) noexcept;
  ~WaitedFor();

 private:
  pid_t pid_ = 0;  // none
};

// While it is held no orphan is reaped: from a fork until its child is a WaitedFor.
std::unique_lock<std::mutex> hold_reaping();

// Reaps the orphans that have ended. Where none has it is one system call, so call it often while
// a job may make some. Leaves it for the next time while somebody holds it.
void reap_orphans();

}  // namespace muster::process
