#include "agent/delivery.hpp"

#include "agent/backoff.hpp"
#include "agent/patience.hpp"
#include "base/log.hpp"

namespace muster::agent {
namespace {

Result<void> send_finish(ControlPlane& server, const Attempt& attempt,
                         const protocol::FinishRequest& request, std::stop_token stop) {
  Backoff backoff;
  for (;;) {
    auto sent = server.finish(attempt, request, stop);
    if (sent || stop.stop_requested()) return sent;
    if (is_stale(sent.error()) || is_unacceptable(sent.error())) return sent;
    log::debug("the result is not delivered yet", {{"reason", sent.error().message}});
    backoff.pause(stop);
  }
}

Error stale_error() {
  return {ErrorKind::conflict, "the server has ended this attempt"};
}

}  // namespace

Delivery::Delivery(ControlPlane& server, const Attempt& attempt, Outbox& outbox, WorkEnd& end)
    : server_(&server),
      attempt_(&attempt),
      outbox_(&outbox),
      end_(&end),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

bool Delivery::is_over(const Error& error) {
  if (is_stale(error)) {
    stale_ = true;
    log::warn("the server has ended this attempt",
              {{"task", attempt_->task_id}, {"reason", error.message}});
    end_->request(EndReason::stale);
  } else if (is_unacceptable(error)) {
    log::error("the server refuses what this task has to tell; giving the task up",
               {{"task", attempt_->task_id}, {"reason", error.message}});
    broken_ = "the server refuses what the task has to tell: " + error.message;
    end_->request(EndReason::broken);
  }
  return is_stale(error) || is_unacceptable(error);
}

Result<void> Delivery::send(const Outgoing& item, std::stop_token stop) {
  return std::visit([&](const auto& outgoing) { return send(outgoing, stop); }, item);
}

Result<void> Delivery::send(const OutgoingUpdate& update, std::stop_token stop) {
  auto sent = server_->update_step(*attempt_, update.step, update.update, stop);
  if (sent) outbox_->arrived();
  return sent;
}

Result<void> Delivery::send(const OutgoingOutput& output, std::stop_token stop) {
  const auto held = server_->put_output(*attempt_, output.step, output.offset, output.bytes, stop);
  if (!held && held.error().kind == ErrorKind::too_large) {
    log::warn("the server takes no more output of a step; the rest is dropped",
              {{"task", attempt_->task_id},
               {"step", std::to_string(output.step)},
               {"reason", held.error().message}});
    outbox_->drop_output(output.step);
    return ok();
  }
  if (!held) return held.error();
  if (*held < output.offset) {
    log::warn("the server holds less output than it acknowledged; some is lost",
              {{"task", attempt_->task_id}, {"step", std::to_string(output.step)}});
  }
  outbox_->arrived(*held);
  return ok();
}

void Delivery::run(std::stop_token stop) {
  Backoff backoff;
  while (!stop.stop_requested()) {
    const auto item = outbox_->front(stop);
    if (!item) {
      log::error("output cannot be sent", {{"reason", item.error().message}});
      broken_ = "output cannot be sent: " + item.error().message;
      end_->request(EndReason::broken);
      return;
    }
    if (!*item) return;
    const auto sent = send(**item, stop);
    if (sent) {
      backoff.reset();
    } else if (is_over(sent.error())) {
      return;
    } else {
      log::debug("not delivered yet", {{"reason", sent.error().message}});
      backoff.pause(stop);
    }
  }
}

Result<void> Delivery::finish(const protocol::FinishRequest& request, Millis patience,
                              std::stop_token hurry) {
  const Patience time(patience, std::move(hurry));
  const std::stop_callback give_up(time.over(), [this] { thread_.request_stop(); });
  outbox_->close();
  thread_.join();
  if (stale_) return stale_error();
  if (!broken_.empty()) {
    const protocol::FinishRequest failed{protocol::TaskResult::infrastructure_fail, broken_, {}};
    return send_finish(*server_, *attempt_, failed, time.over());
  }
  if (!outbox_->is_delivered()) {
    return Error{ErrorKind::timeout, "not all that the task has to tell could be sent in time"};
  }
  auto last = request;
  if (auto step = outbox_->last()) {
    last.last_step = {static_cast<std::int64_t>(step->step), std::move(step->update)};
  }
  return send_finish(*server_, *attempt_, last, time.over());
}

Result<void> finish_task(ControlPlane& server, const Attempt& attempt,
                         const protocol::FinishRequest& request, Millis patience,
                         std::stop_token hurry) {
  const Patience time(patience, std::move(hurry));
  return send_finish(server, attempt, request, time.over());
}

}  // namespace muster::agent
