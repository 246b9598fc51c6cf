// Signing in and out with a browser. The cookie that it is given stands for the personal token that
// was shown once; docs/protocol.md, Sessions.

#include "base/log.hpp"
#include "server/access.hpp"
#include "server/answers.hpp"
#include "server/audit.hpp"
#include "server/cookie.hpp"
#include "server/router.hpp"

namespace muster::server {
namespace {

using protocol::Role;

// Of all that does not sign in the same is said: nobody learns which of it there once was.
const Error kNoEntry{ErrorKind::unauthenticated,
                     "This token or code is not known, or was used before, or is too old."};

std::optional<store::Credential> take_entry(Call& call, const protocol::SignIn& entry) {
  if (entry.code) return call.store.sessions().take_code(*entry.code, call.now.wall);
  auto credential = call.store.catalog().authenticate(*entry.token);
  if (!credential || !credential->resource_class.empty()) return std::nullopt;
  return credential;
}

protocol::SessionStatus status_of_person(const Person& person) {
  protocol::SessionStatus status{.nickname = person.nickname, .role = person.role};
  if (person.session) status.expires_at = person.session->ends_at;
  return status;
}

// Its cookie is replaced, so nobody could end it any more.
void end_session_before(Call& call) {
  const auto cookie = session_cookie(call.request);
  const auto before = cookie ? call.store.sessions().find(*cookie, call.now.wall) : std::nullopt;
  if (!before) return;
  call.store.sessions().end(before->id);
  call.person = Person{before->owner.token_id, before->owner.nickname, before->owner.role, {}};
  note(call, "session.ended", before->id, "signed in anew");
}

Handler sign_in(bool https) {
  return [https](Call& call) -> Result<Outcome> {
    const auto entry = body_of<protocol::SignIn>(call);
    if (!entry) return entry.error();
    if (entry->token.has_value() == entry->code.has_value()) {
      return Error{ErrorKind::invalid, "sign in with a token or a code, and one of them alone"};
    }
    const auto owner = take_entry(call, *entry);
    if (!owner) return error_response(kNoEntry);  // an Error would undo that the code is gone
    end_session_before(call);
    const auto begun = call.store.sessions().begin(*owner, call.now.wall);
    const auto& session = begun.session;
    call.person = Person{owner->token_id, owner->nickname, owner->role,
                         PersonsSession{session.id, session.ends_at}};
    note(call, "session.begun", session.id, entry->code ? "with a code" : "with the token");
    call.store.after_commit([id = session.id, nickname = owner->nickname] {
      log::info("signed in", {{"session", id}, {"nickname", nickname}});
    });
    auto response = answer(201, status_of_person(*call.person));
    response.headers.set(
        "Set-Cookie", set_session_cookie(begun.secret, https || is_https_by_proxy(call.request)));
    return response;
  };
}

Result<Outcome> show_session(Call& call) {
  return answer(200, status_of_person(*call.person));
}

Handler sign_out(bool https) {
  return [https](Call& call) -> Result<Outcome> {
    if (!call.person->session) {
      return Error{ErrorKind::not_found, "there is no session: a token was sent, not its cookie"};
    }
    const auto& id = call.person->session->id;
    call.store.sessions().end(id);
    note(call, "session.ended", id, "signed out");
    call.store.after_commit([id, nickname = call.person->nickname] {
      log::info("signed out", {{"session", id}, {"nickname", nickname}});
    });
    auto response = no_content();
    response.headers.set("Set-Cookie",
                         clear_session_cookie(https || is_https_by_proxy(call.request)));
    return response;
  };
}

// A session could else be made to last for ever by one that it begets.
Result<Outcome> make_code(Call& call) {
  if (call.person->session) {
    return Error{ErrorKind::forbidden,
                 "a session makes no code for another one: send the personal token itself"};
  }
  const auto made = call.store.sessions().make_code(call.person->token_id, call.now.wall);
  note(call, "code.created", call.person->token_id);
  return answer(201, made);
}

}  // namespace

void add_session_routes(Router& router, bool https) {
  const std::string session = "/api/muster/v1/session";
  router.add("POST", session, sign_in(https));
  router.add("GET", session, for_person(Role::read, show_session));
  router.add("DELETE", session, for_person(Role::read, sign_out(https)));
  router.add("POST", "/api/muster/v1/sign-in-code", for_person(Role::read, make_code));
}

}  // namespace muster::server
