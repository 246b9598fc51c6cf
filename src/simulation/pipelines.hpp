#pragma once

// Which tasks of a world block which, and what its queue's keeper can tell of those that are
// blocked: as many as one task releases are expected when it should end, by how long such tasks
// took before.

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "scaling/foresight.hpp"
#include "simulation/task_queue.hpp"

namespace muster::simulation {

struct Arrival {
  Millis at{};  // since the beginning, or since the end of the last that blocks it
  Millis duration{};
  std::vector<std::size_t> blocked_by = {};   // their places among the arrivals: they come before
  std::optional<Millis> canceled_after = {};  // if it still waits then
  std::optional<Millis> took_before = {};     // such tasks, as far as its keeper knows
  bool fails = false;                         // what it blocks never comes
};

class Pipelines {
 public:
  explicit Pipelines(const std::vector<Arrival>& arrivals);

  bool is_empty() const { return blocked_.empty(); }
  void arrived(std::size_t place, TaskNumber number);
  std::size_t place_of(TaskNumber number) const { return places_[number]; }

  // The places that come now, as the last that blocked them has ended.
  std::vector<std::size_t> ended(TaskNumber number);
  // How many never will, of those that it blocks, and those that these block.
  std::size_t given_up(std::size_t place);

  std::vector<scaling::Foreseen> foreseen(const TaskQueue& queue, const Timeline& timeline) const;

 private:
  // When the last of its blockers should end, and which that is. Nothing, unless all of them run.
  struct Release {
    MonotonicTime at{};
    TaskNumber by = 0;
  };
  std::optional<Release> release_of(std::size_t place, const TaskQueue& queue) const;

  const std::vector<Arrival>& arrivals_;
  std::map<std::size_t, std::vector<std::size_t>> blocked_;  // by each
  std::map<std::size_t, std::size_t> left_;                  // so many block it still
  std::map<std::size_t, TaskNumber> numbers_;                // of those that block others
  std::vector<std::size_t> places_;
  std::set<std::size_t> near_;  // of what blocks them something has come
};

}  // namespace muster::simulation
