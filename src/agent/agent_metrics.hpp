#pragma once

// What an agent tells Prometheus: docs/metrics.md. Thread-safe.

#include <mutex>
#include <optional>
#include <string>

#include "agent/control_plane.hpp"
#include "metrics/registry.hpp"

namespace muster::agent {

class AgentMetrics {
 public:
  explicit AgentMetrics(const Clock& clock = system_clock());

  void waits();  // for a task, unless it does so already
  void claimed();
  void ended(protocol::TaskResult result);  // and the server has heard it
  void sent_output(std::uint64_t bytes);
  // Of a call: whether the server answered.
  void called(bool reached);

  // Calls to the server, by outcome, as they are counted elsewhere.
  std::string text(const std::map<std::string, std::uint64_t>& calls);
  // The server answers. Else why not, in one sentence.
  Result<void> ready() const;

 private:
  const Clock& clock_;
  mutable std::mutex mutex_;  // guards what follows
  metrics::Registry registry_;
  std::optional<MonotonicTime> waits_since_;
  std::optional<bool> reached_;  // by the latest call; nothing: there was none
};

// Passes all on, and tells the metrics of it.
class WatchedControlPlane final : public ControlPlane {
 public:
  // Both must outlive it.
  WatchedControlPlane(ControlPlane& server, AgentMetrics& metrics)
      : server_(server), metrics_(metrics) {}

  Result<std::optional<protocol::ClaimedTask>> claim(const protocol::ClaimRequest& request,
                                                     std::stop_token stop) override;
  bool claim_may_have_arrived() const override { return server_.claim_may_have_arrived(); }
  Result<std::optional<protocol::ClaimedTask>> withdraw(const protocol::WithdrawRequest& request,
                                                        std::stop_token stop) override;
  Result<protocol::HeartbeatAnswer> heartbeat(const Attempt& attempt, Millis wait, Millis patience,
                                              std::stop_token stop) override;
  Result<void> update_step(const Attempt& attempt, std::size_t step,
                           const protocol::StepUpdate& update, std::stop_token stop) override;
  Result<std::uint64_t> put_output(const Attempt& attempt, std::size_t step, std::uint64_t offset,
                                   std::string_view bytes, std::stop_token stop) override;
  Result<void> fetch_source(const Attempt& attempt, const std::filesystem::path& file,
                            std::stop_token stop) override;
  Result<void> finish(const Attempt& attempt, const protocol::FinishRequest& request,
                      std::stop_token stop) override;

 private:
  template <class T>
  Result<T> noted(Result<T> answer);
  Result<std::optional<protocol::ClaimedTask>> with_task(
      Result<std::optional<protocol::ClaimedTask>> answer);

  ControlPlane& server_;
  AgentMetrics& metrics_;
};

}  // namespace muster::agent
