#pragma once

// Internal to the server: what is refused of a request, and in which words. Pure.

#include <optional>
#include <string>
#include <string_view>

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "base/error.hpp"
#include "net/http.hpp"

namespace muster::net {

using Parser = boost::beast::http::request_parser<boost::beast::http::buffer_body>;

struct Refusal {
  int status;
  std::string_view sentence;
};

struct Location {
  std::string path;
  std::string query;
};

// "/path?query", or the same after "http://host" or "https://host" (RFC 9112, 3.2).
inline std::optional<Location> parse_location(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equal_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(std::min(target.find('/', scheme.size()), target.size()));
    break;
  }
  if (!target.starts_with('/')) return std::nullopt;
  const auto mark = std::min(target.find('?'), target.size());
  auto path = decode_component(target.substr(0, mark));
  if (!path) return std::nullopt;
  return Location{std::move(*path), std::string(target.substr(std::min(mark + 1, target.size())))};
}

// Beast has refused Content-Length beside Transfer-Encoding; the rest of what could make two
// readers disagree about the end of a request is refused here.
inline std::optional<Refusal> flaw_of(const Parser& parser) {
  const auto& head = parser.get();
  if (head.version() != 10 && head.version() != 11) {
    return Refusal{400, "Only HTTP/1.0 and HTTP/1.1 are spoken here."};
  }
  constexpr std::ptrdiff_t kHeaderFields = 100;
  if (std::distance(head.begin(), head.end()) > kHeaderFields) {
    return Refusal{431, "The request has too many header fields."};
  }
  if (head.version() == 11 && head.count(boost::beast::http::field::host) != 1) {
    return Refusal{400, "The request must have exactly one Host header."};
  }
  if (head.count(boost::beast::http::field::transfer_encoding) > 0 &&
      (head.version() == 10 ||
       !equal_ignoring_case(head[boost::beast::http::field::transfer_encoding], "chunked"))) {
    return Refusal{400, "The only Transfer-Encoding that is understood is chunked."};
  }
  return std::nullopt;
}

inline std::optional<Refusal> refusal_for(const boost::system::error_code& failure) {
  if (failure == boost::beast::http::error::header_limit ||
      failure == boost::beast::http::error::buffer_overflow) {
    return Refusal{431, "The header of the request is too long."};
  }
  if (failure == boost::beast::http::error::body_limit) {
    return Refusal{413, "The body of the request is too long."};
  }
  const bool ended = failure == boost::beast::http::error::end_of_stream ||
                     failure == boost::beast::http::error::partial_message;
  if (!ended &&
      failure.category() == make_error_code(boost::beast::http::error::bad_method).category()) {
    return Refusal{400, "The request is not well-formed HTTP."};
  }
  return std::nullopt;  // the connection is gone, there is nobody to tell
}

inline Refusal refusal_for(const Error& spool_failure) {
  if (spool_failure.kind == ErrorKind::exhausted) {
    return {507, "The disk is full. Nothing was changed. Try again when there is room."};
  }
  return {500, "The body of the request cannot be stored; the log of the server says why."};
}

}  // namespace muster::net
