// What an agent says: claims with its class's token, then everything about one attempt with the
// token of that attempt.

#include <fmt/core.h>

#include "base/log.hpp"
#include "base/text.hpp"
#include "server/access.hpp"
#include "server/answers.hpp"
#include "server/router.hpp"
#include "server/topics.hpp"

namespace muster::server {
namespace {

constexpr std::size_t kLongestRunnerName = 200;

Result<void> check_runner(const protocol::ClaimRequest& request) {
  if (request.name.empty() || request.name.size() > kLongestRunnerName) {
    return Error{ErrorKind::invalid,
                 fmt::format("a runner's name has 1 to {} bytes", kLongestRunnerName)};
  }
  return ok();
}

// The agent logs the same ids, and a scaler those of the instances that runners are named after.
Outcome answer_claim(Call& call, const std::optional<protocol::ClaimedTask>& task,
                     const std::string& request_id) {
  if (!task) return no_content();
  const auto latest = call.store.queue().latest_attempt(task->task_id);
  call.store.after_commit([id = task->task_id, attempt = task->attempt,
                           resource_class = task->resource_class, job = task->job.name,
                           runner = latest ? latest->runner : "", request_id] {
    log::info("task claimed", {{"task", id},
                               {"attempt", std::to_string(attempt)},
                               {"class", resource_class},
                               {"job", job},
                               {"runner", runner},
                               {"request", request_id}});
  });
  return answer(200, *task);
}

// An agent ends then; one that does not know of this goes on asking, and gets nothing.
net::Response send_away(const std::string& runner) {
  return answer(410, protocol::Message{fmt::format(
                         "runner {} was drained by an administrator: it gets no further task, and "
                         "may end",
                         runner)});
}

Result<Outcome> claim(Call& call, const std::string& resource_class) {
  auto request = body_of<protocol::ClaimRequest>(call);
  if (!request) return request.error();
  if (auto good = check_runner(*request); !good) return good.error();
  request->name = printable(request->name);  // as people see and choose it
  if (!request->resource_class.empty() && request->resource_class != resource_class) {
    return Error{ErrorKind::forbidden,
                 fmt::format("this token is of resource class {}, and the runner was started for "
                             "{}; give it a token of that class",
                             resource_class, printable(request->resource_class))};
  }
  if (!call.resumed) {
    const auto known =
        call.store.runners().contacted({resource_class, request->name, printable(request->hostname),
                                        call.request.peer, printable(request->version, 50)},
                                       call.now.wall);
    if (!known) return known.error();
  }
  const auto task = call.store.queue().claim(resource_class, *request, call.now);
  if (!task) return task.error();
  if (!*task && call.store.runners().is_leaving(resource_class, request->name)) {
    return send_away(request->name);
  }
  const auto patience = patience_left(call, request->wait_ms);
  if (!*task && patience > Millis(0)) {
    return Park{{topic::queue(resource_class), topic::runner(resource_class, request->name)},
                patience};
  }
  return answer_claim(call, *task, request->request_id);
}

Result<Outcome> withdraw(Call& call, const std::string& resource_class) {
  const auto request = body_of<protocol::WithdrawRequest>(call);
  if (!request) return request.error();
  const auto task = call.store.queue().withdraw(resource_class, request->request_id, call.now);
  if (!task) return task.error();
  return answer_claim(call, *task, request->request_id);
}

Result<Outcome> heartbeat(Call& call, const store::Attempt& attempt) {
  const auto request = body_of<protocol::HeartbeatRequest>(call);
  if (!request) return request.error();
  auto& queue = call.store.queue();
  if (!call.resumed) {
    if (auto renewed = queue.renew_lease(attempt, call.now); !renewed) return renewed.error();
  }
  if (auto live = queue.check_live(attempt); !live) return live.error();
  const bool canceled = queue.is_cancel_requested(attempt);
  const auto patience = patience_left(call, request->wait_ms);
  if (!canceled && patience > Millis(0)) {
    return Park{{topic::cancel(attempt.task_id)}, patience};
  }
  return answer(200, protocol::HeartbeatAnswer{queue.lease().count(), canceled});
}

Result<std::int64_t> step_of(const Call& call) {
  const auto step = parse_int(call.parameter("step"));
  if (!step) return Error{ErrorKind::not_found, "steps are numbered from 0"};
  return *step;
}

Result<Outcome> update_step(Call& call, const store::Attempt& attempt) {
  const auto step = step_of(call);
  if (!step) return step.error();
  const auto update = body_of<protocol::StepUpdate>(call);
  if (!update) return update.error();
  if (auto done = call.store.queue().update_step(attempt, *step, *update, call.now.wall); !done) {
    return done.error();
  }
  return no_content();
}

// That a file cannot be opened, or is gone, says nothing of the attempt.
Error cannot_keep(const Call& call, const Error& error) {
  if (error.kind == ErrorKind::too_large) return error;
  log::error("a request failed", {{"path", call.request.path}, {"error", error.message}});
  return for_caller(error);
}

// Of an output with so much of it, whether or not some of that is held.
Result<void> check_growth(Call& call, const store::OutputKey& key, std::uint64_t size) {
  const auto held = call.store.outputs().size(key);
  if (size <= held) return ok();
  const store::Queue::LatestAttempt running{{key.task_id, key.attempt}, store::TaskState::running};
  if (call.store.queue().has_step_ended(running, key.step)) {
    return Error{ErrorKind::conflict, "this step has ended, and its output with it"};
  }
  return call.store.check_room(size - held);
}

// No earlier step of the attempt has printed anything. A later one may have, in the background.
bool is_first_output(Call& call, store::OutputKey key) {
  while (key.step > 0) {
    --key.step;
    if (call.store.outputs().size(key) > 0) return false;
  }
  return true;
}

Result<Outcome> upload_output(Call& call, const store::Attempt& attempt) {
  const auto step = step_of(call);
  if (!step) return step.error();
  if (auto good = call.store.queue().check_step(attempt, *step); !good) return good.error();
  const auto offset = parse_int(call.query("offset").value_or(""));
  if (!offset || *offset < 0) {
    return Error{ErrorKind::invalid, "offset is the number of bytes of output that come before"};
  }
  const store::OutputKey key{attempt.task_id, attempt.number, *step};
  const auto begin = static_cast<std::uint64_t>(*offset);
  const bool leaves_gap = begin > call.store.outputs().size(key);  // which append() refuses
  auto good = leaves_gap ? ok() : check_growth(call, key, begin + call.request.body.size());
  if (!good) return good.error();
  if (!call.store.queue().steps().remove_wrong_notes(key)) {
    return cannot_keep(call, {ErrorKind::internal, "a note stands in the way"});
  }
  const auto held = call.store.outputs().size(key);
  const auto size = call.store.outputs().append(key, begin, call.request.body);
  if (!size && size.error().kind == ErrorKind::out_of_range) {
    return answer(416, protocol::OutputAnswer{static_cast<std::int64_t>(held)});
  }
  if (!size) return cannot_keep(call, size.error());
  call.store.queue().output_grew(attempt, *size - held, held == 0 && is_first_output(call, key),
                                 call.now.wall);
  return answer(200, protocol::OutputAnswer{static_cast<std::int64_t>(*size)});
}

Result<Outcome> source(Call& call, const store::Attempt& attempt) {
  if (auto live = call.store.queue().check_live(attempt); !live) return live.error();
  const auto path = call.store.sources().path(call.store.queue().source_of(attempt));
  std::error_code absent;
  const auto size = std::filesystem::file_size(path, absent);
  if (absent) {
    return Error{ErrorKind::not_found, "the source of this pipeline is gone from the server"};
  }
  net::Response response{.file = net::FileSlice{path, 0, size}};
  response.headers.set("Content-Type", "application/octet-stream");
  return response;
}

Result<Outcome> finish(Call& call, const store::Attempt& attempt) {
  const auto request = body_of<protocol::FinishRequest>(call);
  if (!request) return request.error();
  const bool repeated = !call.store.queue().check_live(attempt);
  const auto before = call.store.queue().latest_attempt(attempt.task_id);
  if (auto done = call.store.queue().finish(attempt, *request, call.now.wall); !done) {
    return done.error();
  }
  if (repeated) return no_content();
  const auto state = call.store.queue().latest_attempt(attempt.task_id)->state;
  call.store.after_commit(
      [attempt, state, why = request->message, runner = before ? before->runner : ""] {
        log::info(state == store::TaskState::queued ? "task queued again" : "task ended",
                  {{"task", attempt.task_id},
                   {"attempt", std::to_string(attempt.number)},
                   {"runner", runner},
                   {"result", std::string(to_string(state))},
                   {"why", why}});
      });
  return no_content();
}

}  // namespace

void add_agent_routes(Router& router) {
  const std::string task = "/api/muster/v1/tasks/{task}/attempts/{attempt}";
  router.add("POST", "/api/muster/v1/claim", for_class(claim));
  router.add("POST", "/api/muster/v1/claim/withdraw", for_class(withdraw));
  router.add("POST", task + "/heartbeat", for_attempt(heartbeat));
  router.add("POST", task + "/steps/{step}", for_attempt(update_step));
  router.add("PUT", task + "/steps/{step}/output", for_attempt(upload_output));
  router.add("GET", task + "/source", for_attempt(source));
  router.add("POST", task + "/finish", for_attempt(finish));
}

}  // namespace muster::server
