#pragma once

// This machine, as AWS knows it: its id, its region, and its role's credentials, all from the
// instance metadata service. One thread.

#include <stop_token>
#include <string>

#include "aws/environment.hpp"
#include "aws/instance_metadata.hpp"
#include "aws/session.hpp"
#include "base/result.hpp"
#include "net/http_client.hpp"

namespace muster::instance {

class Self {
 public:
  explicit Self(const aws::Environment& environment = aws::process_environment());

  // Asked for until it is known, then kept. ErrorKind::unavailable: not now.
  Result<std::string> id(const std::stop_token& stop);

  // AWS_REGION and the like, or the instance's own. An instance always has one, so that an error is
  // ErrorKind::unavailable.
  Result<std::string> region(const std::stop_token& stop);

  aws::Session& session() { return session_; }
  net::HttpClient& http() { return http_; }

 private:
  net::HttpClient http_;
  aws::InstanceMetadata metadata_;
  aws::Session session_;
  std::string id_;  // empty: not known yet
};

}  // namespace muster::instance
