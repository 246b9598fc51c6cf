#include "base/stop_after.hpp"

#include "base/sleep.hpp"

namespace muster {

StopAfter::StopAfter(Millis duration, const std::stop_token& sooner)
    : sooner_(sooner, [source = source_]() mutable { source.request_stop(); }),
      timer_([source = source_, duration](const std::stop_token& over) mutable {
        sleep_for(duration, over);
        if (!over.stop_requested()) source.request_stop();
      }) {}

}  // namespace muster
