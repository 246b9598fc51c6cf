#include "process/child.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include <fmt/core.h>

#include "base/text.hpp"
#include "process/launch.hpp"
#include "process/system.hpp"

namespace muster::process {
namespace {

std::string describe(Stage stage, const Command& command) {
  switch (stage) {
    case Stage::descriptors:
      return "cannot prepare the descriptors of a child process";
    case Stage::timer:
      return "cannot limit the time in which a child process begins";
    case Stage::session:
      return "cannot start a session for a child process";
    case Stage::user:
      return command.user ? fmt::format("cannot become the user {}", printable(command.user->name))
                          : "cannot give up gaining privileges";
    case Stage::directory:
      return fmt::format("cannot enter the directory {}", printable(command.directory));
    case Stage::program:
      return fmt::format("cannot run {}", printable(command.arguments.front()));
  }
  return "cannot start a child process";
}

Error launch_error(const LaunchFailure& failure, const Command& command) {
  auto error = system_error(failure.error_number, describe(failure.stage, command));
  if (failure.error_number == ENOENT || failure.error_number == ENOTDIR) {
    error.kind = ErrorKind::not_found;
  } else if (failure.error_number == EACCES || failure.error_number == EPERM) {
    error.kind = ErrorKind::forbidden;
  }
  return error;
}

// Until it runs its program, or ends, a child of vfork(2) has our memory, and this thread waits: a
// fork copies what it takes to find that, most of a millisecond for an agent. What the child does
// is its own all the same: descriptors, directory, user, handlers of signals. Nobody can look into
// our memory through it once it is another user's, as the kernel forbids that for a process whose
// user has changed; but for one setting, for debugging, where we fork.
bool may_share_memory() {
  const auto setting = read_file("/proc/sys/fs/suid_dumpable", 100);
  return setting && trim(*setting) != "1";
}

// Signals stay blocked across the fork, so that no handler of ours runs in the child.
pid_t fork_with_signals_blocked(const Launch& launch, int report_fd) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const bool shares_memory = !launch.changes_user() || may_share_memory();
  const pid_t pid = shares_memory ? ::vfork() : ::fork();  // NOLINT(*.vfork)
  if (pid == 0) launch.run_in_child(report_fd);
  const int failure = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = failure;
  return pid;
}

// What the child reported before it gave up, or nothing: then it runs the program.
std::optional<LaunchFailure> read_report(int fd) {
  LaunchFailure failure;
  ssize_t got = 0;
  do {
    got = ::read(fd, &failure, sizeof failure);
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(sizeof failure)) return std::nullopt;
  return failure;
}

void reap(pid_t pid) {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Result<Child> Child::start(const Command& command) {
  auto launch = Launch::prepare(command);
  if (!launch) return launch.error();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error(errno, "cannot make a pipe");
  const UniqueFd reports(ends[0]);
  UniqueFd report(ends[1]);

  const auto held = hold_reaping();
  const pid_t pid = fork_with_signals_blocked(*launch, report.get());
  if (pid < 0) return system_error(errno, "cannot start a child process");
  report.reset();
  if (const auto failure = read_report(reports.get())) {
    reap(pid);
    return launch_error(*failure, command);
  }
  return adopt(pid);
}

Result<Child> Child::adopt(pid_t pid) {
  UniqueFd pidfd = open_pidfd(pid);
  if (!pidfd) {
    const auto error = system_error(errno, "cannot watch a child process");
    ::kill(pid, SIGKILL);
    reap(pid);
    return error;
  }
  Child child(pid, std::move(pidfd));
  child.waited_for_ = WaitedFor(pid);
  return child;
}

Child Child::of_helper(pid_t pid, UniqueFd pidfd, UniqueFd reports) {
  Child child(pid, std::move(pidfd));
  child.reports_ = std::move(reports);
  return child;
}

Exit Child::reported() const {
  int status = 0;
  ssize_t got = 0;
  do {
    got = ::recv(reports_.get(), &status, sizeof status, 0);
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(sizeof status)) return Exit{.signal = SIGKILL};
  if (WIFEXITED(status)) return Exit{.code = WEXITSTATUS(status)};
  return Exit{.signal = WIFSIGNALED(status) ? WTERMSIG(status) : SIGKILL};
}

std::optional<Exit> Child::wait(Millis patience) {
  if (!wait_readable(pidfd(), patience)) return std::nullopt;
  if (reports_) return reported();
  siginfo_t info{};
  while (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info,
                  WEXITED | WNOHANG) != 0) {
    // Somebody else reaped it, which only end_descendants() does, after it has killed it.
    if (errno == EINTR) continue;
    waited_for_ = {};
    return Exit{.signal = SIGKILL};
  }
  if (info.si_pid == 0) return std::nullopt;
  waited_for_ = {};
  if (info.si_code == CLD_EXITED) return Exit{.code = info.si_status};
  return Exit{.signal = info.si_status};
}

void Child::signal(int number) const {
  send_signal(pidfd_.get(), number);
}

void Child::signal_group(int number) const {
  // A helper may have reaped it, and its id may be another's by now. Our own child keeps its id
  // until we have waited for it.
  if (reports_ && wait_readable(pidfd_.get(), Millis(0))) return;
  ::kill(-pid_, number);
}

}  // namespace muster::process
