#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <map>
#include <set>
#include <thread>

#include "base/text.hpp"
#include "process/child.hpp"
#include "process/system.hpp"
#include "process/table.hpp"

namespace muster::process {
namespace {

// Children of `root`, and theirs, without `spare` and what descends from it.
std::vector<TableEntry> descendants_of(pid_t root, const std::vector<pid_t>& spare) {
  std::multimap<pid_t, TableEntry> children;
  for (const auto& entry : read_table()) children.emplace(entry.parent, entry);
  std::vector<TableEntry> found;
  std::vector<pid_t> parents = {root};
  while (!parents.empty()) {
    const pid_t parent = parents.back();
    parents.pop_back();
    const auto [first, last] = children.equal_range(parent);
    for (auto child = first; child != last; ++child) {
      const pid_t pid = child->second.pid;
      if (std::find(spare.begin(), spare.end(), pid) != spare.end()) continue;
      found.push_back(child->second);
      parents.push_back(pid);
    }
    children.erase(parent);  // a table read while it changes may hold a circle
  }
  return found;
}

// The child of `root` that we descend from, or are.
std::optional<pid_t> branch_below(pid_t root) {
  std::optional<TableEntry> entry = read_entry(::getpid());
  while (entry && entry->parent != root) {
    entry = entry->parent > 1 ? read_entry(entry->parent) : std::nullopt;
  }
  return entry ? std::optional(entry->pid) : std::nullopt;
}

// A descendant whose parent has ended is our child, if we are a subreaper; and if we are none it is
// not found anyway. So without a child there is nothing to find, and the table of all processes,
// which is long on a busy machine, need not be read.
bool has_child() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 || errno != ECHILD;
}

// Only if the id still means the same process.
void signal_exactly(pid_t pid, std::uint64_t start_ticks, int number) {
  const UniqueFd pidfd = open_pidfd(pid);
  if (!pidfd) return;
  const auto now = read_entry(pid);
  if (now && now->start_ticks == start_ticks) send_signal(pidfd.get(), number);
}

class Roundup {
 public:
  Roundup(pid_t root, const std::vector<pid_t>& spare) : root_(root), spare_(&spare) {}

  // True once none is left.
  bool pass() {
    const auto processes = descendants_of(root_, *spare_);
    const bool none = !is_any_left(processes);
    const bool kills = !stop_new(processes) || ++passes_ % kStopsBeforeKill == 0;
    // First, as a group's number is its own for as long as a zombie of it is not reaped.
    if (kills && ++kills_ > kKillsOfOne) end_groups(processes);
    for (const auto& process : processes) {
      if (kills && !process.zombie) signal_exactly(process.pid, process.start_ticks, SIGKILL);
      if (process.parent == ::getpid()) ::waitpid(process.pid, nullptr, WNOHANG);
    }
    return none;
  }

  int ended() const { return static_cast<int>(stopped_.size()); }

 private:
  // What forks faster than it can be stopped is killed all the same every so many passes.
  static constexpr int kStopsBeforeKill = 10;
  static constexpr int kKillsOfOne = 3;

  // True if there were processes not seen before.
  bool stop_new(const std::vector<TableEntry>& processes) {
    bool any = false;
    for (const auto& process : processes) {
      if (process.zombie) continue;
      if (!stopped_.emplace(process.pid, process.start_ticks).second) continue;
      signal_exactly(process.pid, process.start_ticks, SIGSTOP);
      any = true;
    }
    return any;
  }

  // Who is another process in each moment is not met by its id, but by that of its group, which
  // its zombies tell. Of a group in a session that is not that of `root` all members descend from
  // it.
  void end_groups(const std::vector<TableEntry>& processes) {
    const auto root = read_entry(root_);
    std::set<pid_t> groups;
    for (const auto& process : processes) {
      const bool elsewhere = root && process.session != root->session;
      if (elsewhere && process.group > 1) groups.insert(process.group);
    }
    for (const auto group : groups) ::killpg(group, SIGKILL);
  }

  // Others reap theirs themselves, but a zombie that is new was a process a moment ago, which may
  // have made another one.
  bool is_any_left(const std::vector<TableEntry>& processes) {
    bool any = false;
    for (const auto& process : processes) {
      const bool is_new =
          process.zombie && zombies_.emplace(process.pid, process.start_ticks).second;
      any = any || !process.zombie || is_new || process.parent == ::getpid();
    }
    return any;
  }

  pid_t root_;
  const std::vector<pid_t>* spare_;
  std::set<std::pair<pid_t, std::uint64_t>> stopped_, zombies_;
  int passes_ = 0;
  int kills_ = 0;
};

}  // namespace

Result<int> end_descendants(Millis patience, const std::vector<pid_t>& spare) {
  if (!has_child()) return 0;
  return end_descendants_of(::getpid(), patience, spare);
}

Result<int> end_descendants_of(pid_t root, Millis patience, const std::vector<pid_t>& spare) {
  constexpr Millis kPause(2);
  const auto deadline = system_clock().monotonic() + patience;
  Roundup roundup(root, spare);
  while (!roundup.pass()) {
    if (system_clock().monotonic() >= deadline) {
      const auto left = descendants_of(root, spare).size();
      if (left == 0) break;
      return Error{ErrorKind::timeout,
                   count_of(static_cast<std::int64_t>(left), "descendant") +
                       " could not be ended: stuck in the kernel, or of another user"};
    }
    std::this_thread::sleep_for(kPause);
  }
  return roundup.ended();
}

std::vector<Identity> descendants(const std::vector<pid_t>& spare) {
  std::vector<Identity> living;
  for (const auto& process : descendants_of(::getpid(), spare)) {
    const auto identity = identify(process.pid);
    if (identity && identity->start_ticks == process.start_ticks) living.push_back(*identity);
  }
  return living;
}

Result<int> end_relatives(const Identity& ancestor, Millis patience, std::vector<pid_t> spare) {
  const auto now = read_entry(ancestor.pid);
  const auto own = branch_below(ancestor.pid);
  if (!now || now->start_ticks != ancestor.start_ticks || !own) {
    return Error{ErrorKind::not_found,
                 "process " + std::to_string(ancestor.pid) + " is no ancestor of this one"};
  }
  spare.push_back(*own);
  return end_descendants_of(ancestor.pid, patience, spare);
}

void become_subreaper() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

}  // namespace muster::process
