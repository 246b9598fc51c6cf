#include "history/explain.hpp"

#include <algorithm>
#include <limits>

#include <fmt/core.h>

#include "base/text.hpp"
#include "history/remedy.hpp"
#include "scaling/boots.hpp"
#include "scaling/judge_demand.hpp"
#include "scaling/slots.hpp"

namespace muster::history {

using namespace scaling;

namespace {

constexpr std::ptrdiff_t kMostTimes = 200;  // the latest boots, and tasks, that count

Times times_of(std::vector<Millis> took) {
  if (took.empty()) return {};
  std::ranges::sort(took);
  const auto at = [&](std::size_t percent) { return took[(took.size() * percent + 99) / 100 - 1]; };
  return {std::ssize(took), at(50), at(95)};
}

// "half of the boots took at most 40 s, 95 in 100 at most 1 min"
std::string how_long(const Times& times, std::string_view what) {
  return fmt::format("half of the {} took at most {}, 95 in 100 at most {}", what,
                     humanize(times.median), humanize(times.p95));
}

// When the first of what began then should end, be it tasks or boots: each as half of those did
// that took as long as it already has. Nothing, if none took longer than any of them has.
std::optional<WallTime> first_end(const std::vector<WallTime>& starts,
                                  const std::vector<Millis>& took, WallTime now) {
  std::optional<WallTime> first;
  for (const auto started : starts) {
    auto longer = took;
    std::erase_if(longer, [&](Millis each) { return each <= between(started, now); });
    if (longer.empty()) continue;
    const auto end = later(started, times_of(std::move(longer)).median);
    first = std::min(first.value_or(end), end);
  }
  return first;
}

bool has_come(InstanceState state) {
  return state == InstanceState::idle || state == InstanceState::connected ||
         state == InstanceState::busy || state == InstanceState::used;
}

std::int64_t unclaimed_of(const Demand& demand) {
  const auto* reading = std::get_if<DemandReading>(&demand);
  return reading == nullptr ? 0 : reading->unclaimed;
}

// Of those that boot and may still come.
std::vector<WallTime> launches(const Snapshot& snapshot) {
  std::vector<WallTime> all;
  for (const auto& instance : snapshot.instances) {
    const bool boots = instance.state == InstanceState::booting;
    if (boots && !is_overdue(instance, snapshot)) all.push_back(instance.launched_at);
  }
  return all;
}

// Boots, each from then on.
void expect_boot(Explanation& about, const std::vector<Millis>& took,
                 const std::vector<WallTime>& starts, std::string_view what) {
  if (about.boots.seen == 0) {
    about.expected =
        fmt::format("{}; no boot is on record, and one that takes more than {} has failed", what,
                    format_duration(about.policy.boot_timeout));
    return;
  }
  about.expected_start = first_end(starts, took, about.at);
  about.expected = fmt::format(
      "{}; {}{}", what, how_long(about.boots, "boots"),
      about.expected_start ? "" : ", and nobody can tell when one that takes longer ends");
}

bool bounds_launches(const Reason& reason) {
  return reason.rule == Rule::plan || reason.rule == Rule::maximum ||
         reason.rule == Rule::launch_rate || reason.rule == Rule::spend_cap ||
         reason.rule == Rule::backoff || (reason.rule == Rule::shortage && reason.subject.empty());
}

// One that still allows some stops nobody: the first of those that wait may have one of them.
bool stops_launches(const Cause& cause) {
  const auto& reason = cause.reason;
  return bounds_launches(reason) && reason.allowed < reason.wanted && reason.allowed <= 0;
}

// Where one bound lets fewer through than another, more room by the other would change nothing.
void keep_remedies_of_tightest(std::vector<Cause>& causes) {
  auto least = std::numeric_limits<std::int64_t>::max();
  for (auto cause = causes.rbegin(); cause != causes.rend(); ++cause) {
    if (!bounds_launches(cause->reason)) continue;
    if (cause->reason.allowed > least) cause->remedy.clear();
    least = std::min(least, cause->reason.allowed);
  }
}

bool holds(const std::vector<Cause>& causes) {
  return std::ranges::any_of(causes, [](const Cause& cause) { return is_hold(cause.reason); });
}

// When the last of them has ended that stops launches. Nothing: one of them ends nobody knows when.
std::optional<WallTime> free_again(const std::vector<Cause>& causes) {
  std::optional<WallTime> last;
  for (const auto& cause : causes) {
    if (!stops_launches(cause)) continue;
    if (!cause.until) return std::nullopt;
    last = std::max(last.value_or(*cause.until), *cause.until);
  }
  return last;
}

// `room`: when a task should have ended, and its instance be there for the next, if that is known.
void expect_end_of_task(Explanation& about, std::int64_t busy, std::optional<WallTime> room) {
  if (busy == 0) {
    about.expected = "nobody can tell";
    return;
  }
  about.expected_start = room;
  about.expected = fmt::format(
      "when {} ends{}", busy == 1 ? "the task that runs" : fmt::format("one of {} tasks", busy),
      about.tasks.seen > 0 ? "; " + how_long(about.tasks, "tasks") : ", and nobody can tell when");
}

std::string coming_in_words(const Explanation& about) {
  const auto booting = fmt::format("{} booting", about.counts.booting);
  if (about.launched == 0) return booting;
  const auto launched = fmt::format("{} just launched", about.launched);
  return about.counts.booting == 0 ? launched : booting + ", " + launched;
}

// An instance that takes one task after the other may be free before another has booted.
void expect_whoever_is_free_first(Explanation& about, std::int64_t busy,
                                  std::optional<WallTime> room) {
  if (!room || !about.policy.reuses || about.counts.draining > 0) return;
  if (about.expected_start && *about.expected_start <= *room) return;
  about.expected_start = room;
  about.expected +=
      fmt::format("; before that {} should end, as {}",
                  busy == 1 ? "the task that runs" : fmt::format("one of {} tasks", busy),
                  how_long(about.tasks, "tasks"));
}

// What the next task that waits is waiting for. `boots`: how long the latest took.
void expect(Explanation& about, const Snapshot& seen, const std::vector<Millis>& boots,
            std::optional<WallTime> room) {
  const auto waiting = unclaimed_of(about.demand);
  if (!about.waits()) return;
  const auto slots = count_slots(seen);
  if (slots.free >= waiting) {
    const auto* what = about.policy.slots > 1 ? "slot" : "instance";
    about.expected_start = about.at;
    about.expected = fmt::format("{} free and will take {}",
                                 slots.free == 1 ? fmt::format("one {} is", what)
                                                 : fmt::format("{} {}s are", slots.free, what),
                                 waiting == 1 ? "it" : "them");
  } else if (auto launched = launches(seen); !launched.empty() || about.launched > 0) {
    if (about.launched > 0) launched.push_back(about.at);
    expect_boot(about, boots, launched, coming_in_words(about));
    expect_whoever_is_free_first(about, slots.busy, room);
  } else if (holds(about.causes)) {
    about.expected = "nobody can tell: the scaler does not know enough to launch";
  } else if (const auto free = free_again(about.causes)) {
    expect_boot(about, boots, {*free},
                fmt::format("the next launch may be at {}", in_words(*free)));
  } else {
    expect_end_of_task(about, slots.busy, room);
  }
}

}  // namespace

bool Explanation::waits() const {
  return unclaimed_of(demand) > 0;
}

void Chronicle::note_boots(Story& story, const Snapshot& snapshot) {
  std::map<std::string, WallTime> booting;
  for (const auto& instance : snapshot.instances) {
    if (instance.state == InstanceState::booting && !instance.requested) {
      booting.emplace(instance.id, instance.launched_at);
    } else if (const auto launched = story.booting.find(instance.id);
               launched != story.booting.end() && has_come(instance.state) &&
               snapshot.boot_took) {  // else nobody knows when it came
      story.boots.push_back(std::max(between(launched->second, snapshot.now), Millis(0)));
    }
  }
  if (std::ssize(story.boots) > 2 * kMostTimes) {
    story.boots.erase(story.boots.begin(), story.boots.end() - kMostTimes);
  }
  story.booting = std::move(booting);
}

void Chronicle::note_reasons(Story& story, const fleet::ClassPass& record) {
  decltype(story.since) since;
  for (const auto& reason : record.decision.reasons) {
    const auto key = std::pair(reason.rule, reason.subject);
    const auto before = story.since.find(key);
    since.emplace(key, before == story.since.end() ? record.snapshot.now : before->second);
  }
  story.since = std::move(since);
}

void Chronicle::take(const fleet::ClassPass& record) {
  auto& story = stories_[record.resource_class];
  tasks_.take(record);
  note_boots(story, record.snapshot);
  note_reasons(story, record);
  story.single_task |= record.decision.counts.spent > 0 || record.decision.counts.used > 0;
  story.latest = record;
}

// Where an instance ends with its task, the next must boot.
std::optional<WallTime> Chronicle::next_room(const Story& story) const {
  const auto& name = story.latest.resource_class;
  const auto end = first_end(tasks_.starts_of_running(name), tasks_.durations(name, kMostTimes),
                             story.latest.snapshot.now);
  if (!end || !story.single_task) return end;
  if (story.boots.empty()) return std::nullopt;
  return later(*end, times_of(story.boots).median);
}

std::vector<std::string> Chronicle::classes() const {
  std::vector<std::string> names;
  for (const auto& [name, story] : stories_) names.push_back(name);
  return names;
}

std::optional<Explanation> Chronicle::explain(const std::string& resource_class) const {
  const auto found = stories_.find(resource_class);
  if (found == stories_.end()) return std::nullopt;
  const auto& story = found->second;
  const auto& [name, snapshot, decision, ended_unused] = story.latest;
  Explanation about{.resource_class = name,
                    .at = snapshot.now,
                    .demand = snapshot.demand,
                    .waiting_since = tasks_.oldest_waiting(name),
                    .counts = decision.counts,
                    .policy = snapshot.policy,
                    .launched = decision.launch};
  const auto old = std::max<std::ptrdiff_t>(std::ssize(story.boots) - kMostTimes, 0);
  const std::vector<Millis> boots(story.boots.begin() + old, story.boots.end());
  about.boots = times_of(boots);
  about.tasks = times_of(tasks_.durations(name, kMostTimes));
  for (const auto& reason : decision.reasons) {
    about.causes.push_back({reason, story.since.at({reason.rule, reason.subject}),
                            end_of(reason, story.latest), remedy_for(reason.rule, story.latest)});
  }
  keep_remedies_of_tightest(about.causes);
  expect(about, snapshot, boots, next_room(story));
  return about;
}

}  // namespace muster::history
