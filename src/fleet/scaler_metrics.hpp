#pragma once

// What a scaler tells Prometheus: docs/metrics.md. Thread-safe: the loop's thread tells it, another
// reads it.

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "fleet/loop.hpp"
#include "fleet/price.hpp"
#include "metrics/registry.hpp"

namespace muster::fleet {

class ScalerMetrics final : public DecisionObserver {
 public:
  explicit ScalerMetrics(const Clock& clock = system_clock());

  void launched(const LaunchCall& call) override;
  void decided(const std::vector<ClassPass>& classes) override;
  void passed(const PassOutcome& outcome, Millis took) override;

  // Calls to others, by service and outcome, as they are counted elsewhere.
  using Calls = std::map<std::pair<std::string, std::string>, std::uint64_t>;
  // So many calls a minute the configuration lets be made to a service.
  void limit_calls(const std::string& service, std::int64_t per_minute);

  // What an instance of each class costs from now on.
  void use_prices(Prices prices);

  std::string text(const Calls& calls);

  // Passes are made, and the latest have read something. Else why not, in one sentence.
  Result<void> ready() const;

 private:
  void describe(const ClassPass& pass);
  void count_time(const ClassPass& pass, Millis since_last);
  void note_boots(const ClassPass& pass);
  void forget(const std::string& resource_class);

  const Clock& clock_;
  mutable std::mutex mutex_;  // guards what follows
  metrics::Registry registry_;
  Prices prices_;
  std::map<std::string, MonotonicTime> counted_until_;  // by class
  // By class: those that were booting in the latest pass, and since when.
  std::map<std::string, std::map<std::string, WallTime>> booting_;
  std::optional<MonotonicTime> last_pass_;  // that was not blind
};

// Tells several.
class Observers final : public DecisionObserver {
 public:
  // They must outlive it.
  explicit Observers(std::vector<DecisionObserver*> all) : all_(std::move(all)) {}

  void launched(const LaunchCall& call) override {
    for (auto* each : all_) each->launched(call);
  }
  void decided(const std::vector<ClassPass>& classes) override {
    for (auto* each : all_) each->decided(classes);
  }
  void passed(const PassOutcome& outcome, Millis took) override {
    for (auto* each : all_) each->passed(outcome, took);
  }

 private:
  std::vector<DecisionObserver*> all_;
};

}  // namespace muster::fleet
