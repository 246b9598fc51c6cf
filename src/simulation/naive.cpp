#include "simulation/naive.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace muster::simulation {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Parts = World::Parts;

constexpr Habits kSingle{.single_task = true};
constexpr Habits kForEver{.single_task = true, .idle_timeout = std::nullopt};

class NaiveScaler final : public Scaler {
 public:
  NaiveScaler(Millis period, std::function<void()> look)
      : period_(period), look_(std::move(look)) {}
  Millis pass() override {
    look_();
    return period_;
  }

 private:
  Millis period_;
  std::function<void()> look_;
};

QueueCounts counts(const Parts& parts) {
  return parts.queue.counts_before(parts.conditions.faults.counts_lag);
}

void set_desired(const Parts& parts, std::int64_t desired) {
  // What is refused is written again in the next pass.
  static_cast<void>(
      parts.group.set_desired(std::clamp<std::int64_t>(desired, 0, parts.group.max())));
}

void one_for_each_task(const Parts& parts) {
  const auto seen = counts(parts);
  set_desired(parts, seen.waiting + seen.running);
}

std::int64_t count_of(const Parts& parts, bool (*matches)(const SimulatedInstance&)) {
  return std::ranges::count_if(parts.group.listed(), [&](const auto* it) { return matches(*it); });
}

bool is_idle(const SimulatedInstance& it) {
  return it.connected && it.tasks == 0 && !it.ended;
}

bool is_old(const Parts& parts, const SimulatedInstance& instance, Millis age) {
  return parts.timeline.monotonic() - instance.launched >= age;
}

// The tasks that have arrived since the latest call.
class Events {
 public:
  std::int64_t take(const Parts& parts) {
    const auto before = std::exchange(taken_, std::ssize(parts.queue.tasks()));
    return taken_ - before;
  }

 private:
  std::int64_t taken_ = 0;
};

Naive per_event(std::string name, Habits habits) {
  return {
      .name = std::move(name), .period = seconds(10), .habits = habits, .begin = [](Parts parts) {
        return [parts, events = Events()]() mutable {
          set_desired(parts, parts.group.desired() + events.take(parts));
        };
      }};
}

}  // namespace

World::MakeScaler Naive::maker() const {
  return [naive = *this](Parts parts) {
    return std::make_unique<NaiveScaler>(naive.period, naive.begin(parts));
  };
}

Naive unprotected(Habits habits) {
  return {.name = "the tutorial's formula, without protection",
          .period = minutes(1),
          .habits = habits,
          .protects = false,
          .begin = [](Parts parts) { return [parts] { one_for_each_task(parts); }; }};
}

Naive does_not_count_who_boots() {
  return {.name = "does not count who boots",
          .period = minutes(1),
          .habits = kSingle,
          .begin = [](Parts parts) {
            return [parts] {
              const auto lacking = counts(parts).waiting - count_of(parts, is_idle);
              set_desired(parts, parts.group.desired() + std::max<std::int64_t>(lacking, 0));
            };
          }};
}

Naive believes_only_in_the_listed() {
  return {.name = "believes only in who is listed",
          .period = seconds(10),
          .habits = kSingle,
          .begin = [](Parts parts) {
            return [parts] {
              const auto [waiting, running] = counts(parts);
              const auto view = parts.group.view_before(parts.conditions.faults.list_lag);
              const auto lacking = waiting + running - std::ssize(view.listed);
              set_desired(parts, parts.group.desired() + std::max<std::int64_t>(lacking, 0));
            };
          }};
}

Naive counts_registrations() {
  return {.name = "counts registrations",
          .period = seconds(10),
          .habits = kSingle,
          .begin = [](Parts parts) {
            return [parts] {
              const auto [waiting, running] = counts(parts);
              const auto since = parts.timeline.monotonic() - parts.conditions.faults.ghosts_for;
              const auto registered = std::ranges::count_if(
                  parts.group.instances(),
                  [&](const auto& it) { return it.connected && (!it.ended || *it.ended > since); });
              const auto booting =
                  count_of(parts, [](const auto& it) { return !it.connected && !it.ended; });
              const auto lacking =
                  waiting - std::max<std::int64_t>(registered - running, 0) - booting;
              if (lacking > 0) set_desired(parts, std::ssize(parts.group.listed()) + lacking);
            };
          }};
}

Naive ends_the_unlisted(Millis after) {
  return {.name = "ends who is not listed in time",
          .period = seconds(10),
          .habits = kSingle,
          .begin = [after](Parts parts) {
            return [parts, after] {
              one_for_each_task(parts);
              const auto lag = parts.conditions.faults.runners_lag;
              for (const auto* it : parts.group.listed()) {
                const bool is_listed =
                    it->connected && parts.timeline.monotonic() - *it->connected >= lag;
                if (is_listed || !is_old(parts, *it, after)) continue;
                static_cast<void>(parts.group.terminate(it->id));
              }
            };
          }};
}

Naive ends_who_was_idle() {
  return {.name = "ends who was idle a moment ago",
          .period = seconds(30),
          .habits = {.single_task = false, .idle_timeout = std::nullopt},
          .begin = [](Parts parts) {
            return [parts, idle = std::set<std::string>()]() mutable {
              for (const auto& id : idle) static_cast<void>(parts.group.terminate(id));
              idle.clear();
              for (const auto* it : parts.group.listed()) {
                if (is_idle(*it)) idle.insert(it->id);
              }
              if (counts(parts).waiting > 0) one_for_each_task(parts);
            };
          }};
}

Naive launches_per_event() {
  return per_event("one launch for each event", kSingle);
}

Naive ends_with_the_task() {
  return per_event("only a task ends its instance", kForEver);
}

Naive asks_before_it_launches() {
  return {.name = "asks once whether a task still waits",
          .period = seconds(10),
          .habits = kSingle,
          .begin = [](Parts parts) {
            return [parts, events = Events()]() mutable {
              const auto arrived = events.take(parts);
              if (counts(parts).waiting > 0) set_desired(parts, parts.group.desired() + arrived);
            };
          }};
}

Naive launches_once() {
  return {.name = "asks once for each task",
          .period = seconds(10),
          .habits = kSingle,
          .begin = [](Parts parts) {
            return [parts, events = Events(), failed = std::string()]() mutable {
              const auto view = parts.group.view_before(Millis(0));
              auto desired = view.desired + events.take(parts);
              const auto id = view.last_failure ? view.last_failure->id : "";
              if (std::exchange(failed, id) != id) desired = std::ssize(view.listed);
              set_desired(parts, desired);
            };
          }};
}

Naive ends_only_once() {
  return {.name = "notes the end before it is accepted",
          .period = minutes(1),
          .habits = kSingle,
          .begin = [](Parts parts) {
            return [parts, noted = std::set<std::string>()]() mutable {
              for (const auto* it : parts.group.listed()) {
                const bool is_dead = !it->connected && is_old(parts, *it, minutes(5));
                if (!is_dead || !noted.insert(it->id).second) continue;
                static_cast<void>(parts.group.terminate(it->id));
              }
              const auto listed = parts.group.listed();
              const auto dead = std::ranges::count_if(
                  listed, [&](const auto* it) { return noted.contains(it->id); });
              const auto [waiting, running] = counts(parts);
              set_desired(parts, waiting + running + dead);
            };
          }};
}

}  // namespace muster::simulation
