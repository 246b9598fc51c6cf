#include "server/answers.hpp"

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/text.hpp"

namespace muster::server {

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return 400;
    case ErrorKind::unauthenticated:
      return 401;
    case ErrorKind::forbidden:
      return 403;
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::timeout:
      return 408;
    case ErrorKind::conflict:
      return 409;
    case ErrorKind::too_large:
      return 413;
    case ErrorKind::out_of_range:
      return 416;
    case ErrorKind::unavailable:
    case ErrorKind::cancelled:
      return 503;
    case ErrorKind::exhausted:
      return 507;
    case ErrorKind::internal:
      return 500;
  }
  return 500;
}

Error for_caller(const Error& error) {
  switch (error.kind) {
    case ErrorKind::exhausted:
      return {error.kind,
              "the server's disk is full; nothing was changed. Try again when there is room"};
    case ErrorKind::unavailable:
      return {error.kind, "the database is busy; nothing was changed. Try again"};
    default:
      return {ErrorKind::internal, "a fault of the server; its log has the details"};
  }
}

net::Response json_response(int status, std::string body) {
  net::Response response{.status = status, .body = std::move(body)};
  response.headers.set("Content-Type", "application/json");
  response.headers.set("Cache-Control", "no-store");
  return response;
}

net::Response error_response(const Error& error) {
  auto response = answer(status_of(error.kind), protocol::Message{error.message});
  if (error.kind == ErrorKind::unauthenticated) {
    response.headers.set("WWW-Authenticate", R"(Bearer realm="muster")");
  }
  return response;
}

Error nothing_at(const net::Request& request) {
  return {ErrorKind::not_found, fmt::format("there is nothing at {}", printable(request.path))};
}

std::string version_of(const std::string& json) {
  return sha256_hex(json).substr(0, 16);
}

std::int64_t wait_asked(const Call& call) {
  return parse_int(call.query("wait_ms").value_or("0")).value_or(0);
}

}  // namespace muster::server
