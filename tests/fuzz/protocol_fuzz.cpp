// A message of the HTTP API, from an agent, a client or a scaler, or from a server to these; and
// answers of CircleCI's, which are among them. Whatever a text can be read as is the same when it
// is written and read again.

#include "fuzz/check.hpp"
#include "protocol/json.hpp"
#include "protocol/messages.hpp"

namespace muster::fuzz {
namespace {

template <class T>
void read_as(std::string_view text) {
  const auto message = protocol::from_json<T>(text);
  if (!message) return check_error(message.error());
  const auto written = protocol::to_json(*message);
  const auto again = protocol::from_json<T>(written);
  check(again.has_value(), "what is written can be read", written);
  check(protocol::to_json(*again) == written, "a message is the same after JSON", written);
}

template <class... T>
void read_as_each(std::string_view text) {
  (read_as<T>(text), ...);
}

}  // namespace
}  // namespace muster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster;
  using namespace muster::protocol;
  fuzz::read_as_each<pipeline::Job, Message, RunnerList, RunnerNames, RunnerContacts,
                     UnclaimedTasks, RunningTasks, ResourceClassItem, ResourceClassList,
                     NewResourceClass, TokenItem, TokenList, NewToken, CommandQueue,
                     CommandInstances, CommandLaunched, ClaimRequest, WithdrawRequest, ClaimedTask,
                     HeartbeatRequest, HeartbeatAnswer, StepUpdate, OutputAnswer, FinishRequest,
                     SubmitPipeline, ConfigRefused, PipelineCreated, PipelineStatus, PipelineList,
                     Demand, FleetReport, FleetStatus, FleetDecisions, FleetHistory, Health>(
      fuzz::text_of(data, size));
  return 0;
}
