#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "process/child.hpp"
#include "process/system.hpp"

namespace muster::process {

SignalWatch::SignalWatch(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : signals) sigaddset(&set, number);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  fd_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

std::optional<int> SignalWatch::wait(Millis patience) {
  if (!wait_readable(fd_.get(), patience)) return std::nullopt;
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) {
    return std::nullopt;
  }
  return static_cast<int>(info.ssi_signo);
}

std::optional<int> SignalWatch::wait(const std::stop_token& over) {
  const UniqueFd woken(::eventfd(0, EFD_CLOEXEC));
  if (!woken) throw std::system_error(errno, std::generic_category(), "eventfd");
  const std::stop_callback wake(over, [&] { ::eventfd_write(woken.get(), 1); });
  for (;;) {
    std::array<pollfd, 2> entries = {pollfd{fd_.get(), POLLIN, 0}, pollfd{woken.get(), POLLIN, 0}};
    ::poll(entries.data(), entries.size(), -1);
    if (const auto signal = wait(Millis(0))) return signal;
    if (over.stop_requested()) return std::nullopt;
  }
}

}  // namespace muster::process
