#include "process/system.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace muster::process {

UniqueFd open_pidfd(pid_t pid) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

void send_signal(int pidfd, int number) {
  ::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0);
}

bool wait_readable(int fd, Millis patience) {
  constexpr Millis kLongestPoll = std::chrono::hours(1);
  const auto& clock = system_clock();
  const auto start = clock.monotonic();
  for (;;) {
    const auto left = std::max(patience - (clock.monotonic() - start), Millis(0));
    pollfd entry{fd, POLLIN, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::min(left, kLongestPoll).count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
    if (left == Millis(0)) return false;
  }
}

std::size_t raise_open_files() {
  constexpr std::size_t kLeast = 256;  // where nobody tells
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kLeast;
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return limit.rlim_cur;
}

}  // namespace muster::process
