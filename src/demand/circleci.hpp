#pragma once

// The queue of CircleCI, read by polling: nothing tells when a job is queued. Also of a CircleCI
// Server, and of a Muster server, for which MusterServer (with long polls) is the better choice.
//
// All classes share one budget of requests. Those of a reading of many classes are spread over
// about half of the polling interval, or as the budget says if that is longer, over a few
// connections that are kept. What cannot be read is unknown, and asked for again after a pause: one
// that doubles from a second to a minute, with jitter, or as long as the peer says if that is
// longer (Retry-After, up to 15 minutes; another process of ours is told by what the scaler
// remembers). A question that is refused, or not answered in time, pauses its class; a refused
// token, 429, or a peer that answers nobody pauses everything. A connection that waited in vain
// asks nothing more in a reading, so that a silent peer is waited for about once.
//
// Sources: CircleCI's pages "Runner API" and "API developer's guide" (Retry-After).

#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "demand/request_budget.hpp"
#include "demand/runner_api.hpp"
#include "demand/token_source.hpp"
#include "fleet/ports.hpp"

namespace muster::demand {

class Sweep;

struct CircleCiSettings {
  std::string url = "https://runner.circleci.com";  // without a path
  TokenSource token;                                // a personal token
  Millis poll_interval = std::chrono::seconds(5);
  std::int64_t requests_per_minute = 600;
  Millis patience = std::chrono::seconds(10);  // for one answer
  std::string token_place;                     // "the file x (token_file)", for messages
};

class CircleCi final : public fleet::DemandSource {
 public:
  CircleCi(CircleCiSettings settings, std::vector<std::string> resource_classes,
           const Clock& clock = system_clock());

  std::map<std::string, fleet::ClassDemand> read(std::stop_token stop) override;
  void hold_off(const std::string& resource_class, WallTime until) override;
  void wait_for_change(Millis patience, std::stop_token stop) override;

 private:
  // Until when something is not to be asked for, and why.
  struct Pause {
    std::int64_t refusals = 0;  // in a row
    MonotonicTime until{};
    std::optional<WallTime> asked_until;  // the same, if the peer said so (Retry-After)
    std::string why;
  };

  std::vector<std::string> classes_due(MonotonicTime now) const;
  std::map<std::string, fleet::ClassDemand> all_unknown(const std::string& why) const;
  void learn(const Sweep& sweep);
  void refused(Pause& pause, const Refusal& refusal);
  Result<std::string> token_to_use(MonotonicTime now, const std::stop_token& stop);
  std::map<std::string, fleet::ClassDemand> read_with(const std::string& token,
                                                      std::stop_token stop);

  const CircleCiSettings settings_;
  const std::vector<std::string> classes_;
  const Clock& clock_;
  RequestBudget budget_;

  // Of the thread that calls read().
  std::vector<RunnerApi> connections_;
  std::vector<std::string> order_;  // of asking: those that failed last come last
  std::map<std::string, Pause> class_pauses_;
  Pause source_pause_;
  std::string refused_token_;  // why there is a source_pause_; empty: something else
  std::minstd_rand dice_{std::random_device{}()};

  std::mutex mutex_;
  MonotonicTime next_reading_{};  // guarded by mutex_
};

}  // namespace muster::demand
