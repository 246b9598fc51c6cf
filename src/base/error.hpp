#pragma once

// What went wrong, in a form that a program can act on (kind) and a person can read (message).
//
// A message says what failed, where, and what to do about it. It never holds a secret. It gains
// context as it climbs: "reading muster.yaml: line 3, column 5: ...".

#include <string>
#include <string_view>

namespace muster {

enum class ErrorKind {
  invalid,          // the caller's input is wrong, and will be wrong again
  unauthenticated,  // no credentials, or unknown ones
  forbidden,        // known credentials that may not do this
  not_found,
  conflict,      // the input is fine, but not in the present state
  too_large,     // over a documented limit
  out_of_range,  // an offset or range that does not fit what is there
  unavailable,   // the peer cannot be reached or cannot serve now: try again
  timeout,
  exhausted,  // a resource of this machine is used up: disk, descriptors, memory
  cancelled,  // somebody asked us to stop
  internal,   // our own fault
};

std::string_view to_string(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;

  // The same error, with what was being attempted put in front.
  [[nodiscard]] Error within(std::string_view attempted) const;

  friend bool operator==(const Error&, const Error&) = default;
};

// The error for a failed system call: `attempted` and the text of `error_number` (an errno).
// A full disk or an exhausted table becomes ErrorKind::exhausted.
Error system_error(int error_number, std::string_view attempted);

}  // namespace muster
