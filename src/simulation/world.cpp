#include "simulation/world.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace muster::simulation {

namespace {

constexpr WallTime kBeginning{std::chrono::sys_days(std::chrono::year(2030) / 1 / 1)};
constexpr std::size_t kLongestStory = 40;
constexpr std::size_t kMostViolations = 10;

}  // namespace

World::World(Conditions conditions, std::vector<Arrival> arrivals, std::uint64_t seed)
    : conditions_(std::move(conditions)),
      arrivals_(std::move(arrivals)),
      random_(seed),
      timeline_(kBeginning),
      queue_(timeline_),
      group_(timeline_, queue_, conditions_, random_.fork(),
             [this](const std::string& what) { violated(what); }) {
  if (!arrivals_.empty()) timeline_.after(arrivals_.front().at, [this] { arrive_next(); });
}

void World::scaled_by_us(const scaling::Policy& policy, Thoroughness thoroughness) {
  auto ours = std::make_unique<LoopScaler>(
      LoopScaler::World{timeline_, queue_, group_, conditions_}, policy, thoroughness,
      random_.fork(), [this](const std::string& what) { violated(what); });
  ours_ = ours.get();
  scaler_ = std::move(ours);
  timeline_.after(random_.between(Millis(0), Millis(5'000)), [this] { pass(); });
}

void World::scaled_by(const Peer& peer) {
  scaler_ = std::make_unique<PeerScaler>(peer, timeline_, queue_, group_);
  timeline_.after(random_.between(Millis(0), peer.period), [this] { pass(); });
}

// One event for all tasks to come, so that a long trace costs no memory here.
void World::arrive_next() {
  const auto since = timeline_.monotonic().time_since_epoch();
  while (arrived_ < arrivals_.size() && arrivals_[arrived_].at <= since) {
    queue_.arrive(arrivals_[arrived_++].duration);
    group_.task_arrived();
  }
  if (arrived_ == arrivals_.size()) return;
  timeline_.after(arrivals_[arrived_].at - since, [this] { arrive_next(); });
}

void World::pass() {
  ++totals_.passes;
  timeline_.after(scaler_->pass(), [this] { pass(); });
  if (tells_) tell_if_changed();
}

bool World::is_over() const {
  if (arrived_ < arrivals_.size() || !queue_.is_done()) return false;
  return !conditions_.habits.idle_timeout || (group_.live() == 0 && !group_.has_listed());
}

RunTotals World::run(Millis end) {
  const auto last = MonotonicTime(end);
  while (!is_over() && timeline_.step(last)) {
    if (!watcher_) continue;
    watcher_(timeline_.monotonic(),
             {queue_.counts().waiting, group_.desired(), group_.live(), group_.busy()});
  }
  for (const auto& task : queue_.tasks()) {
    if (task.started) totals_.waits.push_back(*task.started - task.queued);
    if (!task.ended) ++totals_.unfinished;
    if (task.ended) totals_.busy_time += task.duration;
  }
  totals_.group = group_.totals();
  totals_.events = timeline_.events();
  if (ours_ != nullptr) {
    totals_.kills = ours_->kills();
    totals_.passes_made = ours_->passes_made();
  }
  return totals_;
}

void World::violated(const std::string& what) {
  tell("VIOLATED " + what);
  if (totals_.violations.size() >= kMostViolations) return;
  totals_.violations.push_back(what);
}

void World::tell(std::string what) {
  story_.push_back(fmt::format("{:>9}  {}", humanize(timeline_.monotonic().time_since_epoch()),
                               std::move(what)));
  if (story_.size() > kLongestStory) story_.pop_front();
}

void World::tell_if_changed() {
  const auto counts = queue_.counts();
  auto now = fmt::format("waiting {}  running {}  desired {}  live {}  busy {}", counts.waiting,
                         counts.running, group_.desired(), group_.live(), group_.busy());
  if (now == told_) return;
  tell(now);
  told_ = std::move(now);
}

}  // namespace muster::simulation
