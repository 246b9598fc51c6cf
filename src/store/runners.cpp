#include "store/runners.hpp"

#include <set>
#include <string_view>

#include <fmt/core.h>

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

}  // namespace

Result<void> Runners::contacted(const RunnerContact& contact, WallTime now) {
  const auto known = db_->execute(
      "UPDATE runner SET hostname = ?, ip = ?, version = ?, last_connected = ? "
      "WHERE resource_class = ? AND name = ?",
      contact.hostname, contact.ip, contact.version, now, contact.resource_class, contact.name);
  if (known > 0) return ok();
  if (auto room = join_crowd(contact.resource_class, now); !room) return room.error();
  db_->execute("INSERT INTO runner VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?)", contact.resource_class,
               contact.name, contact.hostname, contact.ip, contact.version, now, now, now);
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

std::vector<protocol::RunnerItem> Runners::list(const RunnerFilter& filter, WallTime now) {
  std::vector<protocol::RunnerItem> items;
  const auto prefix = filter.of_namespace ? *filter.of_namespace + "/" : "";
  for (auto rows = db_->query(
           "SELECT resource_class, hostname, name, first_connected, last_connected, last_used, "
           "version, ip FROM runner WHERE last_connected >= ?1 "
           "AND substr(resource_class, 1, length(?2)) = ?2 "
           "AND resource_class = coalesce(?3, resource_class) ORDER BY resource_class, name",
           now - kShownFor, prefix, filter.resource_class);
       rows.next();) {
    items.push_back({rows.text(0), rows.text(1), rows.text(2), rows.time(3), rows.time(4),
                     rows.time(5), rows.text(6), rows.text(7)});
  }
  return items;
}

std::vector<protocol::RunnerActivity> Runners::activity(const std::string& resource_class,
                                                        WallTime now) {
  std::vector<protocol::RunnerActivity> items;
  for (auto rows = db_->query(
           "SELECT name, tasks_claimed, first_connected, last_connected, EXISTS (SELECT 1 FROM "
           "task WHERE state = 'running' AND task.resource_class = runner.resource_class AND "
           "task.runner = runner.name) AS busy FROM runner WHERE resource_class = ? AND "
           "(last_connected >= ? OR busy) ORDER BY name",
           resource_class, now - kActiveFor);
       rows.next();) {
    items.push_back({rows.text(0), rows.boolean(4), rows.integer(1), rows.time(2), rows.time(3)});
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
