#pragma once

// The credentials to call with: looked for once, kept, and renewed before they run out.

#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>

#include "aws/credentials.hpp"
#include "aws/environment.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "net/http_client.hpp"

namespace muster::aws {

// Asks one source after another as AWS's own tools do: the environment, web identity, the profile,
// the container, the instance. If none has any, the error says of each why.
Result<Credentials> find_credentials(const Environment& environment, net::HttpClient& http,
                                     const std::stop_token& stop);

// Thread-safe.
class CredentialCache {
 public:
  // Called by one thread at a time.
  using Find = std::function<Result<Credentials>(const std::stop_token& stop)>;

  explicit CredentialCache(Find find, const Clock& clock = system_clock());

  // Those that are kept; new ones within ten minutes of their end, asked for at most once a
  // minute. If that fails they are used to their end, with a warning. While one thread asks, the
  // others go on with what is still valid.
  Result<Credentials> get(const std::stop_token& stop);

  // AWS did not accept them: the next get() looks for others, as a file may have been changed.
  void discard(const Credentials& refused);

 private:
  std::optional<Credentials> fresh();
  std::optional<Credentials> valid();
  void keep(Credentials credentials);
  void ask_later(Millis left);

  const Find find_;
  const Clock& clock_;
  std::mutex asking_;  // held by the thread that looks for credentials
  std::mutex mutex_;   // guards what is below
  std::optional<Credentials> kept_;
  MonotonicTime ask_again_{};
};

}  // namespace muster::aws
