#pragma once

// What an EC2 instance may ask about itself (IMDS, version 2 only: with a token).
//
// AWS_EC2_METADATA_DISABLED, AWS_EC2_METADATA_SERVICE_ENDPOINT and
// AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE (IPv4 or IPv6) are read. One thread at a time.

#include <stop_token>
#include <string>

#include "aws/environment.hpp"
#include "base/result.hpp"
#include "net/http_client.hpp"

namespace muster::aws {

class InstanceMetadata {
 public:
  // `http` must outlive it.
  InstanceMetadata(const Environment& environment, net::HttpClient& http);

  // "placement/region": what is at /latest/meta-data/placement/region. On a machine that is no
  // instance, an error within about a second. ErrorKind::not_found: there is no such thing here,
  // or asking is disabled.
  Result<std::string> get(const std::string& path, const std::stop_token& stop);

 private:
  Result<net::ClientResponse> send(net::ClientRequest request, const std::stop_token& stop);
  Result<net::ClientResponse> ask(const std::string& path, const std::stop_token& stop);
  Result<std::string> new_token(const std::stop_token& stop);

  const bool disabled_;
  const std::string endpoint_;
  net::HttpClient& http_;
  std::string token_;  // empty: none yet
};

}  // namespace muster::aws
