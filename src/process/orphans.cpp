#include "process/orphans.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <utility>

#include "process/table.hpp"

namespace muster::process {
namespace {

// The second is held in between only, so that a child can be dropped while another one is started.
std::mutex reaping;
std::mutex guards_waited_for;
std::set<pid_t>& waited_for() {
  static auto* const pids = new std::set<pid_t>;  // never destroyed: a Child may live as long
  return *pids;
}

bool is_waited_for(pid_t pid) {
  const std::lock_guard lock(guards_waited_for);
  return waited_for().contains(pid);
}

// A child of ours that has ended and is not reaped; 0: there is none.
pid_t ended_child() {
  siginfo_t info{};
  const int found = ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL);
  return found == 0 ? info.si_pid : 0;
}

// Also behind one that is waited for: of those the kernel names the same again and again.
void reap_orphans_in_table() {
  for (const auto& process : read_table()) {
    if (process.parent != ::getpid() || !process.zombie || is_waited_for(process.pid)) continue;
    ::waitpid(process.pid, nullptr, WNOHANG | __WALL);
  }
}

}  // namespace

WaitedFor::WaitedFor(pid_t pid) : pid_(pid) {
  const std::lock_guard lock(guards_waited_for);
  waited_for().insert(pid);
}

WaitedFor::WaitedFor(WaitedFor&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}

WaitedFor& WaitedFor::operator=(WaitedFor&& other) noexcept {
  std::swap(pid_, other.pid_);
  return *this;
}

WaitedFor::~WaitedFor() {
  if (pid_ == 0) return;
  const std::lock_guard lock(guards_waited_for);
  waited_for().erase(pid_);
}

std::unique_lock<std::mutex> hold_reaping() {
  return std::unique_lock(reaping);
}

void reap_orphans() {
  const std::unique_lock lock(reaping, std::try_to_lock);
  if (!lock) return;
  while (const pid_t ended = ended_child()) {
    if (is_waited_for(ended)) return reap_orphans_in_table();
    ::waitpid(ended, nullptr, WNOHANG | __WALL);
  }
}

}  // namespace muster::process
