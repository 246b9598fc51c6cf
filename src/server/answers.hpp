#pragma once

// Responses, and the one place where an error becomes a status.

#include "net/http_server.hpp"
#include "protocol/json.hpp"
#include "protocol/messages.hpp"
#include "server/call.hpp"

namespace muster::server {

int status_of(ErrorKind kind);

// What the database says is for the log; the caller is told what it means. Never what would tell an
// agent that its attempt is over: the fault passes, and its task goes on.
Error for_caller(const Error& error);

net::Response json_response(int status, std::string body);
net::Response error_response(const Error& error);
Error nothing_at(const net::Request& request);  // its path is of no route

template <class T>
net::Response answer(int status, const T& message) {
  return json_response(status, protocol::to_json(message));
}

inline net::Response no_content() {
  return {.status = 204};
}

// Every class: its queue, and what its scaler last reported.
protocol::FleetStatus fleet_status(Call& call);

// The body of a request as a message.
template <class T>
Result<T> body_of(const Call& call) {
  auto message = protocol::from_json<T>(call.request.body);
  if (!message) return message.error().within("the request's body");
  return message;
}

// For a reading that can be waited for: sets message.version from what it says, so that it is the
// same for the same content, also after a restart. Parks if the caller has seen that.
template <class T>
Outcome answer_when_new(const Call& call, T message, std::vector<std::string> topics);

// The version of a reading's content.
std::string version_of(const std::string& json);
std::int64_t wait_asked(const Call& call);  // wait_ms of the query

template <class T>
Outcome answer_when_new(const Call& call, T message, std::vector<std::string> topics) {
  message.version = version_of(protocol::to_json(message));
  const auto patience = patience_left(call, wait_asked(call));
  if (patience > Millis(0) && call.query("seen") == message.version) {
    return Park{std::move(topics), patience};
  }
  return answer(200, message);
}

}  // namespace muster::server
