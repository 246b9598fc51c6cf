#pragma once

// No question of the doctor's may take longer than this, whatever is down.

#include "base/time_limit.hpp"

namespace muster::doctor {

inline constexpr Millis kPatience = std::chrono::seconds(10);

// `question` is a function of a stop token that gives a Result.
template <class Question>
auto ask(std::string_view whom, Question question) {
  return within(kPatience, whom, std::move(question));
}

}  // namespace muster::doctor
