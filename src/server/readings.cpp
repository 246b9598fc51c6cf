#include "server/readings.hpp"

#include <utility>

namespace muster::server {
namespace {

// Many look at few. A reading of a large pipeline has megabytes.
constexpr std::size_t kMostKept = 16;

}  // namespace

Result<const Reading*> Readings::get(const std::string& watched, const Make& make) {
  if (const auto found = kept_.find(watched); found != kept_.end()) return &found->second;
  auto reading = make();
  if (!reading) return reading.error();
  ++made_;
  if (kept_.size() >= kMostKept) kept_.clear();
  return &kept_.emplace(watched, *std::move(reading)).first->second;
}

}  // namespace muster::server
