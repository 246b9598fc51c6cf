#include "simulation/pipelines.hpp"

#include <algorithm>

namespace muster::simulation {

Pipelines::Pipelines(const std::vector<Arrival>& arrivals) : arrivals_(arrivals) {
  for (std::size_t place = 0; place < arrivals.size(); ++place) {
    const auto& blockers = arrivals[place].blocked_by;
    for (const auto by : blockers) blocked_[by].push_back(place);
    if (!blockers.empty()) left_[place] = blockers.size();
  }
}

void Pipelines::arrived(std::size_t place, TaskNumber number) {
  if (is_empty()) return;
  places_.push_back(place);
  near_.erase(place);
  const auto blocked = blocked_.find(place);
  if (blocked == blocked_.end()) return;
  numbers_[place] = number;
  for (const auto next : blocked->second) {
    if (left_.contains(next)) near_.insert(next);
  }
}

std::vector<std::size_t> Pipelines::ended(TaskNumber number) {
  std::vector<std::size_t> released;
  const auto place = places_[number];
  const auto blocked = blocked_.find(place);
  if (blocked == blocked_.end()) return released;
  for (const auto next : blocked->second) {
    const auto left = left_.find(next);
    if (left == left_.end() || --left->second > 0) continue;
    left_.erase(left);
    near_.erase(next);
    released.push_back(next);
  }
  return released;
}

std::size_t Pipelines::given_up(std::size_t place) {
  std::size_t many = 0;
  const auto blocked = blocked_.find(place);
  if (blocked == blocked_.end()) return many;
  for (const auto next : blocked->second) {
    if (left_.erase(next) == 0) continue;  // another has given it up
    near_.erase(next);
    many += 1 + given_up(next);
  }
  return many;
}

std::optional<Pipelines::Release> Pipelines::release_of(std::size_t place,
                                                        const TaskQueue& queue) const {
  std::optional<Release> last;
  for (const auto by : arrivals_[place].blocked_by) {
    const auto number = numbers_.find(by);
    if (number == numbers_.end()) return std::nullopt;
    const auto& task = queue.tasks()[number->second];
    if (task.ended) continue;
    const auto& took = arrivals_[by].took_before;
    if (!task.started || !took) return std::nullopt;
    const auto at = *task.started + *took;
    if (!last || at > last->at) last = Release{at, number->second};
  }
  return last;
}

std::vector<scaling::Foreseen> Pipelines::foreseen(const TaskQueue& queue,
                                                   const Timeline& timeline) const {
  std::map<TaskNumber, scaling::Foreseen> by_last;
  for (const auto place : near_) {
    const auto release = release_of(place, queue);
    if (!release) continue;
    const auto at = timeline.wall() + (release->at - timeline.monotonic());
    auto& one = by_last.try_emplace(release->by, scaling::Foreseen{at, 0, 1}).first->second;
    ++one.tasks;
  }
  std::vector<scaling::Foreseen> all;
  for (const auto& [by, one] : by_last) all.push_back(one);
  std::ranges::stable_sort(all, {}, &scaling::Foreseen::expected_at);
  if (all.size() > scaling::kMostForeseen) all.resize(scaling::kMostForeseen);
  return all;
}

}  // namespace muster::simulation
