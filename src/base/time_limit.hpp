#pragma once

// A question that must be answered in time, whatever is down.

#include <stop_token>
#include <string_view>
#include <thread>

#include <fmt/core.h>

#include "base/result.hpp"
#include "base/sleep.hpp"
#include "base/time.hpp"

namespace muster {

// `question` is a function of a stop token, which is requested when `limit` is over or `stop` is,
// and gives a Result. `cure`: what a person can do about it, "; see that…".
template <class Question>
auto within(Millis limit, std::string_view whom, Question question,
            const std::stop_token& stop = {}, std::string_view cure = {}) {
  std::stop_source over;
  bool late = false;
  const std::stop_callback pass_on(stop, [&] { over.request_stop(); });
  auto answer = [&] {
    const std::jthread timer([&](const std::stop_token& answered) {
      sleep_for(limit, answered);
      if (answered.stop_requested()) return;
      late = true;
      over.request_stop();
    });
    return question(over.get_token());
  }();
  if (!answer && late) {
    answer = Error{ErrorKind::timeout, fmt::format("{} did not answer within {}{}", whom,
                                                   format_duration(limit), cure)};
  }
  return answer;
}

}  // namespace muster
