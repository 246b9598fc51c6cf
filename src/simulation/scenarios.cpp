#include "simulation/scenarios.hpp"

#include <algorithm>

namespace muster::simulation {

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Habits kReused{.single_task = false, .idle_timeout = minutes(10)};

scaling::Policy policy(std::int64_t max = 20) {
  scaling::Policy policy;
  policy.max = max;
  policy.reaps = true;
  policy.drains = false;
  policy.boot_timeout = minutes(5);
  policy.longest_life = hours(6);
  return policy;
}

Conditions group_of(std::int64_t max = 20) {
  Conditions conditions;
  conditions.max = max;
  return conditions;
}

std::vector<Arrival> at_once(Millis at, int count, Millis duration) {
  return std::vector<Arrival>(static_cast<std::size_t>(count), {at, duration});
}

std::vector<Arrival> every(Millis gap, int count, Millis duration) {
  std::vector<Arrival> arrivals;
  for (int i = 1; i <= count; ++i) arrivals.push_back({gap * i, duration});
  return arrivals;
}

std::vector<Arrival> together(std::vector<Arrival> some, const std::vector<Arrival>& more) {
  some.insert(some.end(), more.begin(), more.end());
  std::ranges::stable_sort(some, {}, &Arrival::at);
  return some;
}

// --- running tasks are ended --------------------------------------------------------------------

// The queue shows the pause between two waves when the second already runs.
Scenario late_idle_reading() {
  Scenario it{.name = "late-idle-reading",
              .source = "1, terraform-aws-github-runner#5085",
              .mishap = "the queue looks idle long after its tasks were claimed"};
  it.conditions = group_of();
  it.conditions.protects = false;
  it.conditions.habits = kReused;
  it.conditions.faults.counts_lag = minutes(2);
  it.arrivals =
      together(at_once(seconds(1), 14, minutes(5)), at_once(minutes(11), 14, minutes(30)));
  it.policy = policy();
  it.naive = unprotected(kReused);
  return it;
}

Scenario shrinking_group() {
  Scenario it{.name = "shrinking-group",
              .source = "2, elastic-ci-stack-for-aws#1399",
              .mishap = "the group shrinks while a deploy runs on its oldest instance"};
  it.conditions = group_of();
  it.conditions.protects = false;
  it.arrivals = together(at_once(seconds(1), 1, hours(1)), at_once(minutes(3), 5, minutes(2)));
  it.policy = policy();
  it.naive = unprotected({.gives_up_its_place = false});
  return it;
}

Scenario zone_rebalancing() {
  Scenario it{.name = "zone-rebalancing",
              .source = "2, elastic-ci-stack-for-aws#435",
              .mishap = "AWS evens out its zones after each end"};
  it.conditions = group_of();
  it.conditions.faults.zone_rebalancing = 300;
  it.arrivals = together(at_once(seconds(1), 1, hours(1)), every(minutes(10), 4, minutes(2)));
  it.policy = policy();
  it.naive = unprotected({.gives_up_its_place = false});
  return it;
}

Scenario slow_registration() {
  Scenario it{.name = "slow-registration",
              .source = "3, terraform-aws-github-runner#4391",
              .mishap = "runners are listed 12 minutes late"};
  it.conditions = group_of();
  it.conditions.faults.runners_lag = minutes(12);
  it.arrivals = at_once(seconds(1), 5, minutes(30));
  it.policy = policy();
  it.naive = ends_the_unlisted(minutes(5));
  return it;
}

Scenario assigned_meanwhile() {
  Scenario it{.name = "assigned-meanwhile",
              .source = "4, woodpecker autoscaler#50",
              .mishap = "an idle instance is given a task before its end comes"};
  it.conditions = group_of();
  it.conditions.habits = kReused;
  it.arrivals = every(seconds(100), 30, seconds(80));
  it.policy = policy();
  it.naive = ends_who_was_idle();
  return it;
}

// --- tasks wait for ever ------------------------------------------------------------------------

Scenario ended_still_counted() {
  Scenario it{.name = "ended-still-counted",
              .source = "5, buildkite-agent-scaler#39, spacelift workerpool-on-ec2#84",
              .mishap = "the group counts instances that have ended for 20 minutes"};
  it.conditions = group_of();
  it.conditions.replace_after = Distribution::constant(minutes(20));
  it.arrivals = every(minutes(5), 10, minutes(1));
  it.policy = policy();
  it.limits.wait = minutes(3);
  return it;
}

Scenario no_longer_queued() {
  Scenario it{.name = "no-longer-queued",
              .source = "6, terraform-aws-github-runner#4262",
              .mishap = "a new task is not in the counts for half a minute"};
  it.conditions = group_of();
  it.conditions.faults.counts_lag = seconds(30);
  it.arrivals = every(minutes(10), 5, minutes(2));
  it.policy = policy();
  it.limits = {.launches = 5};
  it.naive = asks_before_it_launches();
  return it;
}

// --- boots fail ---------------------------------------------------------------------------------

Scenario no_agent() {
  Scenario it{.name = "no-agent",
              .source = "7, elastic-ci-stack-for-aws#1618, #1015",
              .mishap = "three of ten machines run well, without a runner"};
  it.conditions = group_of();
  it.conditions.faults.boot_never_connects = 300;
  it.arrivals = every(minutes(7), 10, seconds(100));
  it.policy = policy();
  it.limits = {.launches = 25};
  return it;
}

Scenario errored_servers() {
  Scenario it{.name = "errored-servers",
              .source = "8, drone autoscaler#51, #96",
              .mishap = "for an hour no boot succeeds"};
  it.conditions = group_of(100);
  it.conditions.faults.boot_never_connects = 1000;
  it.conditions.mended_after = hours(1);
  it.arrivals = at_once(seconds(1), 5, minutes(2));
  it.policy = policy(100);
  it.limits = {.launches = 25, .wait = minutes(80)};
  it.naive = does_not_count_who_boots();
  it.told = scaling::Rule::backoff;
  return it;
}

Scenario failing_ready_check() {
  Scenario it{.name = "failing-ready-check",
              .source = "9, gitlab taskscaler#26",
              .mishap = "a boot takes longer than one is given to be ready"};
  it.conditions = group_of();
  it.conditions.boot = Distribution::constant(minutes(4));
  it.arrivals = every(minutes(30), 3, minutes(2));
  it.policy = policy();
  it.limits = {.launches = 3};
  it.naive = ends_the_unlisted(minutes(1));
  return it;
}

// --- too many -----------------------------------------------------------------------------------

Scenario builds_become_nodes() {
  Scenario it{.name = "builds-become-nodes",
              .source = "10, jenkins ec2-plugin PR#1149",
              .mishap = "100 tasks come at once, and boots take four minutes"};
  it.conditions = group_of(1000);
  it.conditions.boot = Distribution::constant(minutes(4));
  it.arrivals = at_once(seconds(1), 100, minutes(10));
  it.policy = policy(1000);
  it.limits = {.launches = 100};
  it.naive = does_not_count_who_boots();
  return it;
}

Scenario two_scalers() {
  Scenario it{.name = "two-scalers",
              .source = "11, buildkite-agent-scaler#20",
              .mishap = "two scalers look after one queue"};
  it.conditions = group_of();
  it.arrivals = every(minutes(5), 5, minutes(2));
  it.policy = policy();
  it.limits = {.launches = 5};
  it.naive = launches_per_event();
  it.scalers = 2;
  return it;
}

Scenario not_found_yet() {
  Scenario it{.name = "not-found-yet",
              .source = "12, woodpecker autoscaler#226",
              .mishap = "AWS lists what was launched up to a minute late"};
  it.conditions = group_of();
  it.conditions.faults.list_lag = minutes(1);
  it.arrivals = every(minutes(10), 5, minutes(2));
  it.policy = policy();
  it.limits = {.launches = 5};
  it.naive = believes_only_in_the_listed();
  return it;
}

// --- what is left -------------------------------------------------------------------------------

Scenario throttled_end() {
  Scenario it{.name = "throttled-end",
              .source = "13, buildkite-agent-scaler#340",
              .mishap = "half of all calls are throttled, and some boots never connect"};
  it.conditions = group_of();
  it.conditions.faults.call_throttled = 500;
  it.conditions.faults.boot_never_connects = 300;
  it.arrivals = every(minutes(7), 10, minutes(2));
  it.policy = policy();
  it.naive = ends_only_once();
  return it;
}

Scenario ghost_registrations() {
  Scenario it{.name = "ghost-registrations",
              .source = "14, terraform-aws-github-runner#5007",
              .mishap = "Spot instances go, and stay registered for half a day"};
  it.conditions = group_of();
  it.conditions.faults.spot_interruption = 400;
  it.conditions.faults.ghosts_for = hours(12);
  it.arrivals = every(minutes(10), 10, minutes(5));
  it.policy = policy();
  it.limits = {.wait = minutes(30)};
  it.naive = counts_registrations();
  return it;
}

Scenario canceled_at_start() {
  Scenario it{.name = "canceled-at-start",
              .source = "15, machulav/ec2-github-runner#206",
              .mishap = "a task is cancelled while its instance boots"};
  it.conditions = group_of();
  it.arrivals = every(minutes(5), 4, minutes(2));
  it.arrivals[1].canceled_after = it.arrivals[3].canceled_after = seconds(30);
  it.policy = policy();
  it.limits = {.launches = 4};
  it.naive = ends_with_the_task();
  return it;
}

Scenario no_capacity() {
  Scenario it{.name = "no-capacity",
              .source = "16, terraform-aws-github-runner#4653",
              .mishap = "for half an hour there is no capacity"};
  it.conditions = group_of();
  it.conditions.faults.launch_refused = 1000;
  it.conditions.mended_after = minutes(30);
  it.arrivals = at_once(seconds(1), 3, minutes(2));
  it.policy = policy();
  it.limits = {.wait = minutes(45)};
  it.naive = launches_once();
  it.told = scaling::Rule::backoff;
  return it;
}

// Spot before On-Demand.
Scenario preferred_group_short() {
  Scenario it{.name = "preferred-group-short",
              .source = "16, likewise",
              .mishap = "for an hour the preferred one of two groups has no capacity"};
  it.conditions = group_of();
  it.conditions.reserve = 20;
  it.conditions.faults.launch_refused = 1000;
  it.conditions.mended_after = hours(1);
  it.arrivals = every(minutes(10), 12, minutes(2));
  it.policy = policy();
  it.limits = {.launches = 12, .wait = minutes(3)};
  it.told = scaling::Rule::shortage;
  return it;
}

// --- others are blocked -------------------------------------------------------------------------

// CircleCI lets 20 tasks run at once, and starts what was queued first.
Scenario plan_used_up() {
  Scenario it{.name = "plan-used-up",
              .source = "21, CircleCI's page on troubleshooting",
              .mishap = "200 queued tasks of another class use up the plan"};
  it.conditions = group_of(300);
  it.conditions.neighbour = Neighbour{.tasks = 200, .duration = minutes(4), .plan = 20};
  it.arrivals = every(minutes(10), 4, minutes(2));
  it.policy = policy(300);
  it.limits = {.wait = minutes(8)};
  it.told = scaling::Rule::plan;
  return it;
}

}  // namespace

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all{
      late_idle_reading(),  shrinking_group(),       zone_rebalancing(),    slow_registration(),
      assigned_meanwhile(), ended_still_counted(),   no_longer_queued(),    no_agent(),
      errored_servers(),    failing_ready_check(),   builds_become_nodes(), two_scalers(),
      not_found_yet(),      throttled_end(),         ghost_registrations(), canceled_at_start(),
      no_capacity(),        preferred_group_short(), plan_used_up()};
  return all;
}

}  // namespace muster::simulation
