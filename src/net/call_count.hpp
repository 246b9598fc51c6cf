#pragma once

// How often this process has asked other services, and what came of it. Any thread.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "net/http_client.hpp"

namespace muster::net {

enum class CallOutcome {
  ok,
  refused,      // any other answer: 4xx
  throttled,    // asked too often
  failed,       // an error of theirs: 5xx
  timeout,      // no answer in time
  unreachable,  // no answer
};
std::string_view to_string(CallOutcome outcome);
CallOutcome outcome_of_status(int status);

// `service` is a literal: "circleci".
void count_call(std::string_view service, CallOutcome outcome);
// By status, or by why there is none. What we have given up ourselves is not counted.
void count_call(std::string_view service, const Result<ClientResponse>& response);

// By service and outcome.
std::map<std::pair<std::string, std::string>, std::uint64_t> call_counts();

}  // namespace muster::net
