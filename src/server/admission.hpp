#pragma once

// Whose body is read, and how much of it, decided by a request's head.

#include <variant>

#include "net/http_server.hpp"
#include "store/store.hpp"

namespace muster::server {

std::variant<net::BodyPolicy, net::Response> admit(store::Store& store, const net::Request& head);

}  // namespace muster::server
