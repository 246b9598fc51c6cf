#pragma once

// Why tasks of a class wait, since when, what must change, and when they are expected to start:
// from the log of its scaler's decisions. Pure and total.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fleet/loop.hpp"
#include "history/seen_tasks.hpp"

namespace muster::history {

// One reason of the latest decision.
struct Cause {
  scaling::Reason reason;
  WallTime since{};               // it has been among the reasons of every decision since
  std::optional<WallTime> until;  // when it ends by itself, if that is known
  std::string remedy;             // what ends it sooner, in words; empty: nothing needs to
};

// How long the latest took.
struct Times {
  std::int64_t seen = 0;
  Millis median{};
  Millis p95{};
};

struct Explanation {
  std::string resource_class;
  WallTime at{};  // of the latest decision: since then nothing has changed that is recorded
  scaling::Demand demand;
  std::optional<WallTime> waiting_since;  // the oldest that waits, as seen_tasks.hpp reads the log
  scaling::Counts counts;
  scaling::Policy policy;
  std::int64_t launched = 0;  // by the latest decision
  std::vector<Cause> causes;
  Times boots;  // from the launch until a runner was seen
  Times tasks;  // from the start to the end, as seen_tasks.hpp reads the log
  // When the next task starts that no free instance will take, or, if there is none, the next; and
  // what it is that it waits for. Nothing, where nobody can tell.
  std::optional<WallTime> expected_start;
  std::string expected;  // in words; empty: none waits

  bool waits() const;
};

// Takes the records of a log, the oldest first.
class Chronicle {
 public:
  void take(const fleet::ClassPass& record);

  std::vector<std::string> classes() const;
  // Nothing: there is no decision of it.
  std::optional<Explanation> explain(const std::string& resource_class) const;

 private:
  struct Story {
    fleet::ClassPass latest;
    std::map<std::pair<scaling::Rule, std::string>, WallTime> since;  // by rule and subject
    std::map<std::string, WallTime> booting;                          // when each was launched
    std::vector<Millis> boots;                                        // the latest last
    bool single_task = false;  // an instance has been seen that ends after its task
  };
  std::optional<WallTime> next_room(const Story& story) const;
  static void note_boots(Story& story, const scaling::Snapshot& snapshot);
  static void note_reasons(Story& story, const fleet::ClassPass& record);

  std::map<std::string, Story> stories_;
  TaskReader tasks_;
};

}  // namespace muster::history
