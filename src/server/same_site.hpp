#pragma once

// Against pages of elsewhere that have a browser ask in the name of who is signed in here (CSRF):
// a browser adds a password that it knows to whatever any page sends.

#include "base/result.hpp"
#include "net/http_server.hpp"

namespace muster::server {

// Forbidden, if a browser says that a page of another site has it send this, and it may change
// something. Other clients say nothing of that. From Sec-Fetch-Site, which a page cannot set; of a
// browser too old for it from Origin, which has to be of the request's host.
Result<void> check_same_site(const net::Request& head);

// Of a request whose sender is known by a cookie alone. Forbidden, if it may change something and
// has not the header that our own page adds: a page of elsewhere could add it only with leave of
// ours (CORS), which nobody gets.
Result<void> check_sent_by_our_page(const net::Request& head);

}  // namespace muster::server
