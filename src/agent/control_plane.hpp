#pragma once

// The port to the server: what an agent says to it (docs/protocol.md, "Agent"). Blocking calls.
//
// Each of these may be in a call of its own thread at the same time: {claim,
// claim_may_have_arrived, withdraw, fetch_source}, {heartbeat}, {update_step, put_output, finish}.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "protocol/messages.hpp"

namespace muster::agent {

struct Attempt {
  std::string task_id;
  std::int64_t number = 0;
  std::string token;  // a secret
};

// True if the error says that the server has ended the attempt, or no longer knows it: a refused
// token is that of a task which is gone.
inline bool is_stale(const Error& error) {
  return error.kind == ErrorKind::conflict || error.kind == ErrorKind::forbidden ||
         error.kind == ErrorKind::unauthenticated || error.kind == ErrorKind::not_found;
}

// True if the server will never take this message, however often it is sent.
inline bool is_unacceptable(const Error& error) {
  return error.kind == ErrorKind::invalid || error.kind == ErrorKind::too_large;
}

class ControlPlane {
 public:
  virtual ~ControlPlane() = default;

  // Nothing: the queue stayed empty. cancelled, though `stop` was not requested: the server gives
  // this runner no further task, and it should end.
  virtual Result<std::optional<protocol::ClaimedTask>> claim(const protocol::ClaimRequest& request,
                                                             std::stop_token stop) = 0;
  // Of the claim just made: false if it surely never left, so that no task is given to it.
  virtual bool claim_may_have_arrived() const = 0;
  // The task that the claim had after all, or nothing: then it never will.
  virtual Result<std::optional<protocol::ClaimedTask>> withdraw(
      const protocol::WithdrawRequest& request, std::stop_token stop) = 0;

  // `patience` bounds the whole call, `wait` is for the server.
  virtual Result<protocol::HeartbeatAnswer> heartbeat(const Attempt& attempt, Millis wait,
                                                      Millis patience, std::stop_token stop) = 0;
  virtual Result<void> update_step(const Attempt& attempt, std::size_t step,
                                   const protocol::StepUpdate& update, std::stop_token stop) = 0;
  // The bytes of this step's output that the server holds now, also where `offset` was past them.
  // too_large: it takes no more of this step's output.
  virtual Result<std::uint64_t> put_output(const Attempt& attempt, std::size_t step,
                                           std::uint64_t offset, std::string_view bytes,
                                           std::stop_token stop) = 0;
  virtual Result<void> fetch_source(const Attempt& attempt, const std::filesystem::path& file,
                                    std::stop_token stop) = 0;
  virtual Result<void> finish(const Attempt& attempt, const protocol::FinishRequest& request,
                              std::stop_token stop) = 0;
};

}  // namespace muster::agent
