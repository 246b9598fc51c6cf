#pragma once

// Generated workloads: pipelines that arrive by a pattern, each with stages of tasks. Pure; the
// same from the same seed on every machine.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "simulation/distribution.hpp"
#include "study/trace.hpp"

namespace muster::study {

struct Workload {
  enum class Shape {
    poisson,  // at any time alike
    week,     // in office hours, fewer in the evening, hardly any at night and on Saturday, Sunday
    bursts,   // many at once, and then none for some time
  };
  Shape shape = Shape::poisson;
  std::string resource_class = "generated/linux";
  Millis length = std::chrono::hours(24 * 7);
  std::int64_t rate = 20'000;  // pipelines an hour, in thousandths; of a week: in its busiest hours
  // Of bursts: from one to the next, the first after which, how many pipelines, within what time.
  simulation::Distribution every = simulation::Distribution::constant(std::chrono::hours(1));
  Millis first{};
  std::int64_t least_size = 5;
  std::int64_t most_size = 20;
  Millis within = std::chrono::minutes(1);
  // How many tasks each stage of a pipeline has. One begins when the longest of the stage before it
  // has run; as a trace tells when tasks are queued, that is as if none had waited.
  std::vector<std::int64_t> stages = {1};
  // Or one really begins when the last task of the stage before it has ended, and never if one of
  // them failed, as so many of a thousand do. How long a job took before is known: each time it
  // takes longer or shorter by chance, with this sigma, in thousandths.
  bool chained = false;
  std::int64_t vary = 200;
  std::int64_t fail = 0;
  simulation::Distribution run =
      simulation::Distribution::lognormal(std::chrono::minutes(3), 800);  // of a task
  Millis longest = std::chrono::hours(5);                                 // no task runs longer
};

// "week,rate=30,stages=1-6-1,run=lognormal:4m:0.9,days=7,class=acme/linux". An error says which
// part of it is wrong, and what it may be.
Result<Workload> parse_workload(std::string_view spec);

// All of them in one trace. An error if that is more than a trace may hold, or nothing.
Result<Trace> generate(const std::vector<Workload>& workloads, std::uint64_t seed);

}  // namespace muster::study
