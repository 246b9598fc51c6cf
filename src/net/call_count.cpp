#include "net/call_count.hpp"

#include <mutex>

namespace muster::net {
namespace {

struct Counts {
  std::mutex mutex;
  std::map<std::pair<std::string, std::string>, std::uint64_t> calls;  // guarded by mutex
};

// Never destroyed: a thread may still count when the program ends.
Counts& counts() {
  static auto& instance = *new Counts;
  return instance;
}

}  // namespace

std::string_view to_string(CallOutcome outcome) {
  switch (outcome) {
    case CallOutcome::ok:
      return "ok";
    case CallOutcome::refused:
      return "refused";
    case CallOutcome::throttled:
      return "throttled";
    case CallOutcome::failed:
      return "failed";
    case CallOutcome::timeout:
      return "timeout";
    case CallOutcome::unreachable:
      return "unreachable";
  }
  return "";
}

CallOutcome outcome_of_status(int status) {
  if (status == 429) return CallOutcome::throttled;
  if (status >= 500) return CallOutcome::failed;
  return status >= 400 ? CallOutcome::refused : CallOutcome::ok;
}

void count_call(std::string_view service, CallOutcome outcome) {
  auto& [mutex, calls] = counts();
  const std::lock_guard lock(mutex);
  ++calls[{std::string(service), std::string(to_string(outcome))}];
}

void count_call(std::string_view service, const Result<ClientResponse>& response) {
  if (response) return count_call(service, outcome_of_status(response->status));
  const auto kind = response.error().kind;
  if (kind == ErrorKind::cancelled) return;
  count_call(service, kind == ErrorKind::timeout ? CallOutcome::timeout : CallOutcome::unreachable);
}

std::map<std::pair<std::string, std::string>, std::uint64_t> call_counts() {
  auto& [mutex, calls] = counts();
  const std::lock_guard lock(mutex);
  return calls;
}

}  // namespace muster::net
