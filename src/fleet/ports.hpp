#pragma once

// The two ports of the autoscaler. Adapters live in demand/ and capacity/.

#include <compare>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "scaling/decide.hpp"

namespace muster::fleet {

// What the queue's keeper knows of one runner. `name` says of which instance: see runner_names.hpp.
struct KnownRunner {
  std::string name;
  std::optional<bool> busy;  // nothing: the source does not say
  bool ever_claimed = false;
  std::optional<WallTime> first_connected = {};  // these by our clock, if the source says so
  std::optional<WallTime> last_connected = {};
  std::optional<WallTime> last_used = {};  // when it took its latest task; as first_connected: none
  bool draining = false;                   // by its keeper: it takes no further task

  // When it took its latest task, since it connected.
  std::optional<WallTime> last_task() const {
    const bool none = first_connected && last_used && *last_used <= *first_connected;
    return none ? std::nullopt : last_used;
  }
};

struct ClassDemand {
  scaling::Demand demand = scaling::DemandUnknown{"not read yet"};
  // Nothing: the source does not tell who has connected.
  std::optional<std::vector<KnownRunner>> runners = std::vector<KnownRunner>();
  // Of an unknown demand: when the source wants to be asked again, if it said so.
  std::optional<WallTime> ask_again_at = {};
  // Tasks that do not wait yet, by our clock: see scaling/foresight.hpp. Most sources know of none.
  std::vector<scaling::Foreseen> foreseen = {};
};

// Where the queue is read. One thread calls read(), another wait_for_change(), at the same time.
class DemandSource {
 public:
  virtual ~DemandSource() = default;

  // One consistent reading of every class asked for. A class that could not be read is there as
  // DemandUnknown with the reason; this never fails as a whole. Other classes may be there, with
  // their runners, as an instance of ours may have registered under them.
  virtual std::map<std::string, ClassDemand> read(std::stop_token stop) = 0;

  // What another process of ours was told: not to ask for the class before. Called by the thread
  // of read().
  virtual void hold_off(const std::string& /*resource_class*/, WallTime /*until*/) {}

  // Returns when the demand may have changed since the last read(), when `patience` is over, or
  // when `stop` is requested. A source that cannot tell waits for its polling interval.
  virtual void wait_for_change(Millis patience, std::stop_token stop) = 0;
};

// Where instances of a class are: in one of its groups, if it has several.
struct Place {
  std::string resource_class;
  std::string group = {};  // empty: there is one place for all

  // Of it, in words: the group is named, if there is one.
  std::string said(const std::string& what) const {
    return group.empty() ? what : group + ": " + what;
  }
  friend auto operator<=>(const Place&, const Place&) = default;
};

struct CapacityInstance {
  std::string id;
  std::string resource_class;
  std::optional<WallTime> launched_at;  // nothing: from when it is first seen
  bool draining = false;
  bool single_task = true;  // ends itself after one task
  bool requested = false;   // asked for, and not there yet: it may be withdrawn
  std::string group = {};   // as in Place
};

// An instance that is gone. Told once, by the list() after its end.
struct EndedInstance {
  std::string id;
  std::string resource_class;
  std::string how;  // "exit code 0", "signal 9", in words
};

// A launch that was begun and has failed.
struct FailedLaunch {
  std::string why;
  std::string id;  // by which it is known again in another process; empty: it is told only once
};

// Of a class whose instances may be listed some time after their launch only.
struct LateListing {
  Millis within{};  // until then what was launched counts as booting
  bool single_task = true;
};

struct CapacityList {
  std::vector<CapacityInstance> live;
  std::vector<EndedInstance> ended;
  // Classes whose instances could not be listed now, and why: nothing is decided for them.
  std::map<std::string, std::string> unreadable;
  // Told once each by one process.
  std::map<Place, FailedLaunch> failed_launches;
  std::map<std::string, LateListing> late_listings;  // by class
  // Where the provider has a limit of its own: how many it lets live.
  std::map<Place, std::int64_t> most;
};

// What a call that changes something may take. A scaler under a lease begins none that might not
// end within it.
inline constexpr Millis kLongestAct = std::chrono::seconds(10);

// Where instances come from. One thread calls all but wait_for_change(), which another calls at the
// same time. A `stop` ends the waiting for an answer (ErrorKind::cancelled); what was asked for may
// have happened all the same.
class CapacityProvider {
 public:
  virtual ~CapacityProvider() = default;

  // All instances of this provider, those that an earlier process of ours started included.
  virtual Result<CapacityList> list(const std::stop_token& stop) = 0;

  // Starts `count` instances; the ids of those that were started, in whatever state. Fewer than
  // asked for, with a log line, if some could not be: these count as failed boots. An error means
  // that nobody took it on, and not that instances fail.
  virtual Result<std::vector<std::string>> launch(const Place& place, std::int64_t count,
                                                  const std::stop_token& stop) = 0;

  // Asks an instance to take no further task and to end once it runs none. Never ends a running
  // task. Asking twice, or for one that is gone, is no error.
  virtual Result<void> drain(const std::string& id, const std::stop_token& stop) = 0;

  // Ends an instance that runs nothing, and sees to it that it is not replaced. Asked for again
  // until it is gone. For those of which the policy says that they cannot be asked (Policy::reaps).
  virtual Result<void> reap(const std::string& id, const std::stop_token& stop) {
    return drain(id, stop);
  }

  // Gives up so many of those that are only requested; fewer, if the rest has come meanwhile.
  virtual Result<void> withdraw(const Place& /*place*/, std::int64_t /*count*/,
                                const std::stop_token& /*stop*/) {
    return ok();
  }

  virtual void wait_for_change(Millis patience, std::stop_token stop) = 0;
};

}  // namespace muster::fleet
