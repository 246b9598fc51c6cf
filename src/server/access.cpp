#include "server/access.hpp"

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "server/cookie.hpp"
#include "server/same_site.hpp"

namespace muster::server {
namespace {

// CircleCI's own words (docs/protocol.md, Credentials).
const Error kNothingSent{ErrorKind::unauthenticated, "You must log in first."};
const Error kNotKnown{ErrorKind::unauthenticated, "Invalid token provided."};
const Error kSessionOver{ErrorKind::unauthenticated, "This session has ended: sign in again."};

struct SentToken {
  std::string token;         // not empty
  bool is_password = false;  // a browser sends it again by itself
};

std::optional<SentToken> sent_token(const net::Request& request) {
  if (auto token = request.headers.get("Circle-Token")) {
    if (token->empty()) return std::nullopt;
    return SentToken{*std::move(token)};
  }
  const auto authorization = request.headers.get("Authorization");
  if (!authorization) return std::nullopt;
  const auto blank = authorization->find(' ');
  if (blank == std::string::npos) return std::nullopt;
  const auto scheme = authorization->substr(0, blank);
  auto value = std::string(trim(authorization->substr(blank + 1)));
  const bool is_password = net::equal_ignoring_case(scheme, "Basic");
  if (is_password) {
    std::string user_and_password;
    if (!base64_decode(value, user_and_password)) return std::nullopt;
    value = user_and_password.substr(0, user_and_password.find(':'));
  } else if (!net::equal_ignoring_case(scheme, "Bearer")) {
    return std::nullopt;
  }
  if (value.empty()) return std::nullopt;
  return SentToken{std::move(value), is_password};
}

Result<store::Credential> identify(store::Store& store, const std::string& token) {
  if (store.queue().task_tokens().attempt_of(token)) {
    return Error{ErrorKind::forbidden, "this is a task token: it speaks for one attempt of a task"};
  }
  const auto credential = store.catalog().authenticate(token);
  if (!credential) return kNotKnown;
  return *credential;
}

Result<std::string> require_class(const Call& call) {
  const auto token = token_of(call.request);
  if (!token) return kNothingSent;
  const auto credential = identify(call.store, *token);
  if (!credential) return credential.error();
  if (!credential->resource_class.empty()) return credential->resource_class;
  return Error{ErrorKind::forbidden,
               "this is a personal token: a runner claims with a resource-class token"};
}

Result<Person> person_of(store::Store& store, const Shown& shown, WallTime now) {
  if (shown.is_session) {
    const auto session = store.sessions().find(shown.secret, now);
    if (!session) return kSessionOver;
    return Person{session->owner.token_id, session->owner.nickname, session->owner.role,
                  PersonsSession{session->id, session->ends_at}};
  }
  const auto credential = identify(store, shown.secret);
  if (!credential) return credential.error();
  if (credential->resource_class.empty()) {
    return Person{credential->token_id, credential->nickname, credential->role, std::nullopt};
  }
  return Error{ErrorKind::forbidden,
               fmt::format("this is a token of resource class {}: it only claims tasks; use a "
                           "personal token here",
                           credential->resource_class)};
}

// The first that is known counts.
Result<Person> identify_person(store::Store& store, const net::Request& request, WallTime now) {
  Result<Person> person = kNothingSent;
  for (const auto& shown : shown_by(request)) {
    person = person_of(store, shown, now);
    if (person || person.error().kind != ErrorKind::unauthenticated) return person;
  }
  return person;
}

}  // namespace

std::optional<std::string> token_of(const net::Request& request) {
  auto sent = sent_token(request);
  if (!sent) return std::nullopt;
  return std::move(sent->token);
}

std::vector<Shown> shown_by(const net::Request& request) {
  std::vector<Shown> all;
  auto sent = sent_token(request);
  const bool counts_alone = sent && !sent->is_password;
  auto session = counts_alone ? std::nullopt : session_cookie(request);
  if (session) all.push_back({*std::move(session), true});
  if (sent) all.push_back({std::move(sent->token), false});
  return all;
}

bool is_known(store::Store& store, const Shown& shown, WallTime now) {
  if (shown.is_session) return store.sessions().find(shown.secret, now).has_value();
  const auto attempt = store.queue().task_tokens().attempt_of(shown.secret);
  if (attempt) return store.queue().may_be_heard(*attempt, now);
  return store.catalog().authenticate(shown.secret).has_value();
}

Error not_known(const net::Request& request) {
  const auto shown = shown_by(request);
  if (shown.empty()) return kNothingSent;
  return shown.back().is_session ? kSessionOver : kNotKnown;
}

Result<Person> require_person(store::Store& store, const net::Request& request,
                              protocol::Role needed, WallTime now) {
  auto person = identify_person(store, request, now);
  if (!person) return person;
  if (person->session) {
    if (auto meant = check_sent_by_our_page(request); !meant) return meant.error();
  }
  if (protocol::may(person->role, needed)) return person;
  return Error{ErrorKind::forbidden,
               fmt::format("this takes the role {}, and your token has the role {}",
                           protocol::to_string(needed), protocol::to_string(person->role))};
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

Handler for_person(protocol::Role needed, Handler handler) {
  return [needed, handler = std::move(handler)](Call& call) -> Result<Outcome> {
    auto person = require_person(call.store, call.request, needed, call.now.wall);
    if (!person) return person.error();
    call.person = *std::move(person);
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
