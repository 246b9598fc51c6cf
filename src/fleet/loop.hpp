#pragma once

// The autoscaler: observe, decide, act, for all resource classes of a process.
//
// One thread calls run() or run_once(). run() starts two more, which wait at the ports for a
// change. Everything a pass decides is written to the Ledger before it is done.

#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fleet/ledger.hpp"
#include "fleet/mix_up.hpp"
#include "fleet/observe.hpp"
#include "fleet/ports.hpp"
#include "fleet/retries.hpp"

namespace muster::fleet {

class Waker;

// What is done for a class. Each kind may be refused while the other is not: who may not end an
// instance may still launch one.
enum class Act { end, resize };

// One class in one pass: what was seen, and what was decided.
struct ClassPass {
  std::string resource_class;
  scaling::Snapshot snapshot;
  scaling::Decision decision;
  std::int64_t ended_unused = 0;  // as Observation has it: no decision depends on it

  bool has(Act act) const;  // something of that kind to do
  bool acts() const { return has(Act::end) || has(Act::resize); }
};

struct PassOutcome {
  bool acted = false;         // something was launched or drained: look again soon
  bool incomplete = false;    // something could not be done: try again later
  bool fell_short = false;    // fewer were launched than was decided; the next decision knows
  bool held = false;          // the queue or the instances of some class are unknown
  bool stood_by = false;      // some class is in another scaler's charge
  bool nothing_ours = false;  // no class is in our charge: nothing was read
  bool blind = false;         // nothing of what is ours was read, or the pass has thrown
  std::string trouble;        // what came in the way first, in words: of whatever is true above
  std::string defect;         // what the pass has thrown, which is an error of ours
  std::optional<WallTime> revisit_at;
  // By class: what was tried and failed first.
  std::map<std::pair<Act, std::string>, std::string> refused;
  std::map<std::string, bool> in_charge;  // by class: whether it is ours

  void note(const std::string& resource_class, std::string_view what);
  void give_up(const std::string& resource_class, std::string_view why);          // incomplete
  void refuse(Act act, const std::string& resource_class, std::string_view why);  // likewise
};

// A launch that was asked for, and what came of it.
struct LaunchCall {
  Place place;
  std::int64_t asked = 0;
  std::int64_t launched = 0;
  Millis since_read{};  // from the reading of the queue that it was decided by, until it was done
};

// Told of every pass, on the loop's thread: it must not block.
class DecisionObserver {
 public:
  virtual ~DecisionObserver() = default;
  virtual void launched(const LaunchCall& /*call*/) {}
  virtual void decided(const std::vector<ClassPass>& classes) = 0;
  // Also of one that decided nothing. Not by run_once().
  virtual void passed(const PassOutcome& /*outcome*/, Millis /*took*/) {}
};

// When the next pass is due.
struct Pace {
  Millis pause{};
  bool deaf = false;        // no change at the ports makes it sooner
  std::string defect = {};  // PassOutcome::defect
};

// While a class is held, another reason for it is told after so long only.
inline constexpr Millis kHoldRetold = std::chrono::seconds(30);
inline constexpr Millis kLastWrite = std::chrono::seconds(2);
inline constexpr std::string_view kPassOver =
    "the pass was given up, as its time was over; the next goes on";

class Loop {
 public:
  struct Ports {
    DemandSource& demand;
    CapacityProvider& capacity;
    Ledger& ledger;
    DecisionObserver& observer;
    const Clock& clock;
  };

  // `plan_limit`: so many tasks of all classes the plan lets run at once, if it is known.
  Loop(std::vector<ManagedClass> classes, Ports ports,
       std::optional<std::int64_t> plan_limit = std::nullopt);

  // An error means that nothing could be seen, and nothing was done. Classes in the charge of
  // another scaler are left alone. Once `stop` is requested nothing is waited for but the writing
  // down of what was launched, for kLastWrite at most; the outcome is then incomplete.
  Result<PassOutcome> run_once(std::stop_token stop);

  // The same, but whatever goes wrong is told in the log and tried again later.
  Pace step(const std::stop_token& stop);

  // Steps until a stop is requested. Instances are left running: they end by themselves.
  void run(std::stop_token stop);

  // As many as the latest pass has seen.
  std::size_t instances() const { return capacity_.live.size(); }

 private:
  using Ours = std::vector<const ManagedClass*>;  // those in our charge
  Ours take_charge(PassOutcome& outcome, std::stop_token stop);
  void note_charge(const std::string& resource_class, const Charge& charge);
  void forget(const std::string& resource_class);
  void forget_refusals(const std::string& resource_class);
  void load_memories(Ours& ours, PassOutcome& outcome, const std::stop_token& stop);
  Result<void> list_capacity(const std::stop_token& stop);
  void tell_of(const std::vector<MixUp>& mix_ups);
  bool is_anothers_news(const EndedInstance& ended) const;
  // By class; empty without a limit.
  std::map<std::string, scaling::PlanShare> share_plan(
      const Ours& ours, const std::map<std::string, ClassDemand>& demand);
  Observation look_at(const ManagedClass& managed,
                      const std::map<std::string, ClassDemand>& demand);
  std::vector<ClassPass> decide_all(const Ours& ours,
                                    const std::map<std::string, ClassDemand>& demand,
                                    PassOutcome& outcome, const std::stop_token& stop);
  Result<ClassPass> decide_for(const ManagedClass& managed, Observation observation,
                               const std::stop_token& stop);
  Result<void> remember(const std::string& resource_class, ClassMemory memory,
                        const std::stop_token& stop);
  Result<void> record_change(const ClassPass& pass);
  void carry_out(const std::vector<ClassPass>& passes, PassOutcome& outcome,
                 const std::stop_token& stop);
  const std::string* why_not_tried(Act act, const ClassPass& pass) const;
  scaling::State state_after(const ClassPass& pass) const;
  void settle(Act act, const std::string& resource_class, const PassOutcome& outcome);
  void end_in(const ClassPass& pass, PassOutcome& outcome, const std::stop_token& stop);
  void resize(const ClassPass& pass, PassOutcome& outcome, const std::stop_token& stop);
  bool is_fresh() const;
  bool may_act(const std::string& resource_class, PassOutcome& outcome,
               const std::stop_token& stop);
  // Of a decision, what is done in one place.
  struct Share {
    Place place;
    std::int64_t launch = 0;
    std::int64_t withdraw = 0;
  };
  static std::vector<Share> shares_of(const ClassPass& pass);
  void launch(const ClassPass& pass, const Share& share, PassOutcome& outcome,
              const std::stop_token& stop);
  using Launched = Result<std::vector<std::string>>;
  std::string why_refused(const Share& share, const Launched& launched);
  void note_launched(const Share& share, const Launched& launched, PassOutcome& outcome);
  void drain(const std::string& resource_class, const std::string& id, PassOutcome& outcome,
             const std::stop_token& stop);
  void reap(const std::string& resource_class, const std::string& id, PassOutcome& outcome,
            const std::stop_token& stop);
  void withdraw(const Share& share, PassOutcome& outcome, const std::stop_token& stop);
  void tell_if_readable_again(const ClassPass& pass);
  PassOutcome guarded_pass(std::stop_token stop);
  Millis pause_after(const PassOutcome& outcome);

  std::vector<ManagedClass> classes_;
  std::set<std::string, std::less<>> with_slots_;  // of them those with several in each instance
  Ports ports_;
  std::optional<std::int64_t> plan_limit_;
  std::map<std::string, Charge::Kind> charges_;  // as the latest pass found them
  std::set<std::string> newly_ours_;             // since the latest list of instances
  std::map<std::string, ClassMemory> memories_;
  MonotonicTime pass_begun_{};
  MonotonicTime read_begun_{};   // of the queue, in this pass
  std::map<Place, int> doubts_;  // launches in a row of which nobody knows whether they were done
  // The latest of each class: its tasks, by what they were judged, and what was made of them.
  struct Terms {
    scaling::Policy policy;
    std::string schedule;
    std::optional<scaling::PlanShare> plan;  // where it speaks

    friend bool operator==(const Terms&, const Terms&) = default;
  };
  static Terms terms_of(const ClassPass& pass);
  struct Recorded {
    std::optional<std::pair<std::int64_t, std::int64_t>> tasks;  // unclaimed, running; if known
    Terms terms;
    scaling::Decision decision;
    MonotonicTime at{};
  };
  std::map<std::string, Recorded> recorded_;
  // Since when a class is held, and for want of what.
  struct Held {
    MonotonicTime since{};
    std::string what;
  };
  std::map<std::string, Held> held_since_;
  CapacityList capacity_;  // `ended`, `failed_launches`: no decision has seen these yet
  std::set<std::string>
      strange_classes_;             // instances of these were found, and we do not scale them
  std::set<std::string> mixed_up_;  // instances of these have another class's token
  // Of classes whose memory could not be read or written, and of those whose acts were refused.
  Retries memory_retries_;
  std::map<Act, Retries> act_retries_{{Act::end, {}}, {Act::resize, {}}};
  Millis blind_pause_{};
  Millis again_pause_{};
};

}  // namespace muster::fleet
