#include "agent/step_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace muster::agent {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kChunk = 64 * 1024;
constexpr Millis kStopCheck = 250ms;
// What forks all the time makes thousands of orphans in a second.
constexpr Millis kReapEvery = 250ms;

// What is there, at most `most` bytes; empty at the end. Waits if there is nothing.
std::string read_some(int fd, std::size_t most) {
  std::string bytes(most, '\0');
  ssize_t got = 0;
  do {
    got = ::read(fd, bytes.data(), bytes.size());
  } while (got < 0 && errno == EINTR);
  bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return bytes;
}

// What the pipe holds at this moment, and no more: another process may go on filling it.
void drain(int fd, const StepOutput& output) {
  int waiting = 0;
  if (fd < 0 || ::ioctl(fd, FIONREAD, &waiting) != 0) return;
  while (waiting > 0) {
    const auto bytes = read_some(fd, static_cast<std::size_t>(waiting));
    if (bytes.empty()) return;
    waiting -= static_cast<int>(bytes.size());
    output.write(bytes);
  }
}

void read_until_closed(int fd, const StepOutput& output, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd entry{fd, POLLIN, 0};
    if (::poll(&entry, 1, static_cast<int>(kStopCheck.count())) <= 0) continue;
    const auto bytes = read_some(fd, kChunk);
    if (bytes.empty()) return;
    output.write(bytes);
  }
  drain(fd, output);
}

}  // namespace

Result<StepProcess> StepProcess::start(const Launcher& launcher, JobCommand command) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error(errno, "cannot make a pipe");
  UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  command.output = writer.get();
  auto child = launcher.start(command);
  if (!child) return child.error();
  return StepProcess{std::move(*child), std::move(reader)};
}

StepEnding follow(StepProcess& process, const StepOutput& output, WorkEnd& end, Millis silence) {
  const auto& clock = system_clock();
  auto heard = clock.monotonic();
  auto reaped = heard;
  while (!end.requested()) {
    const auto now = clock.monotonic();
    const auto left = heard + silence - now;
    if (left <= 0ms) return Silent{};
    if (now - reaped >= kReapEvery) {
      process::reap_orphans();
      reaped = now;
    }
    std::array<pollfd, 3> entries = {pollfd{process.child.pidfd(), POLLIN, 0},
                                     pollfd{process.output.get(), POLLIN, 0},
                                     pollfd{end.fd(), POLLIN, 0}};
    const auto patience = std::min({left, end.time_left(), kReapEvery});
    ::poll(entries.data(), entries.size(), static_cast<int>(patience.count()));
    if (entries[0].revents != 0) {
      drain(process.output.get(), output);
      if (const auto exit = process.child.wait(0ms)) return Exited{*exit};
    } else if (entries[1].revents != 0) {
      const auto bytes = read_some(process.output.get(), kChunk);
      if (bytes.empty()) process.output.reset();
      output.write(bytes);
      heard = clock.monotonic();
    }
  }
  return Interrupted{};
}

void Followers::add(UniqueFd pipe, const StepOutput& output) {
  if (!pipe) return;
  threads_.emplace_back([fd = std::move(pipe), output](const std::stop_token& stop) {
    read_until_closed(fd.get(), output, stop);
  });
}

void Followers::finish() {
  threads_.clear();
}

}  // namespace muster::agent
