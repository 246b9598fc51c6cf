#pragma once

// Who may do what. Two kinds of token, never mixed, and one that speaks for a single attempt.

#include "server/call.hpp"

namespace muster::server {

// Any token that we gave out and that still counts.
Result<void> require_known(store::Store& store, const net::Request& head);

// A personal token: reads and administers, never claims.
Result<void> require_personal(const Call& call);

// A resource-class token: claims, for the class that is returned.
Result<std::string> require_class(const Call& call);

// The task token of the attempt that the path names (parameters "task" and "attempt").
Result<store::Attempt> require_attempt(const Call& call);

}  // namespace muster::server
