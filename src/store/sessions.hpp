#pragma once

// Who is signed in with a browser, and the codes that sign in once.
//
// A session is begun with a personal token and lasts no longer than that; it may what the token
// may. Its secret is in the browser's cookie, and as a hash here. Belongs to one thread, inside its
// transaction; storage failures are thrown as db::Failure.

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "db/database.hpp"
#include "protocol/messages.hpp"
#include "store/catalog.hpp"

namespace muster::store {

inline constexpr Millis kIdleSession = std::chrono::hours(12);
inline constexpr Millis kLongestSession = std::chrono::days(7);
inline constexpr Millis kSignInCodeLife = std::chrono::minutes(10);

struct Session {
  std::string id;
  Credential owner;    // a personal token
  WallTime ends_at{};  // if it is not used again
};

class Sessions {
 public:
  explicit Sessions(db::Database& database) : db_(&database) {}

  struct Begun {
    std::string secret;  // only here
    Session session;
  };
  // A token has so many sessions; the one that was not used for longest makes room.
  Begun begin(const Credential& owner, WallTime now);

  // Being asked for is a use. It costs no writing: see keep_uses().
  std::optional<Session> find(std::string_view secret, WallTime now);
  void end(const std::string& id);

  // A token has so many codes, and the oldest makes room. Only this answer holds the code.
  protocol::SignInCode make_code(const std::string& token_id, WallTime now);
  // Whose it was. It is of no use any more, whether it was in time or not.
  std::optional<Credential> take_code(std::string_view code, WallTime now);

  // Writes down when each was last used. What was not written is lost with this process alone.
  void keep_uses();
  // Those that have ended by the clock, and codes that are too old.
  void forget_ended(WallTime now);

 private:
  db::Database* db_;
  std::unordered_map<std::string, WallTime> uses_;  // the latest, by the session's id
};

}  // namespace muster::store
