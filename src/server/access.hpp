#pragma once

// Who may do what. Two kinds of token, never mixed, and one that speaks for a single attempt.

#include "server/call.hpp"

namespace muster::server {

// As it is sent, whatever it is worth. Absent: none is sent, or an empty one.
std::optional<std::string> token_of(const net::Request& request);

// Any token that we gave out and that still counts.
bool is_known(store::Store& store, const std::string& token);

// What a stranger is told: that nothing was sent, or nothing that we know.
Error not_known(const net::Request& request);

// What the handlers below ask for, for those who have no more than the head of a request.
Result<void> require_personal(store::Store& store, const net::Request& request);
Result<store::Attempt> require_attempt(store::Store& store, const net::Request& request,
                                       const std::string& task, const std::string& attempt);

// Handlers behind a check of who asks.

// A personal token: reads and administers, never claims.
Handler for_person(Handler handler);

// A resource-class token: claims, for its class.
Handler for_class(std::function<Result<Outcome>(Call&, const std::string& resource_class)> handler);

// The task token of the attempt that the path names (parameters "task" and "attempt").
Handler for_attempt(std::function<Result<Outcome>(Call&, const store::Attempt& attempt)> handler);

}  // namespace muster::server
