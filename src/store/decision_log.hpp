#pragma once

// What scalers have decided, the latest of each class. What comes is told at once, and written with
// what else is: it waits in memory until keep(), so that a report costs no wait for the disk. A
// crash loses what was not kept yet. Belongs to one thread; storage failures are thrown as
// db::Failure.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "db/database.hpp"
#include "protocol/messages.hpp"
#include "store/changes.hpp"

namespace muster::store {

class DecisionLog {
 public:
  DecisionLog(db::Database& database, Changes& changes);

  // In the order in which they were made. One that is known already, by class and time, is left
  // out: a report may come twice. Their words are made printable, and of many words a few are kept.
  void add(const std::string& resource_class, const std::vector<protocol::FleetDecision>& made);
  // The newest first; those before the one of that id.
  std::vector<protocol::FleetDecision> items(const std::string& resource_class, std::int64_t limit,
                                             std::optional<std::int64_t> before);
  // Writes what waits. If the transaction is undone it waits on.
  void keep();
  bool has_unkept() const { return !unkept_.empty(); }
  void forget(const std::string& resource_class);
  // Those of long ago, some of them at a time.
  void forget_old(WallTime now);

 private:
  bool is_known(const std::string& resource_class, WallTime at);

  db::Database* db_;
  Changes* changes_;
  std::int64_t next_id_ = 1;
  std::map<std::string, std::deque<protocol::FleetDecision>> unkept_;  // the oldest first
};

}  // namespace muster::store
