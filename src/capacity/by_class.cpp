#include "capacity/by_class.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <thread>

#include <fmt/core.h>

#include "base/spread.hpp"

namespace muster::capacity {

namespace {

// What breaks in one leaves the others alone.
Result<fleet::CapacityList> list_of(fleet::CapacityProvider& provider,
                                    const std::stop_token& stop) {
  try {
    return provider.list(stop);
  } catch (const std::exception& failure) {
    return Error{ErrorKind::internal,
                 fmt::format("listing the instances failed: {}", failure.what())};
  }
}

}  // namespace

ByClass::ByClass(std::map<fleet::Place, std::shared_ptr<fleet::CapacityProvider>> places)
    : places_(std::move(places)) {
  for (const auto& [place, provider] : places_) {
    const bool known =
        std::find(providers_.begin(), providers_.end(), provider.get()) != providers_.end();
    if (!known) providers_.push_back(provider.get());
  }
}

Result<fleet::CapacityList> ByClass::list(const std::stop_token& stop) {
  std::vector<Result<fleet::CapacityList>> lists(providers_.size());
  spread(providers_.size(), providers_.size(),
         [&](std::size_t i) { lists[i] = list_of(*providers_[i], stop); });
  fleet::CapacityList all;
  provider_of_.clear();
  for (std::size_t i = 0; i < providers_.size(); ++i) {
    auto* const provider = providers_[i];
    auto& listed = lists[i];
    if (!listed) {
      for (const auto& [place, there] : places_) {
        if (there.get() != provider) continue;
        all.unreadable.emplace(place.resource_class, listed.error().message);
      }
      continue;
    }
    for (const auto& instance : listed->live) provider_of_[instance.id] = provider;
    std::move(listed->live.begin(), listed->live.end(), std::back_inserter(all.live));
    std::move(listed->ended.begin(), listed->ended.end(), std::back_inserter(all.ended));
    all.unreadable.merge(listed->unreadable);
    all.failed_launches.merge(listed->failed_launches);
    all.late_listings.merge(listed->late_listings);
    all.most.merge(listed->most);
  }
  // Of a class that is elsewhere, too, and cannot be listed there.
  std::erase_if(all.live, [&](const auto& instance) {
    return all.unreadable.contains(instance.resource_class);
  });
  return all;
}

Result<std::vector<std::string>> ByClass::launch(const fleet::Place& place, std::int64_t count,
                                                 const std::stop_token& stop) {
  const auto provider = places_.find(place);
  if (provider == places_.end()) {
    return Error{ErrorKind::not_found, "nothing launches instances of " + place.resource_class};
  }
  return provider->second->launch(place, count, stop);
}

Result<void> ByClass::drain(const std::string& id, const std::stop_token& stop) {
  const auto provider = provider_of_.find(id);
  return provider == provider_of_.end() ? ok() : provider->second->drain(id, stop);
}

Result<void> ByClass::reap(const std::string& id, const std::stop_token& stop) {
  const auto provider = provider_of_.find(id);
  return provider == provider_of_.end() ? ok() : provider->second->reap(id, stop);
}

Result<void> ByClass::withdraw(const fleet::Place& place, std::int64_t count,
                               const std::stop_token& stop) {
  const auto provider = places_.find(place);
  return provider == places_.end() ? ok() : provider->second->withdraw(place, count, stop);
}

// The first that returns ends the waiting of the others.
void ByClass::wait_for_change(Millis patience, std::stop_token stop) {
  std::stop_source over;
  const std::stop_callback pass_on(stop, [&] { over.request_stop(); });
  std::vector<std::jthread> waiting;
  for (auto* provider : providers_) {
    waiting.emplace_back([&over, provider, patience] {
      provider->wait_for_change(patience, over.get_token());
      over.request_stop();
    });
  }
}

}  // namespace muster::capacity
