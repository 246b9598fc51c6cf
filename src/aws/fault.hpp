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
  std::string message;  // AWS's own words; not fit to be shown as they are
  std::string request_id;
};

// Each of `secrets` that AWS quotes in its message is replaced.
Fault read_fault(const net::ClientResponse& response,
                 std::initializer_list<std::string_view> secrets = {});

bool is_throttling(const Fault& fault);  // too many calls: refused before anything was done
bool is_transient(const Fault& fault);   // their trouble: may have been done or not
// Certainly, or perhaps, our clock is wrong.
bool is_about_time(const Fault& fault);
// The credentials are not, or no longer, accepted: others may be.
bool is_about_credentials(const Fault& fault);

// One sentence with AWS's code, message and request id, and with the cure where it is known.
// `action` is as in a policy: "autoscaling:SetDesiredCapacity"; `who` tells whose credentials.
// AWS's message is left out where it would quote a signed request.
Error describe(const Fault& fault, std::string_view action, std::string_view who);

}  // namespace muster::aws
