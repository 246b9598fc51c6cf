#pragma once

// The queue of any other CI: a program of the user tells it. Run once for each class and reading
// as `PROGRAM… CLASS`; it prints one JSON object and ends with exit code 0:
//
//   {"unclaimed": 3, "running": 1, "runners": [{"name": "i-1", "busy": true}]}
//
// `runners`, and `busy`, may be left out where nobody can tell. Anything else is an unknown queue.

#include <string>
#include <vector>

#include "base/time.hpp"
#include "fleet/ports.hpp"

namespace muster::demand {

struct CommandQueueSettings {
  std::vector<std::string> program;  // and its first arguments
  Millis poll_interval = std::chrono::seconds(5);
  Millis timeout = std::chrono::seconds(10);
};

class CommandQueue final : public fleet::DemandSource {
 public:
  CommandQueue(CommandQueueSettings settings, std::vector<std::string> resource_classes,
               const Clock& clock = system_clock());

  std::map<std::string, fleet::ClassDemand> read(std::stop_token stop) override;
  void wait_for_change(Millis patience, std::stop_token stop) override;

 private:
  fleet::ClassDemand read_class(const std::string& name, std::stop_token stop) const;

  const CommandQueueSettings settings_;
  const std::vector<std::string> classes_;
  const Clock& clock_;
};

}  // namespace muster::demand
