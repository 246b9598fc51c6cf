#pragma once

// For tests of the dispatcher: what surrounds it, as a test drives it.

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "base/time.hpp"
#include "net/http_server.hpp"
#include "server/dispatcher.hpp"

namespace muster::server {

struct FakeExchange final : net::Exchange {
  void send(net::Response given) override {
    ++sent;
    response = std::move(given);
  }
  void begin(net::Response head, Taken then) override {
    ++sent;
    response = std::move(head);
    taken = std::move(then);
  }
  void add(std::string piece, Taken then) override {
    if (taken) ++overlaps;
    response.body += piece;
    taken = std::move(then);
  }
  bool abandoned() const override { return gone; }

  int sent = 0;
  int overlaps = 0;  // pieces that came while the one before was on its way
  Taken taken;       // of the latest piece
  bool gone = false;
  net::Response response;
};

// A loop that runs when the test says so, under a clock that the test moves.
class FakeLoop {
 public:
  explicit FakeLoop(ManualClock& clock) : clock_(&clock) {}

  Dispatcher::Loop handle() {
    return {[this](auto task) { tasks_.push_back(std::move(task)); },
            [this](Millis delay, auto task) -> std::unique_ptr<Dispatcher::Timer> {
              auto timer = std::make_unique<Timer>();
              timers_.push_back({clock_->monotonic() + delay, timer->alive, std::move(task)});
              return timer;
            }};
  }

  void run() {
    while (!tasks_.empty()) {
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
  }

  void advance(Millis by) {
    clock_->advance(by);
    fire();
    run();
  }

  // The timers that are due, and nothing of what they have run soon.
  void fire() {
    for (auto& due : std::exchange(timers_, {})) {
      if (!*due.alive) continue;
      if (due.at > clock_->monotonic()) {
        timers_.push_back(std::move(due));
      } else {
        due.task();
      }
    }
  }

 private:
  struct Timer final : Dispatcher::Timer {
    std::shared_ptr<bool> alive = std::make_shared<bool>(true);
    ~Timer() override { *alive = false; }
  };
  struct Due {
    MonotonicTime at;
    std::shared_ptr<bool> alive;
    std::function<void()> task;
  };
  ManualClock* clock_;
  std::deque<std::function<void()>> tasks_;
  std::vector<Due> timers_;
};

}  // namespace muster::server
