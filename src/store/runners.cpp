#include "store/runners.hpp"

#include <set>
#include <string_view>

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::store {
namespace {

constexpr auto kShownFor = std::chrono::hours(12);
// Longer than any long poll or heartbeat takes, so that a runner that lives is always in.
constexpr auto kActiveFor = std::chrono::minutes(5);
constexpr std::size_t kMostElsewhere = 1'000;
constexpr std::int64_t kMostOfAClass = 20'000;
// Of a class that has more, those that are not active make room, long before it is full.
constexpr std::int64_t kManyOfAClass = kMostOfAClass / 2;
constexpr auto kCountAgain = std::chrono::seconds(1);

// The words of runner.leaving.
constexpr std::string_view kDrained = "drained";
constexpr std::string_view kRemoved = "removed";

std::string_view state_in_words(bool leaving, bool busy, bool active) {
  if (!busy && !active) return "gone";
  if (leaving) return "draining";
  return busy ? "busy" : "idle";
}

Error unknown_runner(const std::string& resource_class, const std::string& name) {
  return {ErrorKind::not_found, fmt::format("there is no runner {} of resource class {}",
                                            printable(name), printable(resource_class))};
}

}  // namespace

// Of one that was removed long enough ago nothing is left, though it may not be forgotten yet.
Result<void> Runners::contacted(const RunnerContact& contact, WallTime now) {
  const auto known = db_->execute(
      "UPDATE runner SET hostname = ?, ip = ?, version = ?, last_connected = ? "
      "WHERE resource_class = ? AND name = ? AND (leaving IS NOT ? OR last_connected >= ?)",
      contact.hostname, contact.ip, contact.version, now, contact.resource_class, contact.name,
      kRemoved, now - kActiveFor);
  if (known > 0) return ok();
  if (auto room = join_crowd(contact.resource_class, now); !room) return room.error();
  db_->execute("INSERT OR REPLACE INTO runner VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, NULL)",
               contact.resource_class, contact.name, contact.hostname, contact.ip, contact.version,
               now, now, now);
  changes_->demand.insert(contact.resource_class);
  return ok();
}

// So that who has a class's token cannot make runners without end. It is not counted each time, as
// that takes a millisecond.
Result<void> Runners::join_crowd(const std::string& resource_class, WallTime now) {
  const auto known = crowds_.find(resource_class);
  const auto is_old = [&](const Crowd& crowd) {
    return now - crowd.counted >= kCountAgain || now < crowd.counted;
  };
  if (known == crowds_.end() || (known->second.size >= kMostOfAClass && is_old(known->second))) {
    auto rows = db_->query("SELECT count(*) FROM runner WHERE resource_class = ?", resource_class);
    rows.next();
    crowds_[resource_class] = {rows.integer(0), now};
  }
  auto& crowd = crowds_.at(resource_class);
  if (crowd.size >= kMostOfAClass) {
    return Error{ErrorKind::conflict,
                 fmt::format("resource class {} has {} runners already: no other can join before "
                             "some of them have not been heard of for a while",
                             resource_class, kMostOfAClass)};
  }
  ++crowd.size;
  return ok();
}

void Runners::heard(const std::string& resource_class, const std::string& name, WallTime now) {
  db_->execute("UPDATE runner SET last_connected = ? WHERE resource_class = ? AND name = ?", now,
               resource_class, name);
}

void Runners::claimed(const std::string& resource_class, const std::string& name, WallTime now) {
  db_->execute(
      "UPDATE runner SET tasks_claimed = tasks_claimed + 1, last_used = ?, last_connected = ? "
      "WHERE resource_class = ? AND name = ?",
      now, now, resource_class, name);
}

// --- Leaving --------------------------------------------------------------------------------

Result<Runners::Standing> Runners::standing(const std::string& resource_class,
                                            const std::string& name, WallTime now) {
  auto rows = db_->query(
      "SELECT leaving IS ?1, leaving IS ?2, EXISTS (SELECT 1 FROM task WHERE state = 'running' AND "
      "task.resource_class = runner.resource_class AND task.runner = runner.name), "
      "last_connected >= ?3 FROM runner WHERE resource_class = ?4 AND name = ?5",
      kDrained, kRemoved, now - kActiveFor, resource_class, name);
  if (!rows.next()) return unknown_runner(resource_class, name);
  return Standing{rows.boolean(0), rows.boolean(1), rows.boolean(2), rows.boolean(3)};
}

void Runners::set_leaving(const std::string& resource_class, const std::string& name,
                          std::string_view how) {
  db_->execute("UPDATE runner SET leaving = ? WHERE resource_class = ? AND name = ?", how,
               resource_class, name);
}

Result<bool> Runners::drain(const std::string& resource_class, const std::string& name) {
  const auto known = standing(resource_class, name, WallTime{});
  if (!known) return known.error();
  if (known->removed) return unknown_runner(resource_class, name);
  if (known->drained) return false;
  set_leaving(resource_class, name, kDrained);
  changes_->drained.insert({resource_class, name});
  changes_->demand.insert(resource_class);
  return true;
}

Result<bool> Runners::remove(const std::string& resource_class, const std::string& name,
                             WallTime now) {
  const auto known = standing(resource_class, name, now);
  if (!known) return known.error();
  if (known->removed) return false;
  if (known->busy || (known->active && !known->drained)) {
    return Error{ErrorKind::conflict,
                 fmt::format("runner {} {}", printable(name),
                             known->drained ? "still runs a task: remove it once that has ended"
                             : known->busy  ? "runs a task: drain it first"
                                            : "may take a task: drain it first")};
  }
  if (known->active) {
    set_leaving(resource_class, name, kRemoved);
  } else {
    db_->execute("DELETE FROM runner WHERE resource_class = ? AND name = ?", resource_class, name);
  }
  return true;
}

bool Runners::is_leaving(const std::string& resource_class, const std::string& name) {
  return db_
      ->query("SELECT 1 FROM runner WHERE resource_class = ? AND name = ? AND leaving IS NOT NULL",
              resource_class, name)
      .next();
}

// --- What is seen ---------------------------------------------------------------------------

std::vector<protocol::RunnerItem> Runners::list(const RunnerFilter& filter, WallTime now) {
  std::vector<protocol::RunnerItem> items;
  const auto prefix = filter.of_namespace ? *filter.of_namespace + "/" : "";
  for (auto rows = db_->query(
           "SELECT runner.resource_class, hostname, runner.name, first_connected, last_connected, "
           "last_used, version, ip, leaving IS NOT NULL, last_connected >= ?1, task.id, "
           "pipeline.number, job.number, job.name, task.slice, task.started_at FROM runner "
           "LEFT JOIN task ON task.id = (SELECT its.id FROM task AS its WHERE "
           "its.state = 'running' AND its.resource_class = runner.resource_class AND "
           "its.runner = runner.name ORDER BY its.started_at DESC LIMIT 1) "
           "LEFT JOIN job ON job.id = task.job_id "
           "LEFT JOIN workflow ON workflow.id = job.workflow_id "
           "LEFT JOIN pipeline ON pipeline.id = workflow.pipeline_id "
           "WHERE last_connected >= ?2 AND leaving IS NOT ?3 "
           "AND substr(runner.resource_class, 1, length(?4)) = ?4 "
           "AND runner.resource_class = coalesce(?5, runner.resource_class) "
           "ORDER BY runner.resource_class, runner.name",
           now - kActiveFor, now - kShownFor, kRemoved, prefix, filter.resource_class);
       rows.next();) {
    const bool busy = !rows.is_null(10);
    items.push_back({rows.text(0), rows.text(1), rows.text(2), rows.time(3), rows.time(4),
                     rows.time(5), rows.text(6), rows.text(7),
                     std::string(state_in_words(rows.boolean(8), busy, rows.boolean(9))),
                     std::nullopt});
    if (!busy) continue;
    items.back().task =
        protocol::RunnerTask{rows.text(10), rows.integer(11), rows.integer(12),
                             rows.text(13), rows.integer(14), rows.optional_time(15)};
  }
  return items;
}

std::vector<protocol::RunnerActivity> Runners::activity(const std::string& resource_class,
                                                        WallTime now) {
  std::vector<protocol::RunnerActivity> items;
  for (auto rows = db_->query(
           "SELECT name, tasks_claimed, first_connected, last_connected, EXISTS (SELECT 1 FROM "
           "task WHERE state = 'running' AND task.resource_class = runner.resource_class AND "
           "task.runner = runner.name) AS busy, leaving IS NOT NULL FROM runner WHERE "
           "resource_class = ? AND "
           "(last_connected >= ? OR busy) ORDER BY name",
           resource_class, now - kActiveFor);
       rows.next();) {
    const auto draining = rows.boolean(5) ? std::optional(true) : std::nullopt;
    items.push_back(
        {rows.text(0), rows.boolean(4), rows.integer(1), rows.time(2), rows.time(3), draining});
  }
  return items;
}

std::vector<protocol::OtherRunner> Runners::active_elsewhere(
    const std::vector<std::string>& classes, WallTime now) {
  const std::set<std::string_view> asked(classes.begin(), classes.end());
  std::vector<protocol::OtherRunner> items;
  for (auto rows = db_->query("SELECT resource_class, name FROM runner WHERE last_connected >= ? "
                              "ORDER BY last_connected DESC",
                              now - kActiveFor);
       items.size() < kMostElsewhere && rows.next();) {
    if (!asked.contains(rows.text(0))) items.push_back({rows.text(0), rows.text(1)});
  }
  return items;
}

std::map<std::string, std::int64_t> Runners::active(WallTime now) {
  std::map<std::string, std::int64_t> classes;
  for (auto rows = db_->query("SELECT resource_class, count(*) FROM runner "
                              "WHERE last_connected >= ? GROUP BY resource_class",
                              now - kActiveFor);
       rows.next();) {
    classes[rows.text(0)] = rows.integer(1);
  }
  return classes;
}

// A clock that was set back has left some in the future, where none would be forgotten for long.
void Runners::forget_unseen(WallTime now) {
  db_->execute("UPDATE runner SET last_connected = ?1 WHERE last_connected > ?1", now);
  forget(std::nullopt, now - kShownFor);
  std::vector<std::string> large;
  for (auto rows = db_->query("SELECT resource_class FROM runner GROUP BY resource_class "
                              "HAVING count(*) > ?",
                              kManyOfAClass);
       rows.next();) {
    large.push_back(rows.text(0));
  }
  for (const auto& resource_class : large) forget(resource_class, now - kActiveFor);
  db_->execute("DELETE FROM runner WHERE leaving = ? AND last_connected < ?", kRemoved,
               now - kActiveFor);
  count_anew();
}

void Runners::forget(const std::optional<std::string>& resource_class, WallTime unseen_since) {
  db_->execute(
      "DELETE FROM runner WHERE resource_class = coalesce(?, resource_class) AND "
      "last_connected < ? AND NOT EXISTS (SELECT 1 FROM task WHERE state = 'running' AND "
      "task.resource_class = runner.resource_class AND task.runner = runner.name)",
      resource_class, unseen_since);
}

}  // namespace muster::store
