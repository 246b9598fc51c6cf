#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"

namespace muster::aws {

// Who calls. All but the access key id is secret: it is signed with or sent, and never shown.
// Messages show the id by shown_key().
struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;           // empty for keys that last
  std::optional<WallTime> expires_at;  // nothing: they do not expire by themselves
  std::string source;                  // "the environment"; for messages

  friend bool operator==(const Credentials&, const Credentials&) = default;
};

// Whether the access key id looks like one of AWS's. Another may be a secret in the wrong place.
bool has_proper_key(const Credentials& credentials);

// "access key AKIA… from the environment", if it looks like one.
std::string shown_key(const Credentials& credentials);

}  // namespace muster::aws
