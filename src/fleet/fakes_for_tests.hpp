#pragma once

// A small world behind the two ports, for tests: instances boot, connect, claim and end as the
// test says, and everything that was asked of them is kept.

#include <algorithm>
#include <atomic>
#include <functional>
#include <set>

#include "base/sleep.hpp"
#include "fleet/ledger.hpp"
#include "fleet/loop.hpp"
#include "fleet/ports.hpp"
#include "fleet/waker.hpp"

namespace muster::fleet {

class FakeQueue final : public DemandSource {
 public:
  explicit FakeQueue(const Clock& clock) : clock_(clock) {}

  std::atomic<std::int64_t> unclaimed = 0;
  bool readable = true;
  std::string why = "the queue is away";  // it is not
  std::vector<KnownRunner> runners;       // of every class
  Waker changed;

  KnownRunner& runner(const std::string& name) {
    for (auto& known : runners) {
      if (known.name == name) return known;
    }
    return runners.emplace_back(KnownRunner{name, false, false});
  }

  std::function<void()> during_read = [] {};
  std::map<std::string, ClassDemand> read(std::stop_token) override {
    during_read();
    ClassDemand demand;
    if (readable) {
      demand.demand = scaling::DemandReading{unclaimed, 0, clock_.wall()};
      demand.runners = runners;
    } else {
      demand.demand = scaling::DemandUnknown{why};
      demand.ask_again_at = ask_again_at;
    }
    return {{"local/small", demand}};
  }
  std::vector<WallTime> held_off;
  std::optional<WallTime> ask_again_at;
  void hold_off(const std::string&, WallTime until) override { held_off.push_back(until); }
  void wait_for_change(Millis patience, std::stop_token stop) override {
    changed.await_poke(patience, stop);
    changed.pass_begins();
  }

 private:
  const Clock& clock_;
};

// Of several classes, without runners.
class FakeQueues final : public DemandSource {
 public:
  explicit FakeQueues(const Clock& clock) : clock_(clock) {}
  std::map<std::string, std::int64_t> unclaimed;  // by class
  std::set<std::string> unreadable;

  std::map<std::string, ClassDemand> read(std::stop_token) override {
    std::map<std::string, ClassDemand> all;
    for (const auto& [name, waiting] : unclaimed) {
      if (unreadable.contains(name)) continue;
      all[name].demand = scaling::DemandReading{waiting, 0, clock_.wall()};
    }
    return all;
  }
  void wait_for_change(Millis, std::stop_token) override {}

 private:
  const Clock& clock_;
};

class FakeCapacity final : public CapacityProvider {
 public:
  explicit FakeCapacity(const Clock& clock) : clock_(clock) {}

  std::vector<CapacityInstance> live;
  std::vector<EndedInstance> ended;
  std::map<std::string, std::string> unreadable;
  std::vector<std::string> drained;  // as often as it was asked
  std::vector<std::string> reaped;
  std::int64_t withdrawn = 0;
  std::map<Place, FailedLaunch> failed_launches;  // told once
  std::map<std::string, LateListing> late_listings;
  std::int64_t launched = 0;
  std::int64_t room = 100;  // launches past this many fail
  bool listable = true;
  bool drainable = true;
  bool reapable = true;
  std::function<void()> during_list = [] {};
  std::function<void()> during_launch = [] {};
  std::optional<Error> launch_trouble;
  std::map<std::string, Error> group_trouble;  // of launches in one of several groups
  std::map<std::string, int> refused;          // launches, by class: one that is here refuses each

  void end(const std::string& id) {
    std::erase_if(live, [&](const auto& it) { return it.id == id; });
    ended.push_back({id, "local/small", "exit code 0"});
  }

  Result<CapacityList> list(const std::stop_token&) override {
    during_list();
    if (!listable) return Error{ErrorKind::unavailable, "no list today"};
    return CapacityList{live, std::exchange(ended, {}), unreadable,
                        std::exchange(failed_launches, {}), late_listings};
  }
  Result<std::vector<std::string>> launch(const Place& place, std::int64_t count,
                                          const std::stop_token&) override {
    during_launch();
    if (launch_trouble) return *launch_trouble;
    if (const auto found = refused.find(place.resource_class); found != refused.end()) {
      ++found->second;
      return Error{ErrorKind::forbidden, "not allowed"};
    }
    if (const auto found = group_trouble.find(place.group); found != group_trouble.end()) {
      return found->second;
    }
    std::vector<std::string> ids;
    for (; count > 0 && std::ssize(live) < room; --count) {
      ids.push_back("i" + std::to_string(launched++));
      live.push_back({ids.back(), place.resource_class, clock_.wall()});
      live.back().group = place.group;
    }
    return ids;
  }
  Result<void> drain(const std::string& id, const std::stop_token&) override {
    drained.push_back(id);
    if (!drainable) return Error{ErrorKind::unavailable, "no drain today"};
    for (auto& instance : live) {
      if (instance.id == id) instance.draining = true;
    }
    return ok();
  }
  Result<void> reap(const std::string& id, const std::stop_token&) override {
    reaped.push_back(id);
    if (!reapable) return Error{ErrorKind::forbidden, "not allowed"};
    return ok();
  }
  Result<void> withdraw(const Place& place, std::int64_t count, const std::stop_token&) override {
    withdrawn += count;
    std::erase_if(live, [&](const auto& it) {
      return it.requested && it.group == place.group && count-- > 0;
    });
    return ok();
  }
  std::atomic<bool> watched = false;  // somebody waits, or has waited, for a change
  void wait_for_change(Millis patience, std::stop_token stop) override {
    watched = true;
    sleep_for(patience, stop);
  }

 private:
  const Clock& clock_;
};

// Lives longer than the loop, as a disk does.
class FakeLedger final : public Ledger {
 public:
  std::map<std::string, ClassMemory> memories;
  std::vector<scaling::Decision> decisions;
  bool writable = true;
  std::function<void()> during_record = [] {};
  std::map<std::string, Charge> charges;
  std::function<void()> during_charge = [] {};
  bool readable = true;
  std::map<std::string, int> rubbish;  // loads, by class: of one that is here none can be read
  bool lapsed = false;                 // the charge runs out between a decision and its act
  bool renewable = false;              // and is taken up again when it is asked for
  std::atomic<int> charge_asked = 0;

  std::map<std::string, Charge> take_charge(const std::vector<std::string>&,
                                            const std::stop_token&) override {
    during_charge();
    if (++charge_asked > 1 && renewable) lapsed = false;
    return charges;
  }
  bool in_charge(const std::string&) const override { return !lapsed; }

  Result<ClassMemory> load(const std::string& resource_class, const std::stop_token&) override {
    const auto found = rubbish.find(resource_class);
    if (found != rubbish.end()) ++found->second;
    if (!readable || found != rubbish.end()) {
      return Error{ErrorKind::invalid, "this is no memory"};
    }
    return memories[resource_class];
  }
  Result<void> save(const std::string& resource_class, const ClassMemory& memory,
                    const std::stop_token&) override {
    if (!writable) return full();
    memories[resource_class] = memory;
    return ok();
  }
  Result<void> record(const std::string&, const scaling::Snapshot&,
                      const scaling::Decision& decision) override {
    during_record();
    if (!writable) return full();
    decisions.push_back(decision);
    return ok();
  }

 private:
  static Error full() { return {ErrorKind::exhausted, "the disk is full"}; }
};

class FakeObserver final : public DecisionObserver {
 public:
  std::vector<ClassPass> latest;
  void decided(const std::vector<ClassPass>& classes) override { latest = classes; }
};

}  // namespace muster::fleet
