#pragma once

// A pass on paper: the loop runs as ever, and nothing changes.

#include <functional>
#include <optional>

#include "fleet/ledger.hpp"
#include "fleet/ports.hpp"

namespace muster::fleet {

// Sees what is there, and notes what it is asked to do instead of doing it.
class DryRunCapacity final : public CapacityProvider {
 public:
  // `look` must change nothing.
  using Look = std::function<Result<CapacityList>(const std::stop_token&)>;
  explicit DryRunCapacity(Look look) : look_(std::move(look)) {}

  Result<CapacityList> list(const std::stop_token& stop) override { return look_(stop); }
  Result<std::vector<std::string>> launch(const Place& place, std::int64_t count,
                                          const std::stop_token& stop) override;
  Result<void> drain(const std::string& id, const std::stop_token& stop) override;
  void wait_for_change(Millis patience, std::stop_token stop) override;

  const std::map<std::string, std::int64_t>& would_launch() const { return would_launch_; }

 private:
  Look look_;
  std::map<std::string, std::int64_t> would_launch_;
};

// Remembers what another ledger does (null: nothing), and writes nothing.
class DryRunLedger final : public Ledger {
 public:
  explicit DryRunLedger(Ledger* kept) : kept_(kept) {}

  Result<ClassMemory> load(const std::string& resource_class,
                           const std::stop_token& stop) override {
    if (kept_ == nullptr) return ClassMemory{};
    auto memory = kept_->load(resource_class, stop);
    if (!memory && !unreadable_) unreadable_ = memory.error().within(resource_class);
    return memory;
  }
  // Of the first class that could not be loaded: the loop leaves it out.
  const std::optional<Error>& unreadable() const { return unreadable_; }
  Result<void> save(const std::string&, const ClassMemory&, const std::stop_token&) override {
    return ok();
  }
  Result<void> record(const std::string&, const scaling::Snapshot&,
                      const scaling::Decision&) override {
    return ok();
  }

 private:
  Ledger* kept_;
  std::optional<Error> unreadable_;
};

}  // namespace muster::fleet
