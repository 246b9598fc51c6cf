#pragma once

// A reading of the server, kept fresh by long polls on a thread of its own. While the server is
// away it asks again, with longer and longer pauses; any other error ends it.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "base/result.hpp"
#include "base/time.hpp"

namespace muster::client {

inline constexpr Millis kLongPoll = std::chrono::seconds(30);

template <class T>  // has a `version`
class Feed {
 public:
  // `fetch` is called on the feed's thread: the reading, or a newer one than `seen`.
  using Fetch = std::function<Result<T>(const std::string& seen)>;

  struct View {
    std::optional<T> value;        // the latest
    std::optional<Error> away;     // the server did not answer last time: being tried again
    std::optional<Error> failure;  // the feed has ended with this
  };

  // Ends when `stop` is requested; `fetch` must then return soon.
  Feed(Fetch fetch, std::stop_token stop)
      : fetch_(std::move(fetch)), stop_(std::move(stop)), thread_([this] { run(); }) {}

  View view() const {
    const std::lock_guard lock(mutex_);
    return view_;
  }

 private:
  static constexpr Millis kShortestPause{200};
  static constexpr Millis kLongestPause{5'000};

  void run() {
    std::string seen;
    Millis pause = kShortestPause;
    while (!stop_.stop_requested()) {
      auto reading = fetch_(seen);
      if (reading) {
        seen = reading->version;
        pause = kShortestPause;
        publish({std::move(*reading), std::nullopt, std::nullopt});
        continue;
      }
      const auto& error = reading.error();
      if (error.kind != ErrorKind::unavailable && error.kind != ErrorKind::timeout) {
        return publish({view().value, std::nullopt, error});
      }
      publish({view().value, error, std::nullopt});
      sleep(pause);
      pause = std::min(2 * pause, kLongestPause);
    }
  }

  void publish(View view) {
    const std::lock_guard lock(mutex_);
    view_ = std::move(view);
  }

  void sleep(Millis pause) {
    std::unique_lock lock(mutex_);
    woken_.wait_for(lock, stop_, pause, [] { return false; });
  }

  Fetch fetch_;
  std::stop_token stop_;
  mutable std::mutex mutex_;
  std::condition_variable_any woken_;
  View view_;
  std::jthread thread_;  // last: the rest outlives it
};

}  // namespace muster::client
