#pragma once

// Several providers as one: each resource class has its own. A provider that cannot list its
// instances leaves the other classes alone: all are asked at the same time, so that list() takes as
// long as the slowest. Each provider is used by one thread at a time.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fleet/ports.hpp"

namespace muster::capacity {

class ByClass final : public fleet::CapacityProvider {
 public:
  // At least one provider; a provider may serve several classes.
  explicit ByClass(std::map<fleet::Place, std::shared_ptr<fleet::CapacityProvider>> places);

  Result<fleet::CapacityList> list(const std::stop_token& stop) override;
  Result<std::vector<std::string>> launch(const fleet::Place& place, std::int64_t count,
                                          const std::stop_token& stop) override;
  // Both of an instance that the latest list() had in it.
  Result<void> drain(const std::string& id, const std::stop_token& stop) override;
  Result<void> reap(const std::string& id, const std::stop_token& stop) override;
  Result<void> withdraw(const fleet::Place& place, std::int64_t count,
                        const std::stop_token& stop) override;
  void wait_for_change(Millis patience, std::stop_token stop) override;

 private:
  const std::map<fleet::Place, std::shared_ptr<fleet::CapacityProvider>> places_;
  std::vector<fleet::CapacityProvider*> providers_;              // each once
  std::map<std::string, fleet::CapacityProvider*> provider_of_;  // by instance id
};

}  // namespace muster::capacity
