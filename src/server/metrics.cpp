#include "server/metrics.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include <fmt/core.h>

#include "metrics/process.hpp"
#include "store/room.hpp"

namespace muster::server {
namespace {

using metrics::Definition;
using metrics::Kind;

// Requests.
constexpr Definition kRequests{Kind::counter,
                               "muster_server_requests_total",
                               "Requests that were answered, by route and class of status.",
                               {"method", "route", "status"}};
constexpr Definition kRequestSeconds{
    Kind::histogram,
    "muster_server_request_seconds",
    "From a request's arrival until it is on the disk and answered, of those that did not wait "
    "for news.",
    {"method", "route"},
    metrics::kShortTimes};
constexpr Definition kRefused{Kind::counter,
                              "muster_server_refused_requests_total",
                              "Requests refused by their head: a stranger's, or one too many.",
                              {"status"}};
constexpr Definition kParked{Kind::gauge, "muster_server_parked_requests",
                             "Requests that wait for news: long polls."};
constexpr Definition kStreams{Kind::gauge, "muster_server_event_streams",
                              "Answers that go on: server-sent events."};
constexpr Definition kConnections{Kind::gauge, "muster_server_connections", "Open connections."};
constexpr Definition kConnectionLimit{Kind::gauge, "muster_server_connections_limit",
                                      "So many connections may be open."};

// The disk.
constexpr Definition kGroups{Kind::counter, "muster_server_commit_groups_total",
                             "Groups of requests, each committed as one."};
constexpr Definition kGrouped{
    Kind::counter, "muster_server_grouped_requests_total",
    "Requests handled in these groups, again for each time that they were "
    "woken."};
constexpr Definition kLargest{Kind::gauge, "muster_server_largest_commit_group",
                              "Requests in the largest of these groups."};
constexpr Definition kSyncs{Kind::counter, "muster_server_fsyncs_total",
                            "Times that the database has waited for the disk."};
constexpr Definition kDatabase{Kind::gauge, "muster_server_database_bytes",
                               "Size of the database and its log."};
constexpr Definition kOutput{Kind::counter, "muster_server_output_bytes_total",
                             "Output of steps that was taken."};
constexpr Definition kDiskSize{Kind::gauge, "muster_server_disk_size_bytes",
                               "Size of the file system that the data is on."};
constexpr Definition kDiskFree{Kind::gauge, "muster_server_disk_available_bytes",
                               "Room that is left on it for the server."};
constexpr Definition kDiskReserve{Kind::gauge, "muster_server_disk_reserve_bytes",
                                  "Of that room, what is not given to output and sources."};

// Tasks and runners.
constexpr Definition kTasks{Kind::gauge,
                            "muster_server_tasks",
                            "Tasks that are queued or running.",
                            {"resource_class", "state"}};
constexpr Definition kNextQueued{
    Kind::gauge,
    "muster_server_next_task_queued_timestamp_seconds",
    "When the task was queued that is claimed next. Absent: none waits.",
    {"resource_class"}};
constexpr Definition kFinished{Kind::counter,
                               "muster_server_tasks_finished_total",
                               "Tasks that have ended, by result.",
                               {"resource_class", "result"}};
constexpr Definition kRequeued{Kind::counter,
                               "muster_server_tasks_requeued_total",
                               "Tasks that were queued again, as their runner could not run them "
                               "or was not heard of.",
                               {"resource_class"}};
constexpr Definition kStage{
    Kind::histogram,
    "muster_server_job_start_seconds",
    "Stages of a job's start: queued_to_claimed, claimed_to_first_step, claimed_to_first_output.",
    {"resource_class", "stage"},
    metrics::kLongTimes};
constexpr Definition kRunners{Kind::gauge,
                              "muster_server_runners",
                              "Runners heard of in the last five minutes, or running a task.",
                              {"resource_class", "state"}};
constexpr Definition kScrapeSeconds{Kind::gauge, "muster_server_scrape_seconds",
                                    "How long the scrape before this one kept the server busy."};

double seconds(Millis duration) {
  return std::chrono::duration<double>(duration).count();
}

template <class Integer>
double as_double(Integer number) {
  return static_cast<double>(number);
}

std::string_view status_class(int status) {
  constexpr std::array<std::string_view, 6> kClasses = {"other", "1xx", "2xx", "3xx", "4xx", "5xx"};
  const auto hundreds = static_cast<std::size_t>(std::max(status, 0) / 100);
  return hundreds < kClasses.size() ? kClasses[hundreds] : kClasses.front();
}

std::string_view or_none(std::string_view text) {
  return text.empty() ? "none" : text;
}

double size_of(const std::filesystem::path& file) {
  std::error_code absent;
  const auto size = std::filesystem::file_size(file, absent);
  return absent ? 0 : as_double(size);
}

}  // namespace

Metrics::Metrics() {
  registry_.add(kOutput, {}, 0);
  registry_.set(kScrapeSeconds, {}, 0);
}

void Metrics::answered(const Answered& request) {
  const auto method = or_none(request.method);
  const auto route = or_none(request.pattern);
  registry_.add(kRequests, {method, route, status_class(request.status)});
  if (request.took) registry_.observe(kRequestSeconds, {method, route}, request.took->count());
}

void Metrics::refused(int status) {
  registry_.add(kRefused, {std::to_string(status)});
}

void Metrics::happened(const std::vector<store::Milestone>& milestones,
                       std::uint64_t output_bytes) {
  using What = store::Milestone::What;
  registry_.add(kOutput, {}, as_double(output_bytes));
  for (const auto& [what, resource_class, after, result] : milestones) {
    const auto stage = [&, &name = resource_class, took = after](std::string_view which) {
      registry_.observe(kStage, {name, which}, seconds(took));
    };
    switch (what) {
      case What::claimed:
        stage("queued_to_claimed");
        break;
      case What::first_step:
        stage("claimed_to_first_step");
        break;
      case What::first_output:
        stage("claimed_to_first_output");
        break;
      case What::requeued:
        registry_.add(kRequeued, {resource_class});
        break;
      case What::ended:
        registry_.add(kFinished, {resource_class, to_string(result)});
        break;
    }
  }
}

std::string Metrics::text(store::Store& store, const Now& now, WallTime wall) {
  const auto begun = std::chrono::steady_clock::now();
  describe_dispatcher(now);
  describe_classes(store, wall);
  describe_disk(store);
  metrics::describe_process(registry_);
  auto page = registry_.text();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  registry_.set(kScrapeSeconds, {}, took.count());
  return page;
}

void Metrics::describe_dispatcher(const Now& now) {
  registry_.set(kGroups, {}, as_double(now.effort.groups));
  registry_.set(kGrouped, {}, as_double(now.effort.requests));
  registry_.set(kLargest, {}, as_double(now.effort.largest));
  registry_.set(kSyncs, {}, as_double(now.effort.syncs));
  registry_.set(kParked, {}, as_double(now.parked));
  registry_.set(kStreams, {}, as_double(now.streams));
  registry_.set(kConnections, {}, as_double(now.connections));
  registry_.set(kConnectionLimit, {}, as_double(now.connection_limit));
}

// Those of all classes there are: one whose queue is empty is told as that.
void Metrics::describe_classes(store::Store& store, WallTime wall) {
  for (const auto* metric : {&kTasks, &kNextQueued, &kRunners}) registry_.clear(*metric);
  auto census = store.queue().census();
  const auto active = store.runners().active(wall);
  for (const auto& item : store.catalog().classes(std::nullopt)) census[item.resource_class];
  for (const auto& [name, counted] : census) {
    registry_.set(kTasks, {name, "queued"}, as_double(counted.queued));
    registry_.set(kTasks, {name, "running"}, as_double(counted.running));
    if (counted.next_queued_at) {
      registry_.set(kNextQueued, {name}, seconds(counted.next_queued_at->time_since_epoch()));
    }
    const auto found = active.find(name);
    const auto there = found == active.end() ? 0 : found->second;
    const auto idle = std::max<std::int64_t>(there - counted.busy_runners, 0);
    registry_.set(kRunners, {name, "busy"}, as_double(counted.busy_runners));
    registry_.set(kRunners, {name, "idle"}, as_double(idle));
  }
}

void Metrics::describe_disk(const store::Store& store) {
  const auto& directory = store.directory();
  registry_.set(kDatabase, {},
                size_of(directory / "muster.db") + size_of(directory / "muster.db-wal"));
  std::error_code unknown;
  const auto space = std::filesystem::space(directory, unknown);
  if (unknown) return;
  registry_.set(kDiskSize, {}, as_double(space.capacity));
  registry_.set(kDiskFree, {}, as_double(space.available));
  registry_.set(kDiskReserve, {}, as_double(store::reserve_of(space.capacity)));
}

}  // namespace muster::server
