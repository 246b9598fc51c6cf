#include "server/same_site.hpp"

namespace muster::server {
namespace {

bool is_safe(const net::Request& head) {
  return head.method == "GET" || head.method == "HEAD";
}

bool is_own(const net::Request& head) {
  if (const auto site = head.headers.get("Sec-Fetch-Site")) {
    return *site == "same-origin" || *site == "none";  // none: typed in by a person
  }
  const auto origin = head.headers.get("Origin");
  if (!origin) return true;
  const auto host = head.headers.get("Host").value_or("");
  const auto begin = origin->find("://");
  return begin != std::string::npos && net::equal_ignoring_case(origin->substr(begin + 3), host);
}

}  // namespace

Result<void> check_same_site(const net::Request& head) {
  if (is_safe(head) || is_own(head)) return ok();
  return Error{ErrorKind::forbidden, "a page of another site may change nothing here"};
}

Result<void> check_sent_by_our_page(const net::Request& head) {
  if (is_safe(head) || head.headers.get("Muster-Request") == "1") return ok();
  return Error{ErrorKind::forbidden,
               "who is known by a cookie changes something only with the header Muster-Request: 1"};
}

}  // namespace muster::server
