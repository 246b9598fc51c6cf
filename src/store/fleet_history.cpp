#include "store/fleet_history.hpp"

#include <algorithm>
#include <array>

namespace muster::store {
namespace {

constexpr std::int64_t kBite = 2'000;  // steps of a tier

constexpr std::array<Span, 4> kSpans = {{
    {"hour", std::chrono::hours(1), kTiers[0]},
    {"day", std::chrono::days(1), kTiers[1]},
    {"week", std::chrono::days(7), kTiers[2]},
    {"month", std::chrono::days(30), kTiers[2]},
}};

FleetStep step_of(const db::Rows& rows) {
  FleetStep step;
  step.known = rows.boolean(1);
  step.sums = {rows.integer(2),      rows.integer(3), rows.integer(4),
               rows.integer(5),      rows.integer(6), {},
               rows.optional_text(8)};
  if (const auto cost = rows.optional_integer(7)) step.sums.cost = protocol::Money{*cost};
  step.most = {rows.time(0),     rows.integer(9),  rows.integer(10), rows.integer(11),
               rows.integer(12), rows.integer(13), rows.integer(14), rows.integer(15)};
  return step;
}

// Of the finest steps none is kept in which nothing was: it is known from those that it is within.
void add_calm(const std::map<WallTime, FleetStep>& coarse, Millis length, WallTime from,
              WallTime to, std::map<WallTime, FleetStep>& fine) {
  for (const auto& [begin, step] : coarse) {
    if (!step.known) continue;
    for (auto at = begin; at < begin + length && at <= to; at += kTiers[0].step) {
      if (at > from) fine[at].known = true;
    }
  }
}

}  // namespace

std::optional<Span> span_of(std::string_view name) {
  const auto found = std::ranges::find(kSpans, name, &Span::name);
  return found == kSpans.end() ? std::nullopt : std::optional(*found);
}

void FleetHistory::report(const protocol::ClassFleet& fleet, const Now& now) {
  const auto& name = fleet.resource_class;
  classes_[name].steps.report({.queue = queue_->unclaimed(name),
                               .running = queue_->running(name),
                               .desired = fleet.desired,
                               .live = fleet.live,
                               .busy = fleet.busy,
                               .booting = fleet.booting,
                               .idle = fleet.idle,
                               .price = fleet.price_per_hour,
                               .currency = fleet.currency.value_or("")},
                              now);
}

void FleetHistory::happened(const std::vector<Milestone>& milestones, const Now& now) {
  for (const auto& milestone : milestones) {
    if (milestone.what != Milestone::What::ended) continue;
    classes_[milestone.resource_class].steps.ended(1, now);
  }
}

std::map<WallTime, FleetStep> FleetHistory::steps(const std::string& resource_class, Millis step,
                                                  WallTime from, WallTime to) {
  auto steps = read(resource_class, step, from, to);
  const auto heard = classes_.find(resource_class);
  if (heard == classes_.end()) return steps;
  for (const auto& [key, unwritten] : heard->second.steps.steps()) {
    const auto [length, at] = key;
    if (length == step && at > from && at <= to) steps[at].add(unwritten);
  }
  return steps;
}

protocol::FleetHistory FleetHistory::history(const std::string& resource_class, const Span& span,
                                             const Now& now) {
  const auto heard = classes_.find(resource_class);
  if (heard != classes_.end()) heard->second.steps.advance(now);
  const auto from = now.wall - span.length;
  auto all = steps(resource_class, span.tier.step, from, now.wall);
  if (span.tier.step == kTiers[0].step) {
    const auto coarse = steps(resource_class, kTiers[1].step, from - kTiers[1].step, now.wall);
    add_calm(coarse, kTiers[1].step, from, now.wall, all);
  }
  protocol::FleetHistory history{
      resource_class, std::string(span.name), span.tier.step.count(), {}, {}};
  FleetStep sum;
  for (const auto& [at, step] : all) {
    sum.add(step);
    if (!step.known) continue;
    history.points.push_back(step.most);
    history.points.back().at = at;
  }
  history.totals = sum.sums;
  return history;
}

void FleetHistory::keep(const Now& now) {
  bool wrote = false;
  for (auto& [name, one] : classes_) {
    one.steps.look(queue_->unclaimed(name), queue_->running(name), now);
    one.steps.put_back(std::exchange(one.being_written, {}));
    one.being_written = one.steps.take(now.wall);
    if (one.being_written.empty()) continue;
    write(name, one.being_written);
    wrote = true;
  }
  if (!wrote) return;
  forget_old(now.wall);
  changes_->after_commit.emplace_back([this] {
    for (auto& [name, one] : classes_) one.being_written.clear();
  });
}

// What is there of a step is added to. Of a class that was deleted meanwhile nothing is kept.
void FleetHistory::write(const std::string& resource_class, const FleetSteps::Steps& steps) {
  if (!db_->query("SELECT 1 FROM resource_class WHERE name = ?", resource_class).next()) return;
  for (const auto& [key, step] : steps) {
    const auto [length, at] = key;
    FleetStep whole;
    for (const auto& [unused, before] : read(resource_class, length, at - Millis(1), at)) {
      whole.add(before);
    }
    whole.add(step);
    const auto& [instance, booting, idle, busy, tasks, cost, currency] = whole.sums;
    const auto millionths = cost ? std::optional(cost->millionths) : std::nullopt;
    db_->execute(
        "INSERT OR REPLACE INTO fleet_step VALUES "
        "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        resource_class, length.count(), at, whole.known, instance, booting, idle, busy, tasks,
        millionths, currency, whole.most.queue, whole.most.running, whole.most.desired,
        whole.most.live, whole.most.busy, whole.most.booting, whole.most.idle);
  }
}

// Those that begin after `from`, and not after `to`.
std::map<WallTime, FleetStep> FleetHistory::read(const std::string& resource_class, Millis step,
                                                 WallTime from, WallTime to) {
  std::map<WallTime, FleetStep> steps;
  for (auto rows = db_->query(
           "SELECT at, known, instance_ms, booting_ms, idle_ms, busy_ms, tasks, cost, currency, "
           "queue, running, desired, live, busy, booting, idle FROM fleet_step "
           "WHERE resource_class = ? AND step_ms = ? AND at > ? AND at <= ?",
           resource_class, step.count(), from, to);
       rows.next();) {
    steps.emplace(rows.time(0), step_of(rows));
  }
  return steps;
}

void FleetHistory::forget(const std::string& resource_class) {
  classes_.erase(resource_class);
  db_->execute("DELETE FROM fleet_step WHERE resource_class = ?", resource_class);
}

void FleetHistory::forget_old(WallTime now) {
  for (const auto& tier : kTiers) {
    db_->execute(
        "DELETE FROM fleet_step WHERE (resource_class, step_ms, at) IN (SELECT resource_class, "
        "step_ms, at FROM fleet_step WHERE step_ms = ? AND at <= ? LIMIT ?)",
        tier.step.count(), now - tier.kept, kBite);
  }
}

}  // namespace muster::store
