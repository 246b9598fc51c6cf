#include "server/access.hpp"

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/text.hpp"

namespace muster::server {
namespace {

// CircleCI's own words (docs/protocol.md, Credentials).
const Error kNothingSent{ErrorKind::unauthenticated, "You must log in first."};
const Error kNotKnown{ErrorKind::unauthenticated, "Invalid token provided."};

std::optional<std::string> unless_empty(std::string token) {
  return token.empty() ? std::nullopt : std::optional(std::move(token));
}

Result<store::Credential> identify(store::Store& store, const net::Request& request) {
  const auto token = token_of(request);
  if (!token) return kNothingSent;
  if (store.queue().task_tokens().attempt_of(*token)) {
    return Error{ErrorKind::forbidden, "this is a task token: it speaks for one attempt of a task"};
  }
  const auto credential = store.catalog().authenticate(*token);
  if (!credential) return kNotKnown;
  return *credential;
}

Result<std::string> require_class(const Call& call) {
  const auto credential = identify(call.store, call.request);
  if (!credential) return credential.error();
  if (!credential->resource_class.empty()) return credential->resource_class;
  return Error{ErrorKind::forbidden,
               "this is a personal token: a runner claims with a resource-class token"};
}

}  // namespace

std::optional<std::string> token_of(const net::Request& request) {
  if (auto token = request.headers.get("Circle-Token")) return unless_empty(*std::move(token));
  const auto authorization = request.headers.get("Authorization");
  if (!authorization) return std::nullopt;
  const auto blank = authorization->find(' ');
  if (blank == std::string::npos) return std::nullopt;
  const auto scheme = authorization->substr(0, blank);
  const auto value = std::string(trim(authorization->substr(blank + 1)));
  if (net::equal_ignoring_case(scheme, "Bearer")) return unless_empty(value);
  std::string user_and_password;
  if (!net::equal_ignoring_case(scheme, "Basic") || !base64_decode(value, user_and_password)) {
    return std::nullopt;
  }
  return unless_empty(user_and_password.substr(0, user_and_password.find(':')));
}

bool is_known(store::Store& store, const std::string& token) {
  return store.queue().task_tokens().attempt_of(token) || store.catalog().authenticate(token);
}

Error not_known(const net::Request& request) {
  return token_of(request) ? kNotKnown : kNothingSent;
}

Result<void> require_personal(store::Store& store, const net::Request& request) {
  const auto credential = identify(store, request);
  if (!credential) return credential.error();
  if (credential->resource_class.empty()) return ok();
  return Error{ErrorKind::forbidden,
               fmt::format("this is a token of resource class {}: it only claims tasks; use a "
                           "personal token here",
                           credential->resource_class)};
}

Result<store::Attempt> require_attempt(store::Store& store, const net::Request& request,
                                       const std::string& task, const std::string& attempt) {
  const auto token = token_of(request);
  if (!token) return kNothingSent;
  const auto found = store.queue().task_tokens().attempt_of(*token);
  if (!found) return kNotKnown;
  const store::Attempt named{task, parse_int(attempt).value_or(-1)};
  if (*found != named) {
    return Error{ErrorKind::forbidden, "this task token is for another attempt"};
  }
  return *found;
}

Handler for_person(Handler handler) {
  return [handler = std::move(handler)](Call& call) -> Result<Outcome> {
    if (auto allowed = require_personal(call.store, call.request); !allowed) return allowed.error();
    return handler(call);
  };
}

Handler for_class(std::function<Result<Outcome>(Call&, const std::string&)> handler) {
  return [handler = std::move(handler)](Call& call) -> Result<Outcome> {
    const auto resource_class = require_class(call);
    if (!resource_class) return resource_class.error();
    return handler(call, *resource_class);
  };
}

Handler for_attempt(std::function<Result<Outcome>(Call&, const store::Attempt&)> handler) {
  return [handler = std::move(handler)](Call& call) -> Result<Outcome> {
    const auto attempt = require_attempt(call.store, call.request, call.parameter("task"),
                                         call.parameter("attempt"));
    if (!attempt) return attempt.error();
    return handler(call, *attempt);
  };
}

}  // namespace muster::server
