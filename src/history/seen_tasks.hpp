#pragma once

// The tasks behind a log of decisions, as far as it tells of them. Pure and total.
//
// A record has no tasks, only how many wait and how many run. Between two records of a class no
// more is taken to have happened than must have: what waits or runs has come, what runs no more has
// ended, and where fewer wait and none more runs, others had ended and made room. Who waits longest
// starts first, and who has run longest ends first. So each time is late by as much as the queue's
// readings are apart, and a task that ended and made room for another between two readings, with
// none waiting, is one with it.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fleet/loop.hpp"

namespace muster::history {

// More than this a count of tasks is not believed.
inline constexpr std::int64_t kMostTasksAtOnce = 1'000'000;

// So many that were queued at once, and ran for the same time.
struct SeenTasks {
  std::string resource_class;
  WallTime queued_at{};
  Millis duration{};
  std::int64_t count = 0;

  friend bool operator==(const SeenTasks&, const SeenTasks&) = default;
};

// Left out: of these nobody knows when they were queued, or how long they ran.
struct UnseenTasks {
  std::int64_t ran_before = 0;  // when the class's first record was made
  std::int64_t not_seen = 0;    // to run: they were canceled, or ran between two readings
  std::int64_t unfinished = 0;  // wait or run in the class's last record

  friend bool operator==(const UnseenTasks&, const UnseenTasks&) = default;
};

// Takes the records of a log, the oldest first.
class TaskReader {
 public:
  void take(const fleet::ClassPass& record);

  const std::vector<SeenTasks>& tasks() const { return tasks_; }  // by class, as they ended
  UnseenTasks unseen() const;
  // When it was queued, as of the class's latest record that could be read. Nothing: none waits.
  std::optional<WallTime> oldest_waiting(const std::string& resource_class) const;
  // How long those took that have ended, the latest last, `most` at most.
  std::vector<Millis> durations(const std::string& resource_class, std::size_t most) const;
  // When those have started that run; of before the class's first record nobody knows.
  std::vector<WallTime> starts_of_running(const std::string& resource_class) const;

 private:
  // So many that came, or started, at once.
  struct Waiting {
    WallTime queued_at{};
    std::int64_t count = 0;
  };
  struct Running {
    WallTime queued_at{};
    std::optional<WallTime> started_at;  // nothing: before the first record
    std::int64_t count = 0;
  };
  struct Line {
    std::int64_t unclaimed = 0;
    std::int64_t running = 0;
    WallTime read_at{};
    std::deque<Waiting> waiting;  // the oldest first
    std::deque<Running> at_work;
  };
  static void start(Line& line, std::int64_t count);
  void end(const std::string& resource_class, Line& line, std::int64_t count);

  std::map<std::string, Line> lines_;
  std::vector<SeenTasks> tasks_;
  UnseenTasks unseen_;
};

}  // namespace muster::history
