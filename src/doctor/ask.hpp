#pragma once

// No question of the doctor's may take longer than this, whatever is down.

#include <stop_token>
#include <string_view>
#include <thread>

#include <fmt/core.h>

#include "base/result.hpp"
#include "base/sleep.hpp"
#include "base/time.hpp"

namespace muster::doctor {

inline constexpr Millis kPatience = std::chrono::seconds(10);

// `question` is a function of a stop token that gives a Result.
template <class Question>
auto ask(std::string_view whom, Question question) {
  std::stop_source too_late;
  auto answer = [&] {
    const std::jthread timer([&](const std::stop_token& answered) {
      sleep_for(kPatience, answered);
      if (!answered.stop_requested()) too_late.request_stop();
    });
    return question(too_late.get_token());
  }();
  if (!answer && too_late.stop_requested()) {
    answer = Error{ErrorKind::timeout,
                   fmt::format("{} did not answer within {}", whom, format_duration(kPatience))};
  }
  return answer;
}

}  // namespace muster::doctor
