#include "scaling/placement.hpp"

#include <algorithm>

#include "scaling/boots.hpp"

namespace muster::scaling {

namespace {

constexpr std::size_t kLongestWhy = 300;

Shortage after_refusal(const Group& group, std::int64_t before, const ShortageBackoff& backoff,
                       WallTime now) {
  const auto refusals = std::clamp<std::int64_t>(before, 0, kMostInstances) + 1;
  return {group.name, refusals, later(now, doubled(backoff.first, backoff.most, refusals)),
          group.refused.substr(0, kLongestWhy)};
}

// After a clock that jumped back, the wait is still bounded.
Shortage bounded(Shortage shortage, const ShortageBackoff& backoff, WallTime now) {
  shortage.until =
      std::min(shortage.until, later(now, std::max({backoff.first, backoff.most, Millis(0)})));
  return shortage;
}

}  // namespace

std::vector<Shortage> shortages_after(const std::vector<Shortage>& before,
                                      const std::vector<Group>& groups,
                                      const ShortageBackoff& backoff, WallTime now) {
  std::vector<Shortage> next;
  for (const auto& group : groups) {
    const auto* known = find_shortage(before, group.name);
    if (is_short(known, now)) {
      next.push_back(bounded(*known, backoff, now));
    } else if (!group.refused.empty()) {
      next.push_back(after_refusal(group, known == nullptr ? 0 : known->refusals, backoff, now));
    } else if (known != nullptr && !group.came) {
      next.push_back(*known);
    }
  }
  return next;
}

const Shortage* find_shortage(const std::vector<Shortage>& shortages, const std::string& group) {
  const auto found = std::ranges::find(shortages, group, &Shortage::group);
  return found == shortages.end() ? nullptr : &*found;
}

bool is_short(const Shortage* shortage, WallTime now) {
  return shortage != nullptr && shortage->until > now;
}

std::vector<Share> place(std::int64_t launches, const std::vector<Room>& rooms) {
  std::vector<Share> shares;
  auto left = std::max<std::int64_t>(launches, 0);
  for (const auto& room : rooms) {
    Share share{.left = left, .room = std::clamp<std::int64_t>(room.free, 0, left)};
    share.launches = room.is_short ? 0 : share.room;
    if (room.is_tried) {
      share.launches =
          std::clamp<std::int64_t>(1 - std::min<std::int64_t>(room.coming, 1), 0, share.launches);
    }
    left -= share.launches;
    shares.push_back(share);
  }
  return shares;
}

std::vector<std::int64_t> withdraw_from(std::int64_t count,
                                        const std::vector<std::int64_t>& requested) {
  std::vector<std::int64_t> withdrawn(requested.size(), 0);
  for (auto i = requested.size(); i-- > 0 && count > 0;) {
    withdrawn[i] = std::clamp<std::int64_t>(requested[i], 0, count);
    count -= withdrawn[i];
  }
  return withdrawn;
}

}  // namespace muster::scaling
