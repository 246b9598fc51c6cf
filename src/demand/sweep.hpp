#pragma once

// One reading of CircleCI's queue: what is asked in it, and what is answered.

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "demand/request_budget.hpp"
#include "demand/runner_api.hpp"
#include "fleet/ports.hpp"

namespace muster::demand {

// Used once, by one thread; run() has several of its own, one a connection.
class Sweep {
 public:
  static constexpr std::int64_t kAtOnce = 12;  // requests: a reading of a few classes need not wait

  // Runners are listed for a whole namespace: an instance that was given the token of another class
  // is then seen, be it a class that is not scaled here.
  struct Listing {
    std::string space;
    std::vector<std::string> classes;
  };

  // The requests are spread over about half of `interval`. `clock` and `budget` outlive this.
  Sweep(const Clock& clock, RequestBudget& budget, Millis interval, std::stop_token stop)
      : clock_(clock), budget_(budget), interval_(interval), stop_(std::move(stop)) {}

  // The counts first and the runners after them: one that connects and claims in between is then
  // known, and its task was counted as waiting. Running before unclaimed: a task that is claimed
  // in between is then counted by neither, and nothing is launched for it twice.
  void run(std::vector<RunnerApi>& connections, const std::vector<std::string>& classes);

  // The rest is for once run() is over.
  std::map<std::string, fleet::ClassDemand> readings;
  std::map<std::string, std::vector<fleet::KnownRunner>> runners_of_others;  // by class, unread
  std::map<std::string, Refusal> refusals;                                   // of a class
  std::optional<Refusal> source_refusal;  // Scope::unanswered: nobody was answered at all

 private:
  // Each of `count` pieces of work is done once, by whichever connection is free. One that waited
  // in vain does no more, so that a silent peer is waited for once and not for each piece.
  template <class Work>
  void spread(std::vector<RunnerApi>& connections, std::size_t count, Work work);

  bool may_ask();  // false if there is no point in asking any more
  // These return whether the connection may go on.
  bool read_counts(RunnerApi& api, const std::string& name);
  bool read_runners(RunnerApi& api, const Listing& listing);
  bool is_empty_list(const Listing& listing, const Refusal& refusal);
  bool refuse(const std::vector<std::string>& classes, const Refusal& refusal);

  const Clock& clock_;
  RequestBudget& budget_;
  const Millis interval_;
  RequestBudget::Micros spacing_{};
  const std::stop_token stop_;
  std::atomic<bool> answered_ = false;  // any question, however
  std::mutex mutex_;
  std::set<std::string> listed_;  // classes whose runners are known; guarded by mutex_
};

}  // namespace muster::demand
