#pragma once

// What AWS says when it refuses a call, from either of its forms. Pure.

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "net/http_client.hpp"

namespace muster::aws {

struct Fault {
  int status = 0;
  std::string code;     // "AccessDenied"; empty if the answer has none
  std::string message;  // AWS's own words, as they came: may quote what was sent
  std::string request_id;
};

Fault read_fault(const net::ClientResponse& response);

bool is_throttling(const Fault& fault);  // too many calls: refused before anything was done
bool is_transient(const Fault& fault);   // their trouble: may have been done or not
bool is_expired(const Fault& fault);     // the credentials are no longer, or not yet, accepted
bool is_about_time(const Fault& fault);  // certainly, or perhaps, our clock is wrong

// One sentence with AWS's code, message and request id, and with the cure where it is known.
// `action` is as in a policy: "autoscaling:SetDesiredCapacity"; `who` tells whose credentials.
// AWS's message is left out where it would quote a signed request.
Error describe(const Fault& fault, std::string_view action, std::string_view who);

// The error with each of `secrets` that is in its message replaced, should AWS have quoted one.
Error without(Error error, std::initializer_list<std::string_view> secrets);

}  // namespace muster::aws
