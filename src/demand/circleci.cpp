#include "demand/circleci.hpp"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include <fmt/core.h>

#include "base/log.hpp"
#include "base/sleep.hpp"
#include "base/text.hpp"

namespace muster::demand {

namespace {

constexpr std::size_t kMostConnections = 4;
constexpr std::int64_t kAtOnce = 12;  // requests: a reading of a few classes need not wait
constexpr Millis kLongestSpread = std::chrono::seconds(5);  // of one reading: it must be fresh
constexpr Millis kFirstPause = std::chrono::seconds(1);
constexpr Millis kLongestPause = std::chrono::minutes(1);
constexpr Millis kLongestRetryAfter = std::chrono::minutes(15);
constexpr std::size_t kLongestReason = 400;
constexpr std::string_view kNotAsked =
    ": not asked, as other classes were not answered in time; it is asked in the next reading";

// Runners are listed for a whole namespace: an instance that was given the token of another class
// is then seen, be it a class that is not scaled here.
struct Listing {
  std::string space;
  std::vector<std::string> classes;
};

std::vector<Listing> listings_of(const std::vector<std::string>& classes) {
  std::map<std::string, std::vector<std::string>> by_namespace;
  for (const auto& name : classes) by_namespace[name.substr(0, name.find('/'))].push_back(name);
  std::vector<Listing> listings;
  for (auto& [space, members] : by_namespace) listings.push_back({space, std::move(members)});
  return listings;
}

// So that a reading of many classes is spread over about half of its interval, and the peer has no
// burst of requests in each.
RequestBudget::Micros spacing_of(std::size_t classes, std::size_t listings, Millis interval) {
  const auto requests = static_cast<std::int64_t>(2 * classes + listings);
  if (requests <= kAtOnce) return {};
  return RequestBudget::Micros(std::min(interval / 2, kLongestSpread)) / requests;
}

std::optional<WallTime> when(const std::optional<std::string>& told) {
  if (!told) return std::nullopt;
  const auto time = parse_rfc3339(*told);
  return time ? std::optional(*time) : std::nullopt;
}

}  // namespace

// One reading: what was asked and answered. Worked on by several threads.
class CircleCi::Sweep {
 public:
  Sweep(const Clock& clock, RequestBudget& budget, Millis interval, std::stop_token stop)
      : clock_(clock), budget_(budget), interval_(interval), stop_(std::move(stop)) {}

  // The counts first and the runners after them: one that connects and claims in between is then
  // known, and its task was counted as waiting. Running before unclaimed: a task that is claimed
  // in between is then counted by neither, and nothing is launched for it twice.
  void run(std::vector<RunnerApi>& connections, const std::vector<std::string>& classes) {
    const auto listings = listings_of(classes);
    spacing_ = spacing_of(classes.size(), listings.size(), interval_);
    spread(connections, classes.size(),
           [&](RunnerApi& api, std::size_t i) { return read_counts(api, classes[i]); });
    if (!answered_ && !refusals.empty()) source_refusal = refusals.begin()->second;
    spread(connections, listings.size(),
           [&](RunnerApi& api, std::size_t i) { return read_runners(api, listings[i]); });
    // Half a reading is none.
    std::erase_if(readings, [&](const auto& each) { return !listed_.contains(each.first); });
  }

  // The rest is for one thread, once run() is over.
  std::map<std::string, fleet::ClassDemand> readings;
  std::map<std::string, std::vector<fleet::KnownRunner>> runners_of_others;  // by class, unread
  std::map<std::string, Refusal> refusals;                                   // of a class
  std::optional<Refusal> source_refusal;

 private:
  // Each of `count` pieces of work is done once, by whichever connection is free. One that waited
  // in vain does no more, so that a silent peer is waited for once and not for each piece.
  template <class Work>
  void spread(std::vector<RunnerApi>& connections, std::size_t count, Work work) {
    std::atomic<std::size_t> next = 0;
    const auto go_on = [&](RunnerApi& api) {
      for (std::size_t i = next++; i < count && work(api, i);) i = next++;
    };
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < std::min(connections.size(), count); ++i) {
      others.emplace_back([&, i] { go_on(connections[i]); });
    }
    go_on(connections.front());
  }

  // False if there is no point in asking any more.
  bool may_ask() {
    {
      const std::lock_guard lock(mutex_);
      if (source_refusal) return false;
    }
    sleep_for(budget_.reserve(clock_.monotonic(), spacing_), stop_);
    return !stop_.stop_requested();
  }

  // These return whether the connection may go on.
  bool read_counts(RunnerApi& api, const std::string& name) {
    if (!may_ask()) return false;
    scaling::DemandReading reading;
    reading.read_at = clock_.wall();
    const auto running = api.running_tasks(name, stop_);
    if (!running) return refuse({name}, running.error());
    answered_ = true;
    if (!may_ask()) return false;
    const auto unclaimed = api.unclaimed_tasks(name, stop_);
    if (!unclaimed) return refuse({name}, unclaimed.error());
    reading.running = *running;
    reading.unclaimed = *unclaimed;
    const std::lock_guard lock(mutex_);
    readings[name].demand = reading;
    return true;
  }

  bool read_runners(RunnerApi& api, const Listing& listing) {
    if (!may_ask()) return false;
    const auto runners = api.runners(listing.space, stop_);
    if (!runners) return refuse(listing.classes, runners.error());
    const std::lock_guard lock(mutex_);
    listed_.insert(listing.classes.begin(), listing.classes.end());
    for (const auto& runner : *runners) {
      const auto found = readings.find(runner.resource_class);
      auto& known = found != readings.end() ? *found->second.runners
                                            : runners_of_others[runner.resource_class];
      known.push_back(
          {runner.name, {}, false, when(runner.first_connected), when(runner.last_connected)});
    }
    return true;
  }

  bool refuse(const std::vector<std::string>& classes, const Refusal& refusal) {
    const bool answered = refusal.scope != Refusal::Scope::unanswered;
    answered_ = answered_ || answered;
    const std::lock_guard lock(mutex_);
    if (refusal.scope == Refusal::Scope::source) {
      source_refusal = refusal;
    } else {
      for (const auto& name : classes) refusals[name] = refusal;
    }
    return answered;
  }

  const Clock& clock_;
  RequestBudget& budget_;
  const Millis interval_;
  RequestBudget::Micros spacing_{};
  const std::stop_token stop_;
  std::atomic<bool> answered_ = false;  // any question, however
  std::mutex mutex_;
  std::set<std::string> listed_;  // classes whose runners are known; guarded by mutex_
};

CircleCi::CircleCi(CircleCiSettings settings, std::vector<std::string> resource_classes,
                   const Clock& clock)
    : settings_(std::move(settings)),
      classes_(std::move(resource_classes)),
      clock_(clock),
      budget_(settings_.requests_per_minute, kAtOnce),
      order_(classes_) {
  const auto connections = std::clamp<std::size_t>(classes_.size(), 1, kMostConnections);
  for (std::size_t i = 0; i < connections; ++i) {
    connections_.emplace_back(settings_.url, settings_.patience);
  }
}

std::map<std::string, fleet::ClassDemand> CircleCi::read(std::stop_token stop) {
  const auto now = clock_.monotonic();
  {
    const std::lock_guard lock(mutex_);
    next_reading_ = now + settings_.poll_interval;
  }
  const auto token = token_to_use(now, stop);
  if (!token) return all_unknown(token.error().message);
  auto demand = read_with(*token, stop);
  if (refused_token_ != *token) return demand;
  const auto other = settings_.token(stop, refused_token_);
  if (!other || *other == refused_token_) return demand;
  source_pause_ = {};
  return read_with(*other, stop);
}

// A token that was refused pauses everything until there is another one, or its time has come.
Result<std::string> CircleCi::token_to_use(MonotonicTime now, const std::stop_token& stop) {
  const Error paused{ErrorKind::unavailable, source_pause_.why};
  const bool is_paused = now < source_pause_.until;
  if (is_paused && refused_token_.empty()) return paused;
  auto token = settings_.token(stop, refused_token_);
  if (!is_paused) return token;
  if (!token || *token == refused_token_) return paused;
  source_pause_ = {};
  return token;
}

std::map<std::string, fleet::ClassDemand> CircleCi::read_with(const std::string& token,
                                                              std::stop_token stop) {
  for (auto& connection : connections_) connection.use_token(token);
  Sweep sweep(clock_, budget_, settings_.poll_interval, stop);
  sweep.run(connections_, classes_due(clock_.monotonic()));
  if (stop.stop_requested())
    return all_unknown(fmt::format("stopped waiting for {}", settings_.url));
  learn(sweep);
  const bool is_refused =
      sweep.source_refusal && sweep.source_refusal->error.kind == ErrorKind::unauthenticated;
  refused_token_ = is_refused ? token : "";

  auto demand = all_unknown(sweep.source_refusal ? source_pause_.why
                                                 : settings_.url + std::string(kNotAsked));
  for (auto& [name, reading] : sweep.readings) demand[name] = std::move(reading);
  for (auto& [name, runners] : sweep.runners_of_others) {
    demand.try_emplace(name, fleet::ClassDemand{scaling::DemandUnknown{"not asked for"}});
    demand[name].runners = std::move(runners);
  }
  for (const auto& name : classes_) {
    const auto& pause = class_pauses_[name];
    if (pause.refusals > 0) demand[name].demand = scaling::DemandUnknown{pause.why};
  }
  return demand;
}

std::vector<std::string> CircleCi::classes_due(MonotonicTime now) const {
  std::vector<std::string> due;
  std::ranges::copy_if(order_, std::back_inserter(due), [&](const auto& name) {
    const auto own = class_pauses_.find(name);
    return own == class_pauses_.end() || now >= own->second.until;
  });
  return due;
}

std::map<std::string, fleet::ClassDemand> CircleCi::all_unknown(const std::string& why) const {
  std::map<std::string, fleet::ClassDemand> demand;
  for (const auto& name : classes_) {
    demand[name].demand = scaling::DemandUnknown{why};
    const auto own = class_pauses_.find(name);
    demand[name].ask_again_at = source_pause_.asked_until;
    if (own == class_pauses_.end()) continue;
    demand[name].ask_again_at = std::max(source_pause_.asked_until, own->second.asked_until);
  }
  return demand;
}

// A class that was read has no pause any more; one that was not asked for keeps its own. Where
// nobody is answered, that is not a class's fault.
void CircleCi::learn(const Sweep& sweep) {
  const bool nobody_answered =
      sweep.source_refusal && sweep.source_refusal->scope == Refusal::Scope::unanswered;
  for (const auto& [name, reading] : sweep.readings) class_pauses_[name] = {};
  for (const auto& [name, refusal] : sweep.refusals) {
    if (!nobody_answered) refused(class_pauses_[name], refusal);
  }
  std::ranges::stable_partition(order_,
                                [&](const auto& name) { return !sweep.refusals.contains(name); });
  if (sweep.source_refusal) {
    refused(source_pause_, *sweep.source_refusal);
  } else {
    source_pause_ = {};
  }
}

void CircleCi::refused(Pause& pause, const Refusal& refusal) {
  const auto doublings = std::min<std::int64_t>(pause.refusals, 10);
  const auto longest = std::min(kFirstPause * (1 << doublings), kLongestPause);
  std::uniform_int_distribution<Millis::rep> some(longest.count() / 2, longest.count());
  const auto told = std::min(refusal.retry_after.value_or(Millis(0)), kLongestRetryAfter);
  const auto wait = std::max(told, Millis(some(dice_)));
  pause.refusals += 1;
  pause.until = clock_.monotonic() + wait;
  pause.asked_until.reset();
  pause.why =
      printable(fmt::format("{}: {}", settings_.url, refusal.error.message), kLongestReason);
  if (told > Millis(0)) {
    pause.asked_until = clock_.wall() + wait;
    log::info("asked to wait", {{"url", settings_.url}, {"wait", format_duration(wait)}});
  }
}

// By a clock that may be another machine's, or have jumped since.
void CircleCi::hold_off(const std::string& resource_class, WallTime until) {
  const auto wait = std::min(until - clock_.wall(), kLongestRetryAfter);
  const auto now = clock_.monotonic();
  auto& pause = class_pauses_[resource_class];
  if (wait <= Millis(0) || pause.until >= now + wait) return;
  pause = {
      .refusals = 1,
      .until = now + wait,
      .asked_until = until,
      .why = fmt::format("{}: asked to wait, some more {}", settings_.url, format_duration(wait))};
}

void CircleCi::wait_for_change(Millis patience, std::stop_token stop) {
  MonotonicTime due;
  {
    const std::lock_guard lock(mutex_);
    due = next_reading_;
  }
  const auto wait = due - clock_.monotonic();
  sleep_for(std::clamp(wait, Millis(0), std::max(patience, Millis(0))), stop);
}

}  // namespace muster::demand
