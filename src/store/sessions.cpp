#include "store/sessions.hpp"

#include <algorithm>

#include "base/crypto.hpp"

namespace muster::store {
namespace {

constexpr std::size_t kSessionBytes = 32;
constexpr std::size_t kCodeBytes = 24;
constexpr std::int64_t kMostSessions = 100;  // of a token
constexpr std::int64_t kMostCodes = 10;      // of a token

WallTime end_of(WallTime begun_at, WallTime used_at) {
  return std::min(begun_at + kLongestSession, used_at + kIdleSession);
}

}  // namespace

Sessions::Begun Sessions::begin(const Credential& owner, WallTime now) {
  keep_uses();  // they say which is to go
  db_->execute(
      "DELETE FROM session WHERE token_id = ?1 AND id NOT IN (SELECT id FROM session "
      "WHERE token_id = ?1 ORDER BY used_at DESC, id DESC LIMIT ?2)",
      owner.token_id, kMostSessions - 1);
  Begun begun{random_hex(kSessionBytes), {new_uuid(), owner, end_of(now, now)}};
  db_->execute("INSERT INTO session VALUES (?, ?, ?, ?, ?)", begun.session.id,
               sha256_hex(begun.secret), owner.token_id, now, now);
  return begun;
}

std::optional<Session> Sessions::find(std::string_view secret, WallTime now) {
  auto rows = db_->query(
      "SELECT session.id, begun_at, used_at, token.id, nickname, role FROM session "
      "JOIN token ON token.id = token_id WHERE session.hash = ? AND resource_class IS NULL",
      sha256_hex(secret));
  if (!rows.next()) return std::nullopt;
  Session session{.id = rows.text(0)};
  const auto begun_at = rows.time(1);
  const auto use = uses_.find(session.id);
  const auto used_at = use == uses_.end() ? rows.time(2) : std::max(rows.time(2), use->second);
  if (now >= end_of(begun_at, used_at)) return std::nullopt;
  session.owner = {rows.text(3), "", rows.text(4),
                   protocol::role_of(rows.text(5)).value_or(protocol::Role::read)};
  session.ends_at = end_of(begun_at, std::max(used_at, now));
  if (now > used_at) uses_[session.id] = now;
  return session;
}

void Sessions::end(const std::string& id) {
  db_->execute("DELETE FROM session WHERE id = ?", id);
}

protocol::SignInCode Sessions::make_code(const std::string& token_id, WallTime now) {
  db_->execute(
      "DELETE FROM sign_in_code WHERE token_id = ?1 AND hash NOT IN (SELECT hash FROM sign_in_code "
      "WHERE token_id = ?1 ORDER BY made_at DESC LIMIT ?2)",
      token_id, kMostCodes - 1);
  const auto code = random_hex(kCodeBytes);
  db_->execute("INSERT INTO sign_in_code VALUES (?, ?, ?)", sha256_hex(code), token_id, now);
  return {code, now + kSignInCodeLife};
}

std::optional<Credential> Sessions::take_code(std::string_view code, WallTime now) {
  const auto hash = sha256_hex(code);
  std::optional<Credential> owner;
  {
    auto rows = db_->query(
        "SELECT token.id, nickname, role, made_at FROM sign_in_code "
        "JOIN token ON token.id = token_id WHERE sign_in_code.hash = ?",
        hash);
    if (!rows.next()) return std::nullopt;
    const auto made_at = rows.time(3);
    if (now >= made_at && now < made_at + kSignInCodeLife) {
      owner = {rows.text(0), "", rows.text(1),
               protocol::role_of(rows.text(2)).value_or(protocol::Role::read)};
    }
  }
  db_->execute("DELETE FROM sign_in_code WHERE hash = ?", hash);
  return owner;
}

// Each again, as what an earlier call has written may have been undone.
void Sessions::keep_uses() {
  for (const auto& [id, at] : uses_) {
    db_->execute("UPDATE session SET used_at = ?1 WHERE id = ?2 AND used_at < ?1", at, id);
  }
}

void Sessions::forget_ended(WallTime now) {
  keep_uses();
  db_->execute("DELETE FROM session WHERE used_at <= ? OR begun_at <= ?", now - kIdleSession,
               now - kLongestSession);
  db_->execute("DELETE FROM sign_in_code WHERE made_at <= ?", now - kSignInCodeLife);
  std::erase_if(uses_, [&](const auto& it) { return now - it.second >= kIdleSession; });
}

}  // namespace muster::store
