#pragma once

// How an instance asks its Auto Scaling group to end it: until the group has accepted, has refused
// for good, or the time is over. It never waits for ever, and the error says why it is in vain.

#include <functional>
#include <stop_token>

#include "aws/autoscaling.hpp"
#include "aws/retry.hpp"
#include "base/error.hpp"
#include "base/result.hpp"

namespace muster::instance {

// What may help after the group did not accept. Pure.
enum class Next {
  again,     // later
  replaced,  // the group is at its minimum: it may launch another instead
  nothing,   // the group will never end this instance
};
Next next_after(const Error& refusal, aws::Replaced asked);

struct GroupPorts {
  std::function<Result<void>(aws::Replaced replaced, const std::stop_token& stop)> terminate;
  aws::Patience patience;
};

// One thread.
class Ending {
 public:
  explicit Ending(GroupPorts ports) : ports_(std::move(ports)) {}

  // Asks again and again until `over` is requested.
  Result<void> ask_until(const std::stop_token& over);
  // Asks once more, but not if the group has refused for good.
  Result<void> ask_once(const std::stop_token& over);

  aws::Replaced asked() const { return replaced_; }

 private:
  Next attempt(const std::stop_token& over);
  Result<void> outcome() const;

  GroupPorts ports_;
  aws::Replaced replaced_ = aws::Replaced::no;
  Next next_ = Next::again;
  bool accepted_ = false;
  Error latest_{ErrorKind::timeout, "the group was not asked in time"};
};

}  // namespace muster::instance
