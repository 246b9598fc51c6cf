#include "process/guardian.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "base/log.hpp"
#include "process/child.hpp"

namespace muster::process {
namespace {

constexpr Millis kEndPatience = std::chrono::seconds(30);

Exit watch(Child& worker, SignalWatch& signals, int to_worker) {
  for (;;) {
    std::array<pollfd, 2> entries = {pollfd{worker.pidfd(), POLLIN, 0},
                                     pollfd{signals.fd(), POLLIN, 0}};
    ::poll(entries.data(), entries.size(), -1);
    if (const auto exit = worker.wait(Millis(0))) return *exit;
    // A pipe that is full holds more than enough signals already.
    if (signals.wait(Millis(0))) [[maybe_unused]]
      const auto written = ::write(to_worker, "", 1);
  }
}

void end_what_is_left(const Exit& exit) {
  if (exit.signal != 0) {
    log::error("the worker was killed; ending what it had started",
               {{"signal", std::to_string(exit.signal)}});
  }
  const auto ended = end_descendants(kEndPatience);
  if (!ended) {
    log::error("something of it lives on", {{"reason", ended.error().message}});
  } else if (*ended > 0) {
    log::warn("ended what was left running", {{"processes", std::to_string(*ended)}});
  }
}

}  // namespace

Result<int> run_guarded(const std::function<int(UniqueFd guardian)>& work) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return system_error(errno, "cannot make a pipe");
  UniqueFd from_guardian(ends[0]);  // open in the guardian as well: its writes meet no dead end
  UniqueFd to_worker(ends[1]);
  SignalWatch signals({SIGTERM, SIGINT});
  become_subreaper();

  const pid_t pid = ::fork();
  if (pid < 0) return system_error(errno, "cannot start a worker process");
  if (pid == 0) {
    to_worker.reset();
    ::setsid();  // so that a terminal's Ctrl-C comes once, from the guardian
    return work(std::move(from_guardian));
  }
  auto worker = Child::adopt(pid);
  if (!worker) return worker.error();
  const auto exit = watch(*worker, signals, to_worker.get());
  end_what_is_left(exit);
  return exit.shell_code();
}

}  // namespace muster::process
