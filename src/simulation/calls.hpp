#pragma once

// Calls to the queue's keeper and to the cloud take time, in which the world goes on. One that is
// not answered is given up; whether it was done nobody knows.

#include "base/result.hpp"
#include "simulation/conditions.hpp"
#include "simulation/random.hpp"
#include "simulation/timeline.hpp"

namespace muster::simulation {

// What went wrong with them, counted.
struct Mishaps {
  std::int64_t slow = 0;        // took a second or longer
  std::int64_t unanswered = 0;  // and not done
  std::int64_t done_unanswered = 0;
  std::int64_t absurd = 0;  // answers
  std::int64_t stale = 0;
  std::int64_t of_the_future = 0;  // by a clock that is ahead

  Mishaps& operator+=(const Mishaps& other);
};

class Calls {
 public:
  Calls(Timeline& timeline, const Faults& faults, Mishaps& mishaps)
      : timeline_(timeline), faults_(faults), mishaps_(mishaps) {}

  // `done` is what it does where it arrives; what that returns is the answer.
  template <class Done>
  auto make(Random& random, Done done) -> decltype(done()) {
    const auto takes = faults_.call_takes;
    if (faults_.call_unanswered > 0 && random.chance(faults_.call_unanswered)) {
      const bool arrives = random.chance(500);
      pass(kPatience / 2);
      if (arrives) static_cast<void>(done());
      pass(kPatience - kPatience / 2);
      ++(arrives ? mishaps_.done_unanswered : mishaps_.unanswered);
      return Error{ErrorKind::timeout, "no answer in time"};
    }
    const auto time = takes > Millis(0) ? random.between(Millis(0), takes) : Millis(0);
    if (time >= std::chrono::seconds(1)) ++mishaps_.slow;
    pass(time / 2);
    auto answer = done();
    pass(time - time / 2);
    return answer;
  }

 private:
  static constexpr Millis kPatience = std::chrono::seconds(5);

  void pass(Millis time) {
    if (time > Millis(0)) timeline_.run_until(timeline_.monotonic() + time);
  }

  Timeline& timeline_;
  const Faults& faults_;
  Mishaps& mishaps_;
};

}  // namespace muster::simulation
