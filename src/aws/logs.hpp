#pragma once

// CloudWatch Logs: a few lines of a program's own. One thread at a time.

#include <stop_token>
#include <string>

#include "aws/client.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace muster::aws {

class Logs {
 public:
  // As Client::open().
  static Result<Logs> open(Session& session, net::HttpClient& http, std::string region,
                           const std::stop_token& stop, Patience patience = usual_patience());

  // In a group that must exist. One that is there already is as good.
  Result<void> create_stream(const std::string& group, const std::string& stream,
                             const std::stop_token& stop);

  // One event, of the time `at`; AWS refuses what is older than two weeks, or is empty.
  Result<void> put(const std::string& group, const std::string& stream, WallTime at,
                   const std::string& message, const std::stop_token& stop);

 private:
  explicit Logs(Client client) : client_(std::move(client)) {}
  Client client_;
};

}  // namespace muster::aws
