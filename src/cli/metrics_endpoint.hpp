#pragma once

// Where a scaler or an agent shows Prometheus its metrics, and others whether it is well: /metrics,
// /healthz and /readyz, to anybody who reaches the address.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/side_server.hpp"

namespace muster::cli {

struct Endpoint {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // any free one

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// "9481", "10.0.0.5:9481" or "[::1]:9481".
Result<Endpoint> parse_endpoint(std::string_view text);

// Called on a thread of their own.
struct Shown {
  std::function<std::string()> metrics;
  std::function<Result<void>()> ready;
};

// Until what it gives is destroyed. Null: `listen` is empty, and nothing is shown.
Result<std::unique_ptr<net::SideServer>> show(const std::string& listen, Shown shown);

}  // namespace muster::cli
