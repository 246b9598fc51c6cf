#include "fleet/waker.hpp"

namespace muster::fleet {

std::uint64_t Waker::poke() {
  const std::lock_guard lock(mutex_);
  poked_ = true;
  changed_.notify_all();
  return passes_;
}

void Waker::await_pass(std::uint64_t since, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [&] { return passes_ > since; });
}

void Waker::pass_begins() {
  const std::lock_guard lock(mutex_);
  poked_ = false;
}

void Waker::pass_ended() {
  const std::lock_guard lock(mutex_);
  ++passes_;
  changed_.notify_all();
}

void Waker::await_poke(Millis patience, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, patience, [&] { return poked_; });
}

}  // namespace muster::fleet
