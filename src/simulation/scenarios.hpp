#pragma once

// What other scalers' users were hurt by, as worlds: in each the tutorial, or a scaler with the one
// mistake, does the harm, and our own does none. docs/scaling.md shows the table.

#include <optional>
#include <string>
#include <vector>

#include "simulation/naive.hpp"

namespace muster::simulation {

// What counts as harm, besides a running task that is ended, a task that never ends, and an
// instance that is left.
struct Limits {
  std::optional<std::int64_t> launches;
  std::optional<Millis> wait;
};

struct Scenario {
  std::string name;
  std::string source;  // whose users were hurt
  std::string mishap;
  Conditions conditions;
  std::vector<Arrival> arrivals;
  scaling::Policy policy;
  Limits limits;
  std::optional<Naive> naive;  // where the tutorial survives, or fails for another reason
  int scalers = 1;
  std::optional<scaling::Rule> told;  // in our own decisions
};

const std::vector<Scenario>& scenarios();

// In words; empty if none was done.
std::string harm_of_ours(const Scenario& scenario);
std::string harm_of_the_tutorial(const Scenario& scenario);
std::string harm_of_the_naive(const Scenario& scenario);  // which must have one

// All of it as Markdown, a line each.
std::vector<std::string> table_of_scenarios();

}  // namespace muster::simulation
