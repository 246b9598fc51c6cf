#pragma once

#include <string_view>

#include "protocol/messages.hpp"

namespace muster::agent {

// A task's result as logs and metrics name it, and the API.
inline std::string_view word_of(protocol::TaskResult result) {
  switch (result) {
    case protocol::TaskResult::success:
      return "success";
    case protocol::TaskResult::failed:
      return "failed";
    case protocol::TaskResult::canceled:
      return "canceled";
    case protocol::TaskResult::timedout:
      return "timedout";
    case protocol::TaskResult::infrastructure_fail:
      return "infrastructure_fail";
  }
  return "";
}

}  // namespace muster::agent
