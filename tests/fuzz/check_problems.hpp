#pragma once

// What is wrong with a YAML text: as a person is told of it.

#include "fuzz/check.hpp"
#include "yaml/reader.hpp"

namespace muster::fuzz {

inline void check_problems(const yaml::Problems& problems) {
  check(!problems.empty(), "what is refused has a reason");
  check(problems.size() <= yaml::kMostProblems + 1, "problems are bounded");
  for (const auto& problem : problems) {
    check(!problem.message.empty(), "a problem says what is wrong");
    check(problem.at.line >= 0 && problem.at.column >= 0, "a problem has a place");
  }
  check_error(yaml::to_error(problems));
}

}  // namespace muster::fuzz
