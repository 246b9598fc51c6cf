#include "server/cookie.hpp"

#include <fmt/core.h>

#include "base/text.hpp"
#include "store/sessions.hpp"

namespace muster::server {
namespace {

constexpr std::string_view kName = "muster_session";

// Never for a script, and not for what another site asks for.
std::string set_cookie(const std::string& value, Millis age, bool secure) {
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{}", kName, value,
                     std::chrono::duration_cast<std::chrono::seconds>(age).count(),
                     secure ? "; Secure" : "");
}

}  // namespace

std::optional<std::string> session_cookie(const net::Request& request) {
  std::optional<std::string> found;
  // A header that comes twice is one list.
  auto all = request.headers.get("Cookie").value_or("");
  std::replace(all.begin(), all.end(), ',', ';');
  for (const auto& part : split(all, ';')) {
    const auto pair = trim(part);
    const auto sign = pair.find('=');
    if (sign == std::string_view::npos || pair.substr(0, sign) != kName) continue;
    if (found) return std::nullopt;
    found = pair.substr(sign + 1);
  }
  return found && !found->empty() ? found : std::nullopt;
}

std::string set_session_cookie(const std::string& secret, bool secure) {
  return set_cookie(secret, store::kLongestSession, secure);
}

std::string clear_session_cookie(bool secure) {
  return set_cookie("", Millis(0), secure);
}

bool is_https_by_proxy(const net::Request& request) {
  const auto scheme = request.headers.get("X-Forwarded-Proto");
  return scheme && net::equal_ignoring_case(*scheme, "https");
}

}  // namespace muster::server
