#include "server/readiness.hpp"

#include "base/log.hpp"
#include "net/side_server.hpp"
#include "server/answers.hpp"

namespace muster::server {
namespace {

constexpr Millis kAskedAgain = std::chrono::seconds(1);

// The caller is a stranger: what the database says is for the log, once.
Result<void> look(store::Store& store, bool was_well) {
  if (auto room = store.check_room(1); !room) return room;
  const auto written = store.try_to_write();
  if (written) return ok();
  if (was_well)
    log::error("not ready: nothing can be written", {{"error", written.error().message}});
  return for_caller(written.error());
}

}  // namespace

net::Response Readiness::answer(store::Store& store, MonotonicTime now) {
  if (!asked_ || now - *asked_ >= kAskedAgain) {
    verdict_ = look(store, verdict_.has_value());
    asked_ = now;
  }
  return verdict_ ? net::plain_text(200, "ready") : net::plain_text(503, verdict_.error().message);
}

net::Response alive() {
  return net::plain_text(200, "ok");
}

Probe probe_of(const net::Request& request) {
  if (request.method != "GET" && request.method != "HEAD") return Probe::none;
  if (request.path == "/healthz") return Probe::health;
  return request.path == "/readyz" ? Probe::readiness : Probe::none;
}

}  // namespace muster::server
