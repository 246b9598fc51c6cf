#include "capacity/process_watch.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace muster::capacity {

std::shared_ptr<UniqueFd> open_process(const process::Identity& identity) {
  auto pidfd =
      std::make_shared<UniqueFd>(static_cast<int>(::syscall(SYS_pidfd_open, identity.pid, 0)));
  // Asked after the opening: the number cannot have passed to another process in between.
  if (!*pidfd || !process::is_alive(identity)) return nullptr;
  return pidfd;
}

ProcessWatch::ProcessWatch() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void ProcessWatch::add(const std::string& id, std::shared_ptr<UniqueFd> pidfd) {
  const std::lock_guard lock(mutex_);
  watched_.insert_or_assign(id, std::move(pidfd));
  wake();
}

void ProcessWatch::forget(const std::string& id) {
  const std::lock_guard lock(mutex_);
  watched_.erase(id);
}

void ProcessWatch::wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

void ProcessWatch::wait(Millis patience, std::stop_token stop) {
  std::vector<std::shared_ptr<UniqueFd>> held;  // so that none is closed while it is polled
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, pidfd] : watched_) held.push_back(pidfd);
  }
  const std::stop_callback on_stop(stop, [this] { wake(); });
  std::vector<pollfd> polled{{wake_.get(), POLLIN, 0}};
  for (const auto& pidfd : held) polled.push_back({pidfd->get(), POLLIN, 0});
  const auto timeout =
      std::clamp<Millis::rep>(patience.count(), 0, std::numeric_limits<int>::max());
  ::poll(polled.data(), polled.size(), static_cast<int>(timeout));
  std::uint64_t wakes = 0;
  [[maybe_unused]] const auto read = ::read(wake_.get(), &wakes, sizeof wakes);
}

}  // namespace muster::capacity
