#pragma once

// How each class's fleet was, and what it cost, for a month. What scalers report and what ends is
// counted in memory, and written by keep(), some seconds later: a report costs no wait for the
// disk, and while nothing is there a class is written once in five minutes. A crash loses what was
// counted since.
// Belongs to one thread; storage failures are thrown as db::Failure.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/database.hpp"
#include "protocol/messages.hpp"
#include "store/changes.hpp"
#include "store/fleet_steps.hpp"
#include "store/queue.hpp"

namespace muster::store {

// What may be asked for.
struct Span {
  std::string_view name;
  Millis length{};
  Tier tier;
};
std::optional<Span> span_of(std::string_view name);  // hour, day, week or month

class FleetHistory {
 public:
  FleetHistory(db::Database& database, Queue& queue, Changes& changes)
      : db_(&database), queue_(&queue), changes_(&changes) {}

  // Of a class that there is.
  void report(const protocol::ClassFleet& fleet, const Now& now);
  // In a transaction that was committed.
  void happened(const std::vector<Milestone>& milestones, const Now& now);
  // Also the finest steps in which nothing was, where the next coarser one is known.
  protocol::FleetHistory history(const std::string& resource_class, const Span& span,
                                 const Now& now);
  // Writes what was counted, and what was calm once that is over. If the transaction is undone it
  // is written with the next.
  void keep(const Now& now);
  void forget(const std::string& resource_class);
  // Steps of long ago, some of them at a time.
  void forget_old(WallTime now);

 private:
  struct OfClass {
    FleetSteps steps;
    FleetSteps::Steps being_written;  // in a transaction that is not committed yet
  };
  void write(const std::string& resource_class, const FleetSteps::Steps& steps);
  // With those that are not written yet.
  std::map<WallTime, FleetStep> steps(const std::string& resource_class, Millis step, WallTime from,
                                      WallTime to);
  std::map<WallTime, FleetStep> read(const std::string& resource_class, Millis step, WallTime from,
                                     WallTime to);

  db::Database* db_;
  Queue* queue_;
  Changes* changes_;
  std::map<std::string, OfClass> classes_;  // of which something was heard
};

}  // namespace muster::store
