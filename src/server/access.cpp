#include "server/access.hpp"

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/text.hpp"

namespace muster::server {
namespace {

// CircleCI's own words (docs/protocol.md, Credentials).
const Error kNothingSent{ErrorKind::unauthenticated, "You must log in first."};
const Error kNotKnown{ErrorKind::unauthenticated, "Invalid token provided."};

std::optional<std::string> token_of(const net::Request& request) {
  if (auto token = request.headers.get("Circle-Token")) return token;
  const auto authorization = request.headers.get("Authorization");
  if (!authorization) return std::nullopt;
  const auto blank = authorization->find(' ');
  if (blank == std::string::npos) return std::nullopt;
  const auto scheme = authorization->substr(0, blank);
  const auto value = std::string(trim(authorization->substr(blank + 1)));
  if (net::equal_ignoring_case(scheme, "Bearer")) return value;
  std::string user_and_password;
  if (!net::equal_ignoring_case(scheme, "Basic") || !base64_decode(value, user_and_password)) {
    return std::nullopt;
  }
  return user_and_password.substr(0, user_and_password.find(':'));
}

Result<store::Credential> identify(const Call& call) {
  const auto token = token_of(call.request);
  if (!token || token->empty()) return kNothingSent;
  if (call.store.queue().authenticate(*token)) {
    return Error{ErrorKind::forbidden, "this is a task token: it speaks for one attempt of a task"};
  }
  const auto credential = call.store.catalog().authenticate(*token);
  if (!credential) return kNotKnown;
  return *credential;
}

Result<void> require_personal(const Call& call) {
  const auto credential = identify(call);
  if (!credential) return credential.error();
  if (credential->resource_class.empty()) return ok();
  return Error{ErrorKind::forbidden,
               fmt::format("this is a token of resource class {}: it only claims tasks; use a "
                           "personal token here",
                           credential->resource_class)};
}

Result<std::string> require_class(const Call& call) {
  const auto credential = identify(call);
  if (!credential) return credential.error();
  if (!credential->resource_class.empty()) return credential->resource_class;
  return Error{ErrorKind::forbidden,
               "this is a personal token: a runner claims with a resource-class token"};
}

Result<store::Attempt> require_attempt(const Call& call) {
  const auto token = token_of(call.request);
  if (!token || token->empty()) return kNothingSent;
  const auto attempt = call.store.queue().authenticate(*token);
  if (!attempt) return kNotKnown;
  const store::Attempt named{call.parameter("task"),
                             parse_int(call.parameter("attempt")).value_or(-1)};
  if (*attempt != named) {
    return Error{ErrorKind::forbidden, "this task token is for another attempt"};
  }
  return *attempt;
}

}  // namespace

Result<void> require_known(store::Store& store, const net::Request& head) {
  const auto token = token_of(head);
  if (!token || token->empty()) return kNothingSent;
  if (store.queue().authenticate(*token) || store.catalog().authenticate(*token)) return ok();
  return kNotKnown;
}

Handler for_person(Handler handler) {
  return [handler = std::move(handler)](Call& call) -> Result<Outcome> {
    if (auto allowed = require_personal(call); !allowed) return allowed.error();
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
    const auto attempt = require_attempt(call);
    if (!attempt) return attempt.error();
    return handler(call, *attempt);
  };
}

}  // namespace muster::server
