#pragma once

// Whether the server can serve, for who asks on its behalf: a load balancer, Kubernetes, systemd.
// Belongs to the HTTP server's thread.

#include <optional>

#include "net/http_server.hpp"
#include "store/store.hpp"

namespace muster::server {

class Readiness {
 public:
  // 200, or 503 with a sentence. There must be no transaction. Anybody may ask, so the disk is
  // asked once in a while only; in between the answer is the same.
  net::Response answer(store::Store& store, MonotonicTime now);

 private:
  std::optional<MonotonicTime> asked_;
  Result<void> verdict_;
};

// That the process lives, and nothing else: neither disk nor database is asked.
net::Response alive();

// "/healthz" or "/readyz", if that is asked for. They are not the API's: whoever watches over a
// server expects them there, and in this form.
enum class Probe { none, health, readiness };
Probe probe_of(const net::Request& request);

}  // namespace muster::server
