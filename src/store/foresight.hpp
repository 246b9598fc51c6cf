#pragma once

// What the queue's keeper can tell of tasks that do not wait yet: jobs that are blocked by tasks
// that run, and when these should end by how long they took before. Belongs to the thread of the
// Queue.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "db/database.hpp"
#include "protocol/messages.hpp"

namespace muster::store {

class Foresight {
 public:
  explicit Foresight(db::Database& database) : db_(&database) {}

  // Of a class, the soonest first, as many as the protocol lets there be. A job is in it if all
  // that it still requires runs, and has mostly succeeded before.
  std::vector<protocol::ForeseenTasks> of(const std::string& resource_class);

  // When a job that is blocked should be queued, if all that is before it takes as long as it
  // mostly did, and what waits starts now. Nothing, if nobody can tell.
  std::optional<WallTime> queued_at(const std::string& job_id, WallTime now);

  // Classes of tasks that this one blocks.
  std::vector<std::string> classes_behind(const std::string& job_id);

 private:
  struct Blocked {
    std::string job_id;
    std::int64_t tasks = 0;
  };
  struct Release {
    WallTime at{};
    std::string task_id;  // whose end it is
    std::string resource_class;
  };

  using Times = std::map<std::string, std::optional<WallTime>>;  // by job: looked up once
  std::optional<WallTime> queued_at(const std::string& job_id, WallTime now, Times& known);

  std::vector<Blocked> behind_running(const std::string& resource_class);
  std::optional<Release> release_of(const std::string& job_id);
  std::optional<Millis> usual_time(const std::string& task_id);
  std::optional<Millis> usual_time_in_history(const std::string& task_id);

  db::Database* db_;
  // Of tasks that run: looked up once, so that what is foreseen stays what it is.
  std::map<std::string, std::optional<Millis>> usual_;
};

}  // namespace muster::store
