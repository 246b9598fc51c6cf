#include "study/study.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/core.h>

#include "base/text.hpp"
#include "simulation/fixed_point.hpp"
#include "study/bound.hpp"

namespace muster::study {

namespace {

using simulation::Conditions;
using simulation::Distribution;
using simulation::Random;
using simulation::World;

constexpr int kDrawn = 1'000;
constexpr Millis kLeastBootTimeout = std::chrono::minutes(5);
constexpr Millis kLongAfter = std::chrono::hours(24 * 30);  // all instances have ended
constexpr int kSlowly = 4;  // so much longer a few instances may take, that are there at times only
constexpr std::int64_t kMillisPerHour = 3'600'000;

struct Boots {
  Millis mean{};
  Millis longest{};
};

Boots boots_of(const Distribution& boot) {
  Random random(0);
  Boots boots;
  for (int i = 0; i < kDrawn; ++i) {
    const auto drawn = boot.draw(random);
    boots.mean += drawn;
    boots.longest = std::max(boots.longest, drawn);
  }
  boots.mean /= kDrawn;
  return boots;
}

// As it can be of a group. No boot of these is taken for a failed one: what a study asks is how
// many instances there are.
scaling::Policy of_a_group(scaling::Policy policy, const Terms& terms) {
  policy.reaps = true;
  policy.drains = false;
  policy.scale_in_delay.reset();
  policy.scale_in_rate.reset();
  policy.longest_life.reset();
  policy.boot_timeout = std::max(kLeastBootTimeout, 2 * boots_of(terms.boot).longest);
  return policy;
}

// The world has one group: it is all groups of the class in one, which never has a shortage.
fleet::ManagedClass in_one_group(fleet::ManagedClass managed) {
  if (managed.groups.empty()) return managed;
  std::int64_t most = 0;
  for (const auto& group : managed.groups) most += group.most;
  const auto bound = [&](std::int64_t& instances) { instances = std::min(instances, most); };
  bound(managed.policy.min);
  bound(managed.policy.max);
  for (auto& schedule : managed.schedules) {
    if (schedule.min) bound(*schedule.min);
    if (schedule.max) bound(*schedule.max);
  }
  managed.groups.clear();
  return managed;
}

scaling::Policy our_policy(const Ours& ours, const Terms& terms) {
  scaling::Policy policy;
  policy.max = terms.max;
  policy.soon_free = ours.soon_free;
  policy.reuses = !ours.single_task;
  policy.foresight = ours.foresight;
  return of_a_group(policy, terms);
}

// Whether some instances are kept, whatever waits: then the world has no end of its own.
bool keeps_some(const fleet::ManagedClass& managed) {
  const auto& always = managed.policy;
  return scaling::kept_at_rest(always) > 0 ||
         std::ranges::any_of(managed.schedules, [&](const scaling::Schedule& schedule) {
           auto policy = always;
           policy.min = schedule.min.value_or(always.min);
           policy.warm = schedule.warm.value_or(always.warm);
           return scaling::kept_at_rest(policy) > 0;
         });
}

Error unknown_class(const std::string& file, const Configured& configured,
                    const std::string& name) {
  std::vector<std::string> names;
  for (const auto& [known, its] : configured.classes) names.push_back(printable(known));
  return {ErrorKind::invalid,
          fmt::format("{} of the trace is not in {}, which has {}. Add it there, or name the class "
                      "of the trace as there",
                      printable(name), printable(file), join(names, ", "))};
}

// What keeps one policy from running all of a trace.
Result<void> check(const Policy& policy, const Trace& trace) {
  const auto* configured = std::get_if<Configured>(&policy.what);
  if (configured == nullptr) return ok();
  for (const auto& name : trace.classes) {
    const auto found = configured->classes.find(name);
    if (found == configured->classes.end()) return unknown_class(policy.name, *configured, name);
    const auto& managed = found->second.managed;
    if (!managed.schedules.empty() && !trace.beginning) {
      return Error{ErrorKind::invalid,
                   fmt::format("{} has schedules, and the trace tells no dates: nobody knows when "
                               "they are in force. Give a trace with queued_at as RFC 3339",
                               printable(policy.name))};
    }
    if (scaling::highest_max(managed.policy, managed.schedules) == 0) {
      return Error{ErrorKind::invalid,
                   fmt::format("{}: 'max' of {} is 0, and its tasks would wait for ever",
                               printable(policy.name), printable(name))};
    }
  }
  return ok();
}

Conditions conditions_for(const Policy& policy, const std::string& resource_class,
                          const Terms& terms) {
  Conditions conditions;
  conditions.boot = terms.boot;
  conditions.launch_delay = Millis(0);
  conditions.replace_after = terms.replace_after;
  conditions.max = policy.fixed.value_or(terms.max);
  if (const auto* peer = std::get_if<simulation::Peer>(&policy.what)) {
    conditions.habits = peer->habits;
  } else if (const auto* ours = std::get_if<Ours>(&policy.what)) {
    conditions.habits = {.single_task = ours->single_task,
                         .idle_timeout = terms.idle_timeout,
                         .idle_after_task = terms.idle_after_task};
  } else if (const auto* configured = std::get_if<Configured>(&policy.what)) {
    const auto& its = configured->classes.at(resource_class);
    const auto managed = in_one_group(its.managed);
    conditions.habits = {.single_task = its.single_task,
                         .slots = managed.policy.slots,
                         .idle_timeout = terms.idle_timeout,
                         .idle_after_task = terms.idle_after_task};
    conditions.max = scaling::highest_max(managed.policy, managed.schedules);
    conditions.ends_with_its_tasks = keeps_some(managed);
  }
  return conditions;
}

// How long the curves are, if no task waits for long.
Millis expected_curves(const Trace& trace) {
  return trace.span() + 2 * kLead;
}

class OnePolicy {
 public:
  OnePolicy(const Trace& trace, const Policy& policy, const Terms& terms)
      : trace_(trace), policy_(policy), terms_(terms) {
    result_.name = policy.name;
    const bool is_bound = std::holds_alternative<LowerBound>(policy.what);
    if (terms.curves && !is_bound) curves_.emplace(expected_curves(trace));
  }

  Result<PolicyResult> run() {
    Random seeds(terms_.seed);
    const bool is_bound = std::holds_alternative<LowerBound>(policy_.what);
    for (const auto& [name, arrivals] : is_bound ? trace_.by_class() : trace_.with_pipelines()) {
      const auto seed = seeds.next();
      if (is_bound) {
        add_bound(arrivals);
      } else if (auto added = add_world(name, arrivals, seed); !added) {
        return added.error();
      }
    }
    std::ranges::sort(result_.waits);
    std::ranges::sort(result_.blocked_waits);
    if (curves_) {
      result_.curve = curves_->points();
      result_.work_end = curves_->work_end();
    }
    return std::move(result_);
  }

 private:
  void add_bound(const std::vector<simulation::Arrival>& arrivals) {
    const auto totals = lower_bound(arrivals, terms_.boot.least());
    result_.waits.insert(result_.waits.end(), arrivals.size(), Millis(0));
    result_.launches += totals.launches;
    result_.instance_time += totals.instance_time;
    for (const auto& arrival : arrivals) result_.busy_time += arrival.duration;
  }

  Result<void> add_world(const std::string& name, std::vector<simulation::Arrival> arrivals,
                         std::uint64_t seed) {
    auto end = kLead + kLongAfter;
    const auto boot = boots_of(terms_.boot).mean;
    for (auto& arrival : arrivals) {
      if (arrival.blocked_by.empty()) arrival.at += kLead;
      end += kSlowly * (boot + arrival.duration);
    }
    end += std::ranges::max(arrivals, {}, &simulation::Arrival::at).at;
    auto conditions = conditions_for(policy_, name, terms_);
    if (trace_.beginning) {
      conditions.beginning = *trace_.beginning + trace_.tasks.front().at - kLead;
    }
    World world(std::move(conditions), std::move(arrivals), seed);
    scale(world, name);
    world.tells_no_story();
    if (curves_) {
      world.watched_by([this](MonotonicTime when, const simulation::Levels& levels) {
        curves_->add(when.time_since_epoch(), levels);
      });
    }
    const auto totals = world.run(end);
    if (curves_) curves_->next_world();
    if (totals.unfinished > 0) {
      const bool is_theirs = std::holds_alternative<Configured>(policy_.what);
      return Error{
          is_theirs ? ErrorKind::invalid : ErrorKind::internal,
          fmt::format("{} has not done {} of {} after {}", printable(policy_.name),
                      count_of(totals.unfinished, "task"), printable(name), humanize(end))};
    }
    add(totals);
    return ok();
  }

  void scale(World& world, const std::string& resource_class) const {
    if (const auto* peer = std::get_if<simulation::Peer>(&policy_.what)) {
      world.scaled_by(*peer);
    } else if (const auto* ours = std::get_if<Ours>(&policy_.what)) {
      world.scaled_by_us(our_policy(*ours, terms_), {.judges = false});
    } else if (const auto* configured = std::get_if<Configured>(&policy_.what)) {
      auto managed = in_one_group(configured->classes.at(resource_class).managed);
      managed.policy = of_a_group(managed.policy, terms_);
      world.scaled_by_us(std::move(managed), {.judges = false});
    }
  }

  void add(const simulation::RunTotals& totals) {
    std::ranges::copy(totals.waits, std::back_inserter(result_.waits));
    std::ranges::copy(totals.blocked_waits, std::back_inserter(result_.blocked_waits));
    result_.instance_time += totals.group.instance_time;
    result_.busy_time += totals.group.busy_time;
    result_.launches += totals.group.launches;
    result_.wasted_boots += totals.group.wasted;
    result_.events += totals.events;
    result_.passes += totals.passes;
    result_.passes_made += totals.passes_made;
  }

  const Trace& trace_;
  const Policy& policy_;
  const Terms& terms_;
  std::optional<Curves> curves_;
  PolicyResult result_;
};

// All until the work of all has ended.
void end_curves(TraceResult& result, const Trace& trace) {
  Millis end{};
  for (const auto& policy : result.policies) end = std::max(end, policy.work_end + kLead);
  const auto expected = expected_curves(trace);
  const auto points = Curves::points_until(end, expected);
  for (auto& policy : result.policies) {
    if (!policy.curve.empty()) policy.curve.resize(points);
  }
  result.curve_end =
      expected * static_cast<std::int64_t>(points) / static_cast<std::int64_t>(Curves::kPoints);
}

// Of two numbers whose product may be large.
std::int64_t times_over(std::int64_t number, std::int64_t times, std::int64_t over) {
  const auto product =
      simulation::Wide(static_cast<std::uint64_t>(number)) * static_cast<std::uint64_t>(times);
  return static_cast<std::int64_t>(product / static_cast<std::uint64_t>(over));
}

}  // namespace

std::int64_t PolicyResult::idle_permille() const {
  if (instance_time.count() == 0) return 0;
  return times_over((instance_time - busy_time).count(), 1000, instance_time.count());
}

std::optional<std::int64_t> PolicyResult::cost(const Terms& terms) const {
  if (!terms.price) return std::nullopt;
  return times_over(instance_time.count(), *terms.price, kMillisPerHour);
}

Millis percentile(const std::vector<Millis>& sorted, std::int64_t percent) {
  if (sorted.empty()) return Millis(0);
  const auto rank = (std::ssize(sorted) * percent + 99) / 100;
  return sorted[static_cast<std::size_t>(std::max<std::int64_t>(rank, 1) - 1)];
}

Result<TraceResult> run_study(const std::string& name, const Trace& trace,
                              const std::vector<Policy>& policies, const Terms& terms,
                              const Watcher& watcher) {
  for (const auto& policy : policies) {
    if (auto checked = check(policy, trace); !checked) return checked.error().within(name);
  }
  TraceResult result;
  result.name = name;
  result.tasks = trace.tasks_that_come();
  result.classes = std::ssize(trace.classes);
  result.left_out = trace.left_out;
  result.span = trace.span();
  result.work = trace.work();
  result.boots_and_work = result.work + boots_of(terms.boot).mean * result.tasks;
  if (!trace.tasks.empty()) {
    result.last_queued = kLead + trace.tasks.back().at - trace.tasks.front().at;
  }
  for (const auto& policy : policies) {
    if (watcher) watcher(policy);
    auto ran = OnePolicy(trace, policy, terms).run();
    if (!ran) return ran.error();
    result.policies.push_back(std::move(*ran));
  }
  end_curves(result, trace);
  return result;
}

TraceResult together(const std::vector<TraceResult>& results) {
  TraceResult all;
  all.name = "all together";
  for (const auto& result : results) {
    all.tasks += result.tasks;
    all.classes += result.classes;
    all.left_out += result.left_out;
    all.span += result.span;
    all.work += result.work;
    all.boots_and_work += result.boots_and_work;
    all.policies.resize(result.policies.size());
    for (std::size_t i = 0; i < result.policies.size(); ++i) {
      const auto& from = result.policies[i];
      auto& to = all.policies[i];
      to.name = from.name;
      std::ranges::copy(from.waits, std::back_inserter(to.waits));
      std::ranges::copy(from.blocked_waits, std::back_inserter(to.blocked_waits));
      to.instance_time += from.instance_time;
      to.busy_time += from.busy_time;
      to.launches += from.launches;
      to.wasted_boots += from.wasted_boots;
      to.events += from.events;
      to.passes += from.passes;
      to.passes_made += from.passes_made;
    }
  }
  for (auto& policy : all.policies) {
    std::ranges::sort(policy.waits);
    std::ranges::sort(policy.blocked_waits);
  }
  return all;
}

}  // namespace muster::study
