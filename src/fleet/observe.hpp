#pragma once

// From what the two ports said to the Snapshot that decide() judges. Pure.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fleet/ports.hpp"
#include "scaling/decide.hpp"
#include "scaling/schedule.hpp"

namespace muster::fleet {

// A resource class that this process scales.
struct ManagedClass {
  std::string name;
  scaling::Policy policy;
  std::vector<scaling::Schedule> schedules;  // of times at which it is another one
  // Where its instances are, in order of preference. None: all are in one place.
  struct Group {
    std::string name;
    std::int64_t most = 0;  // so many may live in it
  };
  std::vector<Group> groups = {};
  std::vector<std::string> places = {};  // of those, by names that nothing else has; sorted
};

// What is remembered of one class from pass to pass, and through restarts.
struct ClassMemory {
  // Which class it is of. Where the machines are another's than before, as a group may be, those
  // that were there then have runners of that one.
  std::string resource_class;
  // Where its machines are. Of a place that is no more they are not listed, and have not ended.
  std::vector<std::string> places;
  std::set<std::string> anothers;  // live instances: they serve another class until they end
  scaling::State state;
  std::set<std::string> connected;  // live instances that were known to the queue's keeper once
  // Those of them that the list of runners leaves out, and since when. Lost after kOffline.
  std::map<std::string, WallTime> unlisted;
  // Ended and counted as failed boots. The list of runners may lag behind, or the queue was not
  // readable: it may turn out that they had connected. kMostDoubtful at most.
  std::set<std::string> doubtful;
  // Seen running, and by none of the known runners. So as many of the instances that are not listed
  // yet had connected all the same, and their ends are no failed boots.
  std::int64_t unexplained_tasks = 0;
  std::int64_t failed_launches = 0;  // of the last pass: told to the next decision
  // Live instances, and since when, by the clock that last_pass was read from: it may have jumped
  // since, or be another machine's. One that is there no longer has ended.
  std::map<std::string, WallTime> first_seen;
  // Launched and not listed yet, or only requested, and since when. Such an id may be used again.
  std::map<std::string, WallTime> expected;
  // When they were looked at, to within kLastPassKept. Nothing: the provider tells all ages.
  std::optional<WallTime> last_pass;
  std::string told_failure;  // FailedLaunch::id of the latest that was counted
  // By group, where there are several: why one launched fewer than it was asked for in the last
  // pass, and told_failure of each.
  std::map<std::string, std::string> refused;
  std::map<std::string, std::string> told_refusals;
  std::optional<WallTime> ask_again_at;  // ClassDemand::ask_again_at, for another process of ours

  friend bool operator==(const ClassMemory&, const ClassMemory&) = default;
};

// last_pass is written anew only when it is older: each writing costs one to the disk or table.
inline constexpr Millis kLastPassKept = std::chrono::minutes(5);
inline constexpr std::size_t kMostDoubtful = 200;
// A runner that was last connected so long ago takes nothing; whether it still runs something
// nobody knows. CircleCI's own command line calls it offline then.
inline constexpr Millis kOffline = std::chrono::minutes(30);
// So long ago a task was taken that the numbers of the queue have it as running: who is still there
// then has had it, or runs it.
inline constexpr Millis kTaskShown = std::chrono::seconds(20);
// What may pass between two passes. Of a longer gap nobody knows whether the scaler was down or a
// clock has jumped, and instances age by this much (S1: rather too young than too old). It is
// longer than kLastPassKept and any pause of the loop together.
inline constexpr Millis kLongestGap = std::chrono::minutes(10);

struct Observation {
  scaling::Snapshot snapshot;
  ClassMemory memory;  // what to remember, once the decision's own State is put into it
  // So many have connected and ended since the last pass, and certainly never had a task.
  std::int64_t ended_unused = 0;
};

// As observe() wants what was listed: class by class, and else in the order that it has. So a pass
// over all classes looks at each instance once.
void sort_by_class(CapacityList& capacity);

// The capacity must have been listed before the demand was read. An instance that connected and
// ended in between is then known to the queue's keeper, and no failed boot (S3).
Observation observe(const ManagedClass& managed, const CapacityList& capacity,
                    const ClassDemand& demand, const ClassMemory& before, WallTime now);

// To another process of ours: a failed launch counts once.
bool was_told(const ClassMemory& memory, const Place& place, const FailedLaunch& failed);

}  // namespace muster::fleet
