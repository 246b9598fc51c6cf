#pragma once

// Which of a class's groups launches, where it has several: the first in order of preference that
// is not short and has room. Pure and total.
//
// A group that has refused a launch is short until a back-off is over, which each further refusal
// doubles. Then one launch is tried there; once it has come, the group is as any other.

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace muster::scaling {

// One of a class's groups of instances, as it is seen now.
struct Group {
  std::string name;
  std::int64_t most = 0;  // so many may live in it
  bool came = false;      // an instance did, since the last pass
  std::string refused;    // why a launch was refused since the last pass; empty: none was
};

// What is remembered of a group that has refused, until a launch of it comes again.
struct Shortage {
  std::string group;
  std::int64_t refusals = 0;  // in a row
  WallTime until{};           // the group is short; from then on one launch is tried
  std::string why;

  friend bool operator==(const Shortage&, const Shortage&) = default;
};

struct ShortageBackoff {
  Millis first{};
  Millis most{};
};

// What is remembered next. A refusal while the group is short is of what was asked for before.
std::vector<Shortage> shortages_after(const std::vector<Shortage>& before,
                                      const std::vector<Group>& groups,
                                      const ShortageBackoff& backoff, WallTime now);

// Nothing: the group is as any other.
const Shortage* find_shortage(const std::vector<Shortage>& shortages, const std::string& group);
bool is_short(const Shortage* shortage, WallTime now);

// What a group could take.
struct Room {
  std::int64_t free = 0;    // so many more may live
  std::int64_t coming = 0;  // those that were launched to try it
  bool is_short = false;
  bool is_tried = false;  // it was short: one at a time
};

// Of the launches that reach a group, as those before it did not take them.
struct Share {
  std::int64_t left = 0;      // the launches
  std::int64_t room = 0;      // for so many of them, were it not short
  std::int64_t launches = 0;  // in this group
};

// One for each group, in the order of preference.
std::vector<Share> place(std::int64_t launches, const std::vector<Room>& rooms);

// Of so many that are withdrawn how many in each group, of those that are requested there: the
// least preferred first.
std::vector<std::int64_t> withdraw_from(std::int64_t count,
                                        const std::vector<std::int64_t>& requested);

}  // namespace muster::scaling
