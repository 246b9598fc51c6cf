#pragma once

// What the server tells Prometheus: docs/metrics.md. Belongs to the HTTP server's thread.

#include "metrics/registry.hpp"
#include "server/dispatcher.hpp"

namespace muster::server {

class Metrics final : public Onlooker {
 public:
  Metrics();

  void answered(const Answered& request) override;
  void happened(const std::vector<store::Milestone>& milestones,
                std::uint64_t output_bytes) override;
  // By Admission, before anybody handled it.
  void refused(int status);

  // What is true now, and known elsewhere.
  struct Now {
    Dispatcher::Effort effort;
    std::size_t parked = 0;
    std::size_t streams = 0;
    std::size_t connections = 0;
    std::size_t connection_limit = 0;
  };
  // The page. Looks at each task that waits or runs, and each runner that is there.
  std::string text(store::Store& store, const Now& now, WallTime wall);

 private:
  void describe_dispatcher(const Now& now);
  void describe_classes(store::Store& store, WallTime wall);
  void describe_disk(const store::Store& store);

  metrics::Registry registry_;
};

}  // namespace muster::server
