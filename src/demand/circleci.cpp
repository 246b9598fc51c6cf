#include "demand/circleci.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/log.hpp"
#include "base/sleep.hpp"
#include "base/text.hpp"
#include "demand/sweep.hpp"

namespace muster::demand {

namespace {

constexpr std::size_t kMostConnections = 4;
constexpr Millis kFirstPause = std::chrono::seconds(1);
constexpr Millis kLongestPause = std::chrono::minutes(1);
constexpr Millis kLongestRetryAfter = std::chrono::minutes(15);
constexpr std::size_t kLongestReason = 400;
constexpr std::string_view kNotAsked =
    ": not asked, as other classes were not answered in time; it is asked in the next reading";

}  // namespace

CircleCi::CircleCi(CircleCiSettings settings, std::vector<std::string> resource_classes,
                   const Clock& clock)
    : settings_(std::move(settings)),
      classes_(std::move(resource_classes)),
      clock_(clock),
      budget_(settings_.requests_per_minute, Sweep::kAtOnce),
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
  for (auto& connection : connections_) connection.use_token(token, settings_.token_place);
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
