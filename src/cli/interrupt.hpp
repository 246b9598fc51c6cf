#pragma once

// Ctrl-C as a stop token. The second one ends the program where it stands. Construct before any
// other thread.

#include <stop_token>
#include <thread>

#include "process/child.hpp"

namespace muster::cli {

inline constexpr int kInterrupted = 130;  // the exit code

class Interrupt {
 public:
  Interrupt();
  std::stop_token token() const { return stop_.get_token(); }
  bool requested() const { return stop_.stop_requested(); }
  // Ends whatever watches token() in an orderly end.
  void request() { stop_.request_stop(); }

 private:
  process::SignalWatch signals_;
  std::stop_source stop_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace muster::cli
