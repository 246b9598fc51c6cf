#pragma once

// Who is heard, and whose body is read and how much of it: decided by a request's head.
// Belongs to the HTTP server's thread.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "net/http_server.hpp"
#include "server/known_tokens.hpp"
#include "server/request_rate.hpp"
#include "store/store.hpp"

namespace muster::server {

class Admission {
 public:
  // So many requests a second of each caller: see RequestRate.
  explicit Admission(std::int64_t requests_per_second) : rate_(requests_per_second) {}

  struct Time {
    MonotonicTime monotonic{};
    WallTime wall{};
  };
  std::variant<net::BodyPolicy, net::Response> admit(store::Store& store, const net::Request& head,
                                                     Time now);

 private:
  // What it shows that we gave out and that still counts: its secret.
  std::optional<std::string> known_secret(store::Store& store, const net::Request& head, Time now);

  KnownTokens known_;
  RequestRate rate_;
};

}  // namespace muster::server
