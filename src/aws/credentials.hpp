#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"

namespace muster::aws {

// Who calls. All but the access key id is secret: it is signed with or sent, and never shown.
struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;           // empty for keys that last
  std::optional<WallTime> expires_at;  // nothing: they do not expire by themselves
  std::string source;                  // "the environment"; for messages

  friend bool operator==(const Credentials&, const Credentials&) = default;
};

}  // namespace muster::aws
