#include "server/known_tokens.hpp"

namespace muster::server {
namespace {

constexpr Millis kRemembered = std::chrono::seconds(5);
constexpr std::size_t kMost = 20'000;

}  // namespace

bool KnownTokens::is_known(const std::string& token, MonotonicTime now,
                           const std::function<bool()>& look_up) {
  const auto id = std::hash<std::string>()(token);
  const auto found = until_.find(id);
  if (found != until_.end() && now < found->second) return true;
  if (!look_up()) {
    if (found != until_.end()) until_.erase(found);
    return false;
  }
  // Of strangers there is nothing here, so this many have been given out; each is looked up again.
  if (until_.size() >= kMost) until_.clear();
  until_[id] = now + kRemembered;
  return true;
}

}  // namespace muster::server
