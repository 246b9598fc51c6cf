#include "net/call_count.hpp"

#include <gtest/gtest.h>

namespace muster::net {
namespace {

std::uint64_t counted(const char* service, const char* outcome) {
  const auto counts = call_counts();
  const auto found = counts.find({service, outcome});
  return found == counts.end() ? 0 : found->second;
}

struct Answer {
  Result<ClientResponse> response;
  const char* outcome;
};

TEST(CallCount, IsByWhatCameOfACall) {
  const Answer answers[] = {
      {ClientResponse{.status = 200}, "ok"},
      {ClientResponse{.status = 304}, "ok"},
      {ClientResponse{.status = 403}, "refused"},
      {ClientResponse{.status = 429}, "throttled"},
      {ClientResponse{.status = 503}, "failed"},
      {Error{ErrorKind::timeout, ""}, "timeout"},
      {Error{ErrorKind::unavailable, ""}, "unreachable"},
  };
  std::uint64_t all = 0;
  for (const auto& [response, outcome] : answers) {
    const auto before = counted("a-service", outcome);
    count_call("a-service", response);
    EXPECT_EQ(counted("a-service", outcome), before + 1) << outcome;
  }
  count_call("a-service", Error{ErrorKind::cancelled, "we stop"});
  for (const auto& [call, count] : call_counts()) all += call.first == "a-service" ? count : 0;
  EXPECT_EQ(all, std::size(answers));
}

}  // namespace
}  // namespace muster::net
