#pragma once

// Recorded decisions, made again by today's decide() of what was seen then, and held to the
// invariants. Pure and total.
//
// Each is made of its own recorded snapshot: the world stays as it was, whatever a decision would
// have changed in it. Where a policy takes the place of the recorded one, what that policy
// remembers of its own doings (the surplus, the launches and drains of its rates, what it has
// spent) goes on from one decision of a class to the next, once it is another than the recorded
// one. What was seen of the world, failed boots for one, stays as it was recorded.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fleet/loop.hpp"
#include "scaling/invariants.hpp"

namespace muster::history {

// A decision that is another now.
struct Difference {
  WallTime at{};
  std::string resource_class;
  std::string where;  // in the log
  scaling::Decision recorded;
  scaling::Decision now;
  bool acts = false;     // launches, drains, ends or withdraws otherwise
  bool reasons = false;  // by other rules, or with other numbers
  // Counts the instances otherwise, takes something else along, or is due again at another time.
  // Not told under another policy.
  bool rest = false;
};

struct Breach {
  WallTime at{};
  std::string resource_class;
  std::string where;
  bool now = false;  // by today's decision; else by the recorded one
  scaling::Violation violation;
};

struct ReplayResult {
  std::int64_t decisions = 0;
  std::int64_t act_otherwise = 0;  // of them
  std::vector<Difference> differences;
  std::vector<Breach> breaches;
  std::map<std::string, std::int64_t> classes;  // with their decisions
  std::map<std::string, std::int64_t>
      left_out;                   // of these there is no policy, or they were not asked for
  std::optional<WallTime> first;  // of the decisions
  std::optional<WallTime> last;

  std::int64_t differ() const { return static_cast<std::int64_t>(differences.size()); }
  std::int64_t same() const { return decisions - differ(); }
};

struct ReplayTerms {
  std::string resource_class;  // only this one; empty: all
  // By class. Nothing: the recorded ones. A class that is not there is left out.
  std::optional<std::map<std::string, fleet::ManagedClass>> policies;
};

class Replay {
 public:
  explicit Replay(ReplayTerms terms) : terms_(std::move(terms)) {}

  // The next record of the log, which names it so.
  void take(const fleet::ClassPass& record, const std::string& where);
  const ReplayResult& result() const { return result_; }

 private:
  // What was remembered after the latest decision of a class.
  struct Memory {
    scaling::State recorded;
    scaling::State now;
  };
  bool is_asked_for(const std::string& resource_class) const;
  scaling::Snapshot under_policy(const fleet::ClassPass& record) const;
  void compare(const fleet::ClassPass& record, const scaling::Decision& now,
               const std::string& where);

  ReplayTerms terms_;
  ReplayResult result_;
  std::map<std::string, Memory> memories_;
};

}  // namespace muster::history
