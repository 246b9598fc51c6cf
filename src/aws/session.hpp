#pragma once

// What all AWS clients of a process share: the environment, the credentials, and what is known of
// AWS's clock. Thread-safe; outlives its clients.

#include <atomic>
#include <mutex>
#include <stop_token>
#include <string>

#include "aws/credential_cache.hpp"
#include "aws/environment.hpp"
#include "aws/region_and_endpoint.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "net/http_client.hpp"

namespace muster::aws {

class Session {
 public:
  explicit Session(Environment environment = process_environment(),
                   const Clock& clock = system_clock());

  // find_region(); asked once.
  Result<std::string> region(const std::stop_token& stop);
  // find_endpoint().
  Result<Endpoint> endpoint(const Service& service, const std::string& region) const;
  // AWS_MAX_ATTEMPTS or the profile's "max_attempts", from 1 to 20; else 3.
  Result<int> max_attempts() const;

  CredentialCache& credentials() { return credentials_; }

  // This machine's clock, corrected by what was learnt: AWS's, or up to a second behind it.
  WallTime aws_now() const;
  // From the Date of an answer of just now. True if it is so far from aws_now() as it was that a
  // signature was refused for it.
  bool learn_time(WallTime aws_time);

 private:
  const Environment environment_;
  const Clock& clock_;
  net::HttpClient credentials_http_;  // of the thread that looks for credentials
  CredentialCache credentials_;
  std::atomic<Millis::rep> ahead_ = 0;  // AWS's clock, of ours
  std::mutex mutex_;
  std::string region_;  // empty: not asked for yet. Guarded by mutex_
};

}  // namespace muster::aws
