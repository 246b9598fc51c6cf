#pragma once

// Where a browser signs in with a code.

#include <string>

namespace muster::protocol {

// The code stands behind the #: a browser keeps that for itself, so it comes into no log and no
// proxy on the way. `server`: its address, without a path.
inline std::string sign_in_link(const std::string& server, const std::string& code) {
  return server + "/sign-in#code=" + code;
}

}  // namespace muster::protocol
