#include "cli/interrupt.hpp"

#include <unistd.h>

#include <csignal>

namespace muster::cli {

Interrupt::Interrupt()
    : signals_{SIGINT, SIGTERM}, thread_([this](const std::stop_token& done) {
        while (signals_.wait(done)) {
          if (requested()) ::_exit(kInterrupted);
          stop_.request_stop();
        }
      }) {}

}  // namespace muster::cli
