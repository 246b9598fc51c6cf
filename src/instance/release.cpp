#include "instance/release.hpp"

#include <fmt/core.h>

#include "aws/logs.hpp"
#include "base/log.hpp"
#include "base/stop_after.hpp"
#include "base/text.hpp"
#include "instance/ending.hpp"
#include "process/program.hpp"

namespace muster::instance {

namespace {

constexpr Millis kRecordPatience = std::chrono::seconds(10);
constexpr Millis kHurriedRecord = std::chrono::seconds(2);
constexpr Millis kLastAttempt = std::chrono::seconds(10);
constexpr int kMostShutdowns = 3;
constexpr std::size_t kLongestRecord = 2'000;

class Releasing {
 public:
  Releasing(const Release& wanted, Self& self, const std::stop_token& hurry)
      : wanted_(wanted), self_(self), hurry_(hurry) {}

  Result<Released> run() {
    log::info("this instance ends", {{"reason", wanted_.reason}});
    record("this instance ends: " + wanted_.reason);
    const auto by_group = ask_group();
    if (by_group) return Released::by_group;
    const auto why = by_group.error().message;
    log::error("the group does not end this instance, which shuts itself down", {{"error", why}});
    record("the group does not end it, so it shuts itself down: " + why);
    return shut_down();
  }

 private:
  // A trouble with it is told, and holds nothing up.
  void record(const std::string& text) {
    if (wanted_.log_group.empty()) return;
    const StopAfter limit(hurry_.stop_requested() ? kHurriedRecord : kRecordPatience);
    const auto recorded = put(printable(text, kLongestRecord), limit.token());
    if (recorded) return;
    log::warn("the reason is not recorded",
              {{"log group", wanted_.log_group}, {"error", recorded.error().message}});
  }

  Result<void> put(const std::string& text, const std::stop_token& stop) {
    const auto id = self_.id(stop);
    if (!id) return id.error();
    const auto region = self_.region(stop);
    if (!region) return region.error();
    auto logs = aws::Logs::open(self_.session(), self_.http(), *region, stop);
    if (!logs) return logs.error();
    const auto& group = wanted_.log_group;
    if (auto made = logs->create_stream(group, *id, stop); !made) return made;
    return logs->put(group, *id, self_.session().aws_now(), text, stop);
  }

  Result<void> ask_group() {
    Ending ending(
        {.terminate = [this](aws::Replaced replaced,
                             const std::stop_token& stop) { return terminate(replaced, stop); },
         .patience = aws::usual_patience()});
    auto ended = [&] {
      const StopAfter limit(wanted_.patience, hurry_);
      return ending.ask_until(limit.token());
    }();
    if (!ended && hurry_.stop_requested()) {
      const StopAfter limit(kLastAttempt);
      ended = ending.ask_once(limit.token());
    }
    if (ended) {
      log::info("the group ends this instance",
                {{"replaced", ending.asked() == aws::Replaced::yes ? "yes" : "no"}});
    }
    return ended;
  }

  Result<void> terminate(aws::Replaced replaced, const std::stop_token& stop) {
    const auto id = self_.id(stop);
    if (!id) return id.error();
    const auto region = self_.region(stop);
    if (!region) return region.error();
    auto scaling = aws::AutoScaling::open(self_.session(), self_.http(), *region, stop);
    if (!scaling) return scaling.error();
    return scaling->terminate(*id, stop, replaced);
  }

  Result<Released> shut_down() {
    const auto patience = aws::usual_patience();
    for (int failed = 1;; ++failed) {
      const auto done =
          process::output_of({.arguments = {"/bin/sh", "-c", wanted_.shutdown},
                              .environment = process::inherited_environment({"NOTIFY_SOCKET"})},
                             {});
      if (done) return Released::by_itself;
      log::error("the machine does not shut down",
                 {{"command", wanted_.shutdown}, {"error", done.error().message}});
      if (failed == kMostShutdowns) {
        return Error{ErrorKind::exhausted,
                     fmt::format("this instance goes on and costs money, as neither its group nor "
                                 "'{}' ends it: terminate it by hand",
                                 printable(wanted_.shutdown))};
      }
      patience.sleep(aws::pause_after(failed, patience.random()), {});
    }
  }

  const Release& wanted_;
  Self& self_;
  const std::stop_token& hurry_;
};

}  // namespace

Result<Released> release(const Release& wanted, Self& self, const std::stop_token& hurry) {
  return Releasing(wanted, self, hurry).run();
}

}  // namespace muster::instance
