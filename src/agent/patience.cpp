#include "agent/patience.hpp"

#include <algorithm>

#include "base/sleep.hpp"

namespace muster::agent {
namespace {

constexpr Millis kHurry = std::chrono::seconds(3);

}  // namespace

Patience::Patience(Millis patience, std::stop_token hurry)
    : thread_([this, patience, hurry](const std::stop_token& done) {
        const auto deadline = system_clock().monotonic() + patience;
        const std::stop_callback wake(done, [this] { awake_.request_stop(); });
        const std::stop_callback rouse(hurry, [this] { awake_.request_stop(); });
        sleep_for(patience, awake_.get_token());
        if (done.stop_requested()) return;
        sleep_for(std::min<Millis>(kHurry, deadline - system_clock().monotonic()), done);
        if (!done.stop_requested()) over_.request_stop();
      }) {}

}  // namespace muster::agent
