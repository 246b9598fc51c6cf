#include "net/server_url.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"
#include "net/http_client.hpp"

namespace muster::net {
namespace {

constexpr std::string_view kSchemeEnd = "://";

std::string host_of(std::string_view address) {
  const auto end = address.starts_with('[') ? address.find(']') + 1 : address.find_first_of(":/");
  return std::string(address.substr(0, end));
}

bool is_one_word(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

Result<std::string> server_url(std::string_view written) {
  const auto scheme_end = written.find(kSchemeEnd);
  const bool complete = scheme_end != std::string_view::npos;
  const auto scheme = written.substr(0, complete ? scheme_end : 0);
  auto rest = written.substr(complete ? scheme_end + kSchemeEnd.size() : 0);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const bool known = !complete || scheme == "http" || scheme == "https";
  if (!known || rest.empty() || rest.front() == '/' || rest.front() == ':' || !is_one_word(rest)) {
    return Error{ErrorKind::invalid,
                 fmt::format("'{}' is no address of a server: write http://HOST:PORT, "
                             "https://HOST:PORT or HOST:PORT",
                             printable(written))};
  }
  if (complete) return fmt::format("{}{}{}", scheme, kSchemeEnd, rest);
  return fmt::format("{}{}", is_loopback(host_of(rest)) ? "http://" : "https://", rest);
}

}  // namespace muster::net
