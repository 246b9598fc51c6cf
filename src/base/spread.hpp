#pragma once

// Several pieces of work at the same time.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace muster {

// Calls `work(i)` once for each i below `count`, from at most `threads` threads, of which ours is
// one, and returns when all are done. An exception ends no other piece; the first is thrown on at
// the end. Where the system gives no more threads, fewer do it all.
template <class Work>
void spread(std::size_t count, std::size_t threads, Work work) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  const auto go_on = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        work(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
      }
    }
  };
  {
    std::vector<std::jthread> others;
    try {
      for (std::size_t i = 1; i < std::min(threads, count); ++i) others.emplace_back(go_on);
    } catch (const std::system_error&) {
    }
    go_on();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace muster
