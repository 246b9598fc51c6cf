#pragma once

// A group of instances that run one class's tasks, as an Auto Scaling group of AWS behaves: it
// launches some time after its desired capacity was raised, tries again what was refused, ends
// nobody that is protected, and replaces what ends without giving up its place, once it finds out.

#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.hpp"
#include "simulation/conditions.hpp"
#include "simulation/group_view.hpp"
#include "simulation/task_queue.hpp"

namespace muster::simulation {

struct SimulatedRunner {
  std::optional<MonotonicTime> used;  // when it took its latest task
  std::optional<TaskNumber> task;
  MonotonicTime idle_since{};
};

struct SimulatedInstance {
  std::string id;
  MonotonicTime launched{};
  std::optional<MonotonicTime> connected;
  bool hangs = false;                  // since it connected nobody has heard of it
  std::optional<MonotonicTime> ended;  // it may be listed for some time after
  bool listed = true;                  // in the group
  bool leaving = false;                // takes no more tasks
  bool drained = false;                // was asked to
  bool asked_for = true;               // if not, the group launched it by itself
  std::vector<SimulatedRunner> runners = {};
  std::int64_t tasks = 0;      // that run
  MonotonicTime busy_since{};  // if any does
  std::int64_t tasks_run = 0;  // and did
  std::uint64_t turn = 0;  // counts its changes, so that an idle time-out knows whether it is late
};

struct GroupTotals {
  std::int64_t launches = 0;
  std::int64_t wasted = 0;      // of them that ended without a task
  std::int64_t refused = 0;     // by the cloud
  std::int64_t ended_busy = 0;  // by a scaler, or by the group
  std::int64_t drained = 0;     // were asked to end
  struct {
    std::int64_t booting = 0, idle = 0, busy = 0;
  } taken;                 // away, as spot instances are
  Millis instance_time{};  // from launch to end
  Millis busy_time{};      // of it, with one task or more

  GroupTotals& operator+=(const GroupTotals& other);
};

class Group {
 public:
  // Told of what must never be: in words.
  using Alarm = std::function<void(const std::string&)>;

  // `prefix`: of the names of its instances.
  Group(Timeline& timeline, TaskQueue& queue, const Conditions& conditions, Random random,
        Alarm alarm, std::string prefix = "i");
  // Tasks that none of its own is idle for are taken there.
  void stands_beside(Group& other) { beside_ = &other; }

  // --- as AWS shows it -----------------------------------------------------------------------
  Result<void> set_desired(std::int64_t desired);
  // By name, by somebody else than the instance itself.
  Result<void> terminate(const std::string& id);
  // Of one that can be asked.
  Result<void> drain(const std::string& id);
  // By a scaler that knows who is idle: the oldest first, with their places.
  void end_idle(std::int64_t most, Millis least_age);
  std::int64_t desired() const { return desired_; }
  std::int64_t max() const { return conditions_.max; }
  std::vector<const SimulatedInstance*> listed() const;
  bool has_listed() const { return !listed_.empty(); }
  // As it was then: no longer ago than Faults::list_lag.
  GroupView view_before(Millis lag) const;

  // --- as it is ------------------------------------------------------------------------------
  void task_arrived();  // a task waits: an idle instance takes it
  const std::deque<SimulatedInstance>& instances() const { return instances_; }
  std::int64_t live() const { return live_; }
  std::int64_t busy() const { return busy_; }
  // Counts what a scaler could see change.
  std::uint64_t changes() const { return changes_; }
  GroupTotals totals() const;  // until now
  // All instances together.
  Millis lived_in_the_last(Millis span) const;
  // Younger than that, or to come, asked for, and without a task until now; without those whose
  // runner hangs.
  std::int64_t unused(Millis age) const;
  // Of them those that are to come.
  std::int64_t unused_to_come() const;
  // That run on instances that were asked to end.
  std::int64_t tasks_of_drained() const;

 private:
  using Number = std::size_t;

  GroupView view() const { return {desired_, listed(), last_failure_}; }
  void changed();
  bool take_task();
  bool is_broken(std::int64_t permille);
  void reconcile();
  void come();
  void launch(bool asked_for);
  void rebalance();
  void scale_in(Number number);
  void end_by_name(Number number, const char* who);
  void refuse();
  void connect(Number number);
  void look_for_work(Number number, std::size_t slot);
  const std::optional<Millis>& idle_timeout(const SimulatedInstance& instance) const;
  bool takes_tasks(const SimulatedInstance& instance) const;
  void run(Number number, std::size_t slot, TaskNumber task);
  void task_ended(Number number, std::size_t slot);
  void begin_task(SimulatedInstance& instance);
  void end_task(SimulatedInstance& instance);
  std::vector<TaskNumber> drop_tasks(SimulatedInstance& instance);
  void stop_claiming(Number number);
  void lose(Number number);
  void count_taken(const SimulatedInstance& instance);
  std::optional<Number> find(const std::string& id) const;  // of those that are listed
  void leave(Number number);
  void end(Number number);
  void gone(Number number);
  void unlist(Number number);
  void replace(Number number);

  Timeline& timeline_;
  TaskQueue& queue_;
  const Conditions& conditions_;
  Random random_;
  Alarm alarm_;
  std::string prefix_;
  Group* beside_ = nullptr;
  std::int64_t desired_ = 0;
  std::int64_t coming_ = 0;  // asked for, and not there yet
  std::int64_t owed_ = 0;    // launches in the place of those that ended without giving it up
  std::deque<SimulatedInstance> instances_;
  std::set<Number> listed_;
  std::set<std::tuple<MonotonicTime, Number, std::size_t>> idle_;  // runners
  std::int64_t live_ = 0;
  std::int64_t busy_ = 0;
  std::uint64_t changes_ = 0;
  GroupTotals totals_;
  std::optional<FailedGroupLaunch> last_failure_;
  GroupHistory history_;
};

}  // namespace muster::simulation
