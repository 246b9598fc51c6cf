#include "simulation/group.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace muster::simulation {

namespace {

constexpr Millis kThrottledPause = std::chrono::seconds(3);
constexpr Millis kTakenWithin = std::chrono::minutes(5);

Error throttled() {
  return {ErrorKind::unavailable, "Throttling: Rate exceeded"};
}

}  // namespace

GroupTotals& GroupTotals::operator+=(const GroupTotals& other) {
  launches += other.launches;
  wasted += other.wasted;
  refused += other.refused;
  ended_busy += other.ended_busy;
  drained += other.drained;
  taken.booting += other.taken.booting;
  taken.idle += other.taken.idle;
  taken.busy += other.taken.busy;
  instance_time += other.instance_time;
  busy_time += other.busy_time;
  return *this;
}

Group::Group(Timeline& timeline, TaskQueue& queue, const Conditions& conditions, Random random,
             Alarm alarm, std::string prefix)
    : timeline_(timeline),
      queue_(queue),
      conditions_(conditions),
      random_(random),
      alarm_(std::move(alarm)),
      prefix_(std::move(prefix)),
      history_(conditions.faults.list_lag) {}

void Group::changed() {
  ++changes_;
  if (history_.is_kept()) history_.add(timeline_.monotonic(), view());
}

GroupView Group::view_before(Millis lag) const {
  return history_.is_kept() ? history_.at(timeline_.monotonic() - lag) : view();
}

Result<void> Group::set_desired(std::int64_t desired) {
  if (random_.chance(conditions_.faults.call_throttled)) return throttled();
  if (desired < 0 || desired > conditions_.max) {
    alarm_(fmt::format("S4: a desired capacity of {} is asked for, of at most {}", desired,
                       conditions_.max));
    return Error{ErrorKind::invalid, "ValidationError: outside of the group's sizes"};
  }
  desired_ = desired;
  changed();
  reconcile();
  return ok();
}

// What is protected from scale-in stays, however low the desired capacity is. Else the oldest go.
void Group::reconcile() {
  while (!conditions_.protects && std::ssize(listed_) > desired_) scale_in(*listed_.begin());
  while (std::ssize(listed_) + coming_ < desired_) {
    ++coming_;
    timeline_.after(conditions_.launch_delay, [this] { come(); });
  }
}

void Group::come() {
  --coming_;
  if (std::ssize(listed_) + coming_ >= desired_) return;  // it was withdrawn meanwhile
  if (is_broken(conditions_.faults.launch_refused)) return refuse();
  const bool replaces = owed_ > 0;
  if (replaces) --owed_;
  launch(!replaces);
}

bool Group::is_broken(std::int64_t permille) {
  const auto since = timeline_.monotonic().time_since_epoch();
  return random_.chance(permille) && since < conditions_.mended_after;
}

void Group::launch(bool asked_for) {
  const auto number = instances_.size();
  instances_.push_back({.id = fmt::format("{}-{:06}", prefix_, number),
                        .launched = timeline_.monotonic(),
                        .asked_for = asked_for,
                        .runners = std::vector<SimulatedRunner>(
                            static_cast<std::size_t>(conditions_.habits.slots))});
  listed_.insert(number);
  ++live_;
  changed();
  ++totals_.launches;
  const auto taken = conditions_.faults.taken_at_any_time;
  if (taken > 0 && is_broken(taken)) {
    timeline_.after(random_.between(Millis(0), kTakenWithin), [this, number] { lose(number); });
  }
  if (is_broken(conditions_.faults.boot_never_connects)) return;
  timeline_.after(conditions_.boot.draw(random_), [this, number] { connect(number); });
}

void Group::refuse() {
  ++totals_.refused;
  last_failure_ = {fmt::format("activity-{}", totals_.refused), timeline_.monotonic()};
  changed();
  timeline_.after(conditions_.retry_after, [this] { reconcile(); });
}

void Group::connect(Number number) {
  auto& instance = instances_[number];
  if (instance.ended) return;
  instance.connected = timeline_.monotonic();
  changed();
  const auto chance = conditions_.faults.runner_hangs;
  instance.hangs = chance > 0 && is_broken(chance);
  if (instance.hangs) return;
  for (std::size_t slot = 0; slot < instance.runners.size(); ++slot) look_for_work(number, slot);
}

const std::optional<Millis>& Group::idle_timeout(const SimulatedInstance& instance) const {
  const auto& habits = conditions_.habits;
  const bool has_own = instance.tasks_run > 0 && habits.idle_after_task;
  return has_own ? habits.idle_after_task : habits.idle_timeout;
}

// One that is to end after so many of them takes no more.
bool Group::takes_tasks(const SimulatedInstance& instance) const {
  if (instance.drained) return false;
  const auto& habits = conditions_.habits;
  const auto most = habits.single_task ? std::optional<std::int64_t>(1) : habits.recycled_after;
  return !most || instance.tasks_run < *most;
}

void Group::look_for_work(Number number, std::size_t slot) {
  auto& instance = instances_[number];
  if (!takes_tasks(instance)) return;
  const auto turn = ++instance.turn;
  if (const auto task = queue_.claim()) return run(number, slot, *task);
  auto& runner = instance.runners[slot];
  runner.idle_since = timeline_.monotonic();
  idle_.emplace(runner.idle_since, number, slot);
  const auto& most = idle_timeout(instance);
  if (!most || instance.tasks > 0) return;
  timeline_.after(*most, [this, number, turn] {
    if (instances_[number].turn == turn) leave(number);
  });
}

void Group::task_arrived() {
  if (!take_task() && beside_ != nullptr) beside_->take_task();
}

// The one that is idle for the longest time takes it.
bool Group::take_task() {
  if (idle_.empty()) return false;
  const auto [since, number, slot] = *idle_.begin();
  const auto task = queue_.claim();
  if (!task) return false;
  idle_.erase(idle_.begin());
  ++instances_[number].turn;
  run(number, slot, *task);
  return true;
}

void Group::begin_task(SimulatedInstance& instance) {
  ++instance.tasks_run;
  if (instance.tasks++ > 0) return;
  instance.busy_since = timeline_.monotonic();
  ++busy_;
}

void Group::end_task(SimulatedInstance& instance) {
  if (--instance.tasks > 0) return;
  totals_.busy_time += timeline_.monotonic() - instance.busy_since;
  --busy_;
}

void Group::run(Number number, std::size_t slot, TaskNumber task) {
  auto& instance = instances_[number];
  auto& runner = instance.runners[slot];
  runner.task = task;
  runner.used = timeline_.monotonic();
  begin_task(instance);
  if (!takes_tasks(instance)) stop_claiming(number);
  const auto duration = queue_.tasks()[task].duration;
  if (random_.chance(conditions_.faults.spot_interruption)) {
    timeline_.after(random_.between(Millis(0), duration), [this, number] { lose(number); });
  } else {
    timeline_.after(duration, [this, number, slot] { task_ended(number, slot); });
  }
}

void Group::task_ended(Number number, std::size_t slot) {
  auto& instance = instances_[number];
  if (instance.ended) return;  // somebody has ended it with its task, which was told
  auto& task = instance.runners[slot].task;
  queue_.finish(*task);
  task.reset();
  end_task(instance);
  if (takes_tasks(instance)) return look_for_work(number, slot);
  if (instance.tasks == 0) leave(number);
}

// It is gone with them.
std::vector<TaskNumber> Group::drop_tasks(SimulatedInstance& instance) {
  std::vector<TaskNumber> dropped;
  for (auto& runner : instance.runners) {
    const auto task = std::exchange(runner.task, std::nullopt);
    if (!task) continue;
    dropped.push_back(*task);
    end_task(instance);
  }
  return dropped;
}

void Group::stop_claiming(Number number) {
  const auto& runners = instances_[number].runners;
  for (std::size_t slot = 0; slot < runners.size(); ++slot) {
    idle_.erase({runners[slot].idle_since, number, slot});
  }
}

// A spot instance is taken away, with the tasks that it runs: these wait again.
void Group::lose(Number number) {
  auto& instance = instances_[number];
  if (instance.ended) return;
  count_taken(instance);
  stop_claiming(number);
  ++instance.turn;
  const auto tasks = drop_tasks(instance);
  end(number);
  timeline_.after(conditions_.replace_after.draw(random_), [this, number] { replace(number); });
  for (const auto task : tasks) queue_.interrupt(task);
  for (std::size_t i = 0; i < tasks.size(); ++i) task_arrived();
}

void Group::count_taken(const SimulatedInstance& instance) {
  auto& [booting, idle, busy] = totals_.taken;
  ++(!instance.connected ? booting : instance.tasks > 0 ? busy : idle);
}

// An instance ends itself.
void Group::leave(Number number) {
  auto& instance = instances_[number];
  if (instance.ended) return;
  stop_claiming(number);
  instance.leaving = true;
  ++instance.turn;
  if (!conditions_.habits.gives_up_its_place) {
    end(number);
    timeline_.after(conditions_.replace_after.draw(random_), [this, number] { gone(number); });
    return;
  }
  if (random_.chance(conditions_.faults.call_throttled)) {
    timeline_.after(kThrottledPause, [this, number] { leave(number); });
    return;
  }
  desired_ = std::max<std::int64_t>(desired_ - 1, 0);
  end(number);
  gone(number);
}

void Group::gone(Number number) {
  unlist(number);
  const auto chance = conditions_.faults.zone_rebalancing;
  if (chance > 0 && random_.chance(chance)) rebalance();
}

// The end has left the zones uneven. AWS launches another before it ends one, whatever is desired,
// and ends none that is protected.
void Group::rebalance() {
  if (live_ == 0) return;
  timeline_.after(conditions_.launch_delay, [this] {
    launch(false);
    if (!conditions_.protects) scale_in(*listed_.begin());
  });
}

void Group::scale_in(Number number) {
  end_by_name(number, "its group");
  unlist(number);
}

void Group::end(Number number) {
  auto& instance = instances_[number];
  instance.ended = timeline_.monotonic();
  --live_;
  changed();
  totals_.instance_time += *instance.ended - instance.launched;
  if (instance.tasks_run == 0) ++totals_.wasted;
}

void Group::unlist(Number number) {
  instances_[number].listed = false;
  listed_.erase(number);
  changed();
  reconcile();
}

// It has left its place behind.
void Group::replace(Number number) {
  ++owed_;
  unlist(number);
}

Result<void> Group::terminate(const std::string& id) {
  if (random_.chance(conditions_.faults.call_throttled)) return throttled();
  const auto found = find(id);
  if (!found) return Error{ErrorKind::invalid, "ValidationError: Instance Id not found"};
  const auto number = *found;
  desired_ = std::max<std::int64_t>(desired_ - 1, 0);
  end_by_name(number, "a scaler");
  unlist(number);
  return ok();
}

std::optional<Group::Number> Group::find(const std::string& id) const {
  const auto found =
      std::ranges::find_if(listed_, [&](const auto number) { return instances_[number].id == id; });
  return found == listed_.end() ? std::nullopt : std::optional(*found);
}

// One that hangs does not hear of it.
Result<void> Group::drain(const std::string& id) {
  if (random_.chance(conditions_.faults.call_throttled)) return throttled();
  const auto found = find(id);
  if (!found || instances_[*found].ended || instances_[*found].drained) return ok();
  auto& instance = instances_[*found];
  instance.drained = true;
  ++totals_.drained;
  changed();
  stop_claiming(*found);
  if (instance.tasks == 0 && !instance.hangs) leave(*found);
  return ok();
}

// Whatever it does.
void Group::end_by_name(Number number, const char* who) {
  auto& instance = instances_[number];
  if (instance.ended) return;
  stop_claiming(number);
  ++instance.turn;
  const auto tasks = drop_tasks(instance);
  end(number);
  if (tasks.empty()) return;
  ++totals_.ended_busy;
  alarm_(
      fmt::format("S1: {} is ended by {} while it runs task {}", instance.id, who, tasks.front()));
  for (const auto task : tasks) queue_.interrupt(task);
  for (std::size_t i = 0; i < tasks.size(); ++i) task_arrived();
}

void Group::end_idle(std::int64_t most, Millis least_age) {
  std::vector<Number> leaving;
  for (const auto& [since, number, slot] : idle_) {
    const auto& instance = instances_[number];
    const bool counts = slot == 0 && instance.tasks == 0;
    if (counts && timeline_.monotonic() - instance.launched >= least_age) leaving.push_back(number);
  }
  std::ranges::sort(leaving);
  leaving.resize(std::min(leaving.size(), static_cast<std::size_t>(most)));
  for (const auto number : leaving) leave(number);
}

std::vector<const SimulatedInstance*> Group::listed() const {
  std::vector<const SimulatedInstance*> all;
  all.reserve(listed_.size());
  for (const auto number : listed_) all.push_back(&instances_[number]);
  return all;
}

std::int64_t Group::unused_to_come() const {
  return std::max<std::int64_t>(desired_ - std::ssize(listed_) - owed_, 0);
}

std::int64_t Group::tasks_of_drained() const {
  std::int64_t tasks = 0;
  for (const auto number : listed_) {
    if (instances_[number].drained) tasks += instances_[number].tasks;
  }
  return tasks;
}

std::int64_t Group::unused(Millis age) const {
  const auto is_unused = [&](Number number) {
    const auto& it = instances_[number];
    return it.asked_for && it.tasks_run == 0 && !it.ended && !it.leaving && !it.hangs &&
           timeline_.monotonic() - it.launched < age;
  };
  return std::ranges::count_if(listed_, is_unused) + unused_to_come();
}

Millis Group::lived_in_the_last(Millis span) const {
  const auto now = timeline_.monotonic();
  Millis lived{};
  for (const auto& instance : instances_) {
    const auto from = std::max(instance.launched, now - span);
    lived += std::max(instance.ended.value_or(now) - from, Millis(0));
  }
  return lived;
}

GroupTotals Group::totals() const {
  auto totals = totals_;
  for (const auto number : listed_) {
    const auto& instance = instances_[number];
    if (instance.ended) continue;
    totals.instance_time += timeline_.monotonic() - instance.launched;
    if (instance.tasks > 0) totals.busy_time += timeline_.monotonic() - instance.busy_since;
  }
  return totals;
}

}  // namespace muster::simulation
