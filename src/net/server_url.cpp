#include "net/server_url.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"
#include "net/http_client.hpp"

namespace muster::net {
namespace {

constexpr std::string_view kSchemeEnd = "://";
constexpr std::string_view kMore = "/?#";  // what a path, a query and a fragment begin with

std::string host_of(std::string_view address) {
  const auto end = address.starts_with('[') ? address.find(']') + 1 : address.find_first_of(":/");
  return std::string(address.substr(0, end));
}

bool is_one_word(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

std::string_view name_of_part(char mark) {
  if (mark == '?') return "query";
  return mark == '#' ? "fragment" : "path";
}

// Neither a password nor what follows the server, which may hold one, is quoted.
Error with_user() {
  return {ErrorKind::invalid,
          "has a user or password before an '@', which would be shown in logs: write "
          "http://HOST:PORT, https://HOST:PORT or HOST:PORT"};
}

Error with_more(char mark, std::string_view server) {
  return {ErrorKind::invalid, fmt::format("has a {} behind the server: write {} alone",
                                          name_of_part(mark), printable(server))};
}

bool is_scheme(std::string_view text) {
  return text == "http" || text == "https";
}

Error without_scheme_end(std::string_view scheme) {
  return {ErrorKind::invalid,
          fmt::format("lacks the '://' behind {0}: write {0}://HOST:PORT", scheme)};
}

}  // namespace

Result<std::string> server_url(std::string_view written) {
  if (written.find('@') != std::string_view::npos) return with_user();
  const auto scheme_end = written.find(kSchemeEnd);
  const bool complete = scheme_end != std::string_view::npos;
  const auto scheme = written.substr(0, complete ? scheme_end : 0);
  auto rest = written.substr(complete ? scheme_end + kSchemeEnd.size() : 0);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const bool known = !complete || is_scheme(scheme);
  if (!complete && is_scheme(host_of(rest))) return without_scheme_end(host_of(rest));
  if (!known || rest.empty() || kMore.find(rest.front()) != kMore.npos || rest.front() == ':' ||
      !is_one_word(rest)) {
    return Error{ErrorKind::invalid,
                 fmt::format("'{}' is no address of a server: write http://HOST:PORT, "
                             "https://HOST:PORT or HOST:PORT",
                             printable(written))};
  }
  const auto server = rest.substr(0, rest.find_first_of(kMore));
  const auto assumed = is_loopback(host_of(server)) ? "http" : "https";
  auto url = fmt::format("{}{}{}", complete ? scheme : assumed, kSchemeEnd, server);
  if (server.size() < rest.size()) return with_more(rest[server.size()], url);
  return url;
}

Result<std::string> private_server_url(std::string_view written) {
  constexpr std::string_view kOpen = "http://";
  auto url = server_url(written);
  if (!url || !url->starts_with(kOpen)) return url;
  const auto server = std::string_view(*url).substr(kOpen.size());
  if (is_loopback(host_of(server))) return url;
  return Error{
      ErrorKind::invalid,
      fmt::format("is http to another machine, where others can read the token on its way: "
                  "write https://{}",
                  printable(server))};
}

}  // namespace muster::net
