#pragma once

// Who may do what. Two kinds of token, never mixed, and one that speaks for a single attempt.

#include "server/call.hpp"

namespace muster::server {

// Any token that we gave out and that still counts.
Result<void> require_known(store::Store& store, const net::Request& head);

// Handlers behind a check of who asks.

// A personal token: reads and administers, never claims.
Handler for_person(Handler handler);

// A resource-class token: claims, for its class.
Handler for_class(std::function<Result<Outcome>(Call&, const std::string& resource_class)> handler);

// The task token of the attempt that the path names (parameters "task" and "attempt").
Handler for_attempt(std::function<Result<Outcome>(Call&, const store::Attempt& attempt)> handler);

}  // namespace muster::server
