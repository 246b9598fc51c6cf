#pragma once

// Who may do what. Two kinds of token, never mixed, and one that speaks for a single attempt. In a
// browser the cookie of a session stands for the personal token that it was begun with.

#include "server/call.hpp"

namespace muster::server {

// As it is sent in a header of its own, whatever it is worth. Absent: none is sent, or an empty
// one.
std::optional<std::string> token_of(const net::Request& request);

// What a request shows of who sends it. A token that was put there counts alone; what a browser
// adds by itself, the cookie of a session and then a token that it knows as a password, one after
// the other.
struct Shown {
  std::string secret;
  bool is_session = false;
};
std::vector<Shown> shown_by(const net::Request& request);

// One that we gave out and that still counts.
bool is_known(store::Store& store, const Shown& shown, WallTime now);

// What a stranger is told: that nothing was sent, or nothing that we know.
Error not_known(const net::Request& request);

// What the handlers below ask for, for those who have no more than the head of a request.
Result<Person> require_person(store::Store& store, const net::Request& request,
                              protocol::Role needed, WallTime now);
Result<store::Attempt> require_attempt(store::Store& store, const net::Request& request,
                                       const std::string& task, const std::string& attempt);

// Handlers behind a check of who asks.

// A personal token of at least this role, or a session of such a one: never claims. The handler
// finds it as call.person.
Handler for_person(protocol::Role needed, Handler handler);

// A resource-class token: claims, for its class.
Handler for_class(std::function<Result<Outcome>(Call&, const std::string& resource_class)> handler);

// The task token of the attempt that the path names (parameters "task" and "attempt").
Handler for_attempt(std::function<Result<Outcome>(Call&, const store::Attempt& attempt)> handler);

}  // namespace muster::server
