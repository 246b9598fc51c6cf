#include "simulation/world.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "simulation/world_invariants.hpp"

namespace muster::simulation {

namespace {

constexpr std::size_t kLongestStory = 40;
constexpr std::size_t kMostViolations = 10;
constexpr Millis kRestsWithin = std::chrono::hours(1);

std::string in_words(const scaling::Decision& decision) {
  return "decided: " + scaling::describe(decision.reasons);
}

}  // namespace

World::World(Conditions conditions, std::vector<Arrival> arrivals, std::uint64_t seed)
    : conditions_(std::move(conditions)),
      arrivals_(std::move(arrivals)),
      random_(seed),
      timeline_(conditions_.beginning),
      queue_(timeline_),
      pipelines_(arrivals_),
      group_(timeline_, queue_, conditions_, random_.fork(),
             [this](const std::string& what) { violated(what); }) {
  if (conditions_.reserve) add_reserve();
  if (conditions_.neighbour) add_neighbour();
  if (!pipelines_.is_empty()) {
    queue_.tell_ends_to([this](TaskNumber number) { task_ended(number); });
    queue_.is_foreseen_by([this] { return pipelines_.foreseen(queue_, timeline_); });
  }
  if (!arrivals_.empty()) timeline_.after(arrivals_.front().at, [this] { arrive_next(); });
}

void World::add_reserve() {
  reserve_conditions_ = conditions_;
  reserve_conditions_->max = *conditions_.reserve;
  reserve_conditions_->faults.launch_refused = 0;
  reserve_ = std::make_unique<Group>(
      timeline_, queue_, *reserve_conditions_, random_.fork(),
      [this](const std::string& what) { violated(what); }, "r");
  group_.stands_beside(*reserve_);
  reserve_->stands_beside(group_);
}

void World::add_neighbour() {
  const auto& [tasks, duration, limit] = *conditions_.neighbour;
  plan_.emplace(limit, [this] { hand_out(); });
  neighbour_ = std::make_unique<Beside>(timeline_, conditions_, random_.fork(),
                                        [this](const std::string& what) { violated(what); });
  for (auto* queue : {&queue_, &neighbour_->queue}) queue->is_under(*plan_);
  for (auto left = tasks; left > 0; --left) neighbour_->queue.arrive(duration);
}

// What was queued first runs first, if a runner is there for it.
void World::hand_out() {
  const auto ours = queue_.oldest();
  const auto theirs = neighbour_->queue.oldest();
  const bool they_are_first = theirs && (!ours || *theirs <= *ours);
  (they_are_first ? neighbour_->group : group_).task_arrived();
  (they_are_first ? group_ : neighbour_->group).task_arrived();
}

Levels World::levels() const {
  Levels all{queue_.counts().waiting, group_.desired(), group_.live(), group_.busy()};
  if (!reserve_) return all;
  all.desired += reserve_->desired();
  all.live += reserve_->live();
  all.busy += reserve_->busy();
  return all;
}

void World::scaled_by_us(fleet::ManagedClass managed, Thoroughness thoroughness) {
  std::vector<Group*> groups{&group_};
  if (reserve_) groups.push_back(reserve_.get());
  std::vector<LoopScaler::Class> classes{{queue_, std::move(groups)}};
  if (neighbour_) classes.push_back({neighbour_->queue, {&neighbour_->group}});
  auto ours = std::make_unique<LoopScaler>(
      fmt::format("scaler {}", scalers_.size() + 1),
      LoopScaler::World{timeline_, std::move(classes), conditions_, table_, totals_.mishaps},
      std::move(managed), thoroughness, random_.fork(),
      LoopScaler::Listeners{[this](const std::string& what) { violated(what); },
                            [this](const scaling::Decision& decision) {
                              if (tells()) tell(in_words(decision));
                            }});
  ours_.push_back(ours.get());
  table_.is_leased = ours_.size() > 1;
  add(std::move(ours), random_.between(Millis(0), Millis(5'000)));
}

void World::scaled_by(const Peer& peer) {
  add(std::make_unique<PeerScaler>(peer, timeline_, queue_, group_, conditions_.faults),
      random_.between(Millis(0), peer.period));
  if (!neighbour_) return;
  add(std::make_unique<PeerScaler>(peer, timeline_, neighbour_->queue, neighbour_->group,
                                   conditions_.faults),
      random_.between(Millis(0), peer.period));
}

void World::scaled_by(const MakeScaler& make, Millis first) {
  add(make({timeline_, queue_, group_, conditions_}), first);
}

void World::add(std::unique_ptr<Scaler> scaler, Millis first) {
  timeline_.after(first, [this, &scaler = *scaler] { pass(scaler); });
  scalers_.push_back(std::move(scaler));
}

// One event for all tasks to come, so that a long trace costs no memory here.
void World::arrive_next() {
  const auto since = timeline_.monotonic().time_since_epoch();
  for (; next_ < arrivals_.size(); ++next_) {
    const auto& next = arrivals_[next_];
    if (!next.blocked_by.empty()) continue;
    if (next.at > since) return timeline_.after(next.at - since, [this] { arrive_next(); });
    arrive(next_);
  }
}

void World::arrive(std::size_t place) {
  ++arrived_;
  const auto& arrival = arrivals_[place];
  const auto number = queue_.arrive(arrival.duration);
  pipelines_.arrived(place, number);
  group_.task_arrived();
  if (arrival.canceled_after) {
    timeline_.after(*arrival.canceled_after, [this, number] { cancel(number); });
  }
}

// What waits for one that was cancelled never comes.
void World::cancel(TaskNumber number) {
  if (!queue_.cancel(number) || pipelines_.is_empty()) return;
  arrived_ += pipelines_.given_up(pipelines_.place_of(number));
}

// Nor does what waits for one that has failed.
void World::task_ended(TaskNumber number) {
  const auto place = pipelines_.place_of(number);
  if (arrivals_[place].fails) {
    arrived_ += pipelines_.given_up(place);
    return;
  }
  for (const auto next : pipelines_.ended(number)) {
    timeline_.after(arrivals_[next].at, [this, next] { arrive(next); });
  }
}

void World::pass(Scaler& scaler) {
  ++totals_.passes;
  timeline_.after(scaler.pass(), [this, &scaler] { pass(scaler); });
  if (tells()) tell_if_changed();
}

bool World::comes_to_rest() const {
  return !conditions_.ends_with_its_tasks && conditions_.habits.idle_timeout;
}

bool World::is_over() const {
  if (arrived_ < arrivals_.size() || !queue_.is_done()) return false;
  if (neighbour_ && !neighbour_->queue.is_done()) return false;
  if (!comes_to_rest()) return true;
  if (conditions_.kept > 0) return levels().live <= conditions_.kept;
  const auto is_empty = [](const Group& group) { return group.live() == 0 && !group.has_listed(); };
  return is_empty(group_) && (!reserve_ || is_empty(*reserve_)) &&
         (!neighbour_ || is_empty(neighbour_->group));
}

bool World::was_blocked(TaskNumber number) const {
  return !pipelines_.is_empty() && !arrivals_[pipelines_.place_of(number)].blocked_by.empty();
}

RunTotals World::run(Millis end) {
  const auto last = MonotonicTime(end);
  while (!is_over() && timeline_.step(last)) {
    if (!watcher_) continue;
    watcher_(timeline_.monotonic(), levels());
  }
  for (TaskNumber number = 0; number < queue_.tasks().size(); ++number) {
    const auto& task = queue_.tasks()[number];
    if (task.started) {
      totals_.waits.push_back(*task.started - task.queued);
      if (was_blocked(number)) totals_.blocked_waits.push_back(totals_.waits.back());
    }
    if (!task.ended && !task.canceled) ++totals_.unfinished;
  }
  if (!ours_.empty() && comes_to_rest()) judge_rest();
  totals_.group = group_.totals();
  if (reserve_) totals_.group += totals_.reserve = reserve_->totals();
  totals_.events = timeline_.events();
  totals_.left = levels().live;
  if (neighbour_) {
    const auto [waiting, running] = neighbour_->queue.counts();
    totals_.unfinished += waiting + running;
    totals_.left += neighbour_->group.live();
  }
  for (const auto* ours : ours_) {
    totals_.kills += ours->kills();
    totals_.by_schedule += ours->by_schedule();
    totals_.passes_made += ours->passes_made();
    totals_.rules.insert(ours->rules().begin(), ours->rules().end());
  }
  return totals_;
}

// Beyond those that are there, or were asked for.
std::int64_t World::remembered() const {
  std::int64_t all = 0;
  for (const auto& [name, memory] : table_.memories) all += remembered_in(memory);
  const auto forget = [&](const Group& group) {
    all -= std::ssize(group.listed()) + group.unused_to_come();
  };
  forget(group_);
  if (reserve_) forget(*reserve_);
  if (neighbour_) forget(neighbour_->group);
  return std::max<std::int64_t>(all, 0);
}

// The scalers that are our own have some time to find that nothing is left. Counts that lag, or a
// schedule, may launch others meanwhile.
void World::judge_rest() {
  const bool is_at_rest = is_over();
  Remains remains{.left = levels().live, .kept = conditions_.kept};
  const auto last = timeline_.monotonic() + kRestsWithin;
  while (is_at_rest && remains.kept == 0 && remembered() > 0 && timeline_.step(last)) {
  }
  if (is_at_rest && remains.kept == 0) remains.remembered = remembered();
  for (const auto& task : queue_.tasks()) {
    if (!task.ended && !task.canceled) ++remains.unfinished;
  }
  for (const auto& [invariant, what] : violations_at_rest(remains)) {
    violated(fmt::format("{}: {}", to_string(invariant), what));
  }
}

void World::violated(const std::string& what) {
  if (totals_.violations.size() >= kMostViolations) return;
  tell("VIOLATED " + what);
  totals_.violations.push_back(what);
}

void World::tell(std::string what) {
  if (!tells()) return;
  if (!totals_.violations.empty()) ++told_since_;
  story_.push_back(fmt::format("{:>12}  {}", humanize(timeline_.monotonic().time_since_epoch()),
                               std::move(what)));
  if (story_.size() > kLongestStory) story_.pop_front();
}

void World::tell_if_changed() {
  const auto counts = queue_.counts();
  const auto all = levels();
  auto now = fmt::format("waiting {}  running {}  desired {}  live {}  busy {}", counts.waiting,
                         counts.running, all.desired, all.live, all.busy);
  if (now == told_) return;
  tell(now);
  told_ = std::move(now);
}

}  // namespace muster::simulation
