#pragma once

// The cookie of a session, as it is sent and as it is set (RFC 6265).

#include <optional>
#include <string>

#include "net/http_server.hpp"

namespace muster::server {

// What the cookie holds, whatever it is worth. Nothing, if it is not there or is empty; or if there
// are several, as then somebody else has set one.
std::optional<std::string> session_cookie(const net::Request& request);

// For Set-Cookie. `secure`: the browser shall send it by HTTPS alone.
std::string set_session_cookie(const std::string& secret, bool secure);
std::string clear_session_cookie(bool secure);

// Whether the browser has asked by HTTPS, as far as a proxy in front of us says so.
bool is_https_by_proxy(const net::Request& request);

}  // namespace muster::server
