#include "agent/sandbox_keeper.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <map>
#include <optional>
#include <vector>

#include "agent/descriptors.hpp"
#include "agent/exec.hpp"
#include "process/child.hpp"

namespace muster::agent {
namespace {

constexpr int kExitCannotRun = 126;

// In the new process: never returns.
[[noreturn]] void become_command(const std::vector<UniqueFd>& given) {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::setsid();
  char go = 0;
  const bool known = ::send(given[reports].get(), &go, 1, MSG_NOSIGNAL) == 1 &&
                     ::recv(given[reports].get(), &go, 1, 0) == 1;
  const bool placed = ::dup2(given[input].get(), STDIN_FILENO) >= 0 &&
                      ::dup2(given[output].get(), STDOUT_FILENO) >= 0 &&
                      ::dup2(given[output].get(), STDERR_FILENO) >= 0;
  ::_exit(known && placed ? run_launch_record(given[record].get()) : kExitCannotRun);
}

class Keeper {
 public:
  Keeper() : ended_({SIGCHLD}) { process::become_subreaper(); }

  int run() {
    if (::send(STDIN_FILENO, "", 1, MSG_NOSIGNAL) != 1) return kExitCannotRun;
    for (;;) {
      pollfd entries[] = {{STDIN_FILENO, POLLIN, 0}, {ended_.fd(), POLLIN, 0}};
      if (::poll(entries, std::size(entries), -1) < 0 && errno != EINTR) return kExitCannotRun;
      if (entries[1].revents != 0) {
        while (ended_.wait(Millis(0))) {
        }
        reap();
      }
      if (entries[0].revents == 0) continue;
      auto given = receive_descriptors(STDIN_FILENO);
      if (!given) return 0;
      if (given->size() == kRequestDescriptors) start(std::move(*given));
    }
  }

 private:
  // If it cannot, `reports` is closed, which says so.
  void start(std::vector<UniqueFd> given) {
    const pid_t pid = ::fork();
    if (pid == 0) become_command(given);
    if (pid > 0) commands_.emplace(pid, std::move(given[reports]));
  }

  // Also what has lost its parent, and became ours.
  void reap() {
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      const auto command = commands_.find(pid);
      if (command == commands_.end()) continue;
      ::send(command->second.get(), &status, sizeof status, MSG_NOSIGNAL | MSG_DONTWAIT);
      commands_.erase(command);
    }
  }

  process::SignalWatch ended_;
  std::map<pid_t, UniqueFd> commands_;  // to whom their ends are reported
};

}  // namespace

int run_sandbox_keeper() {
  return Keeper().run();
}

}  // namespace muster::agent
