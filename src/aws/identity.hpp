#pragma once

// Whom AWS takes a caller for.

#include <stop_token>
#include <string>
#include <string_view>

#include "aws/region_and_endpoint.hpp"
#include "aws/session.hpp"
#include "base/result.hpp"
#include "net/http_client.hpp"

namespace muster::aws {

inline constexpr Service kSts{"sts", "sts", "sts"};

// The ARN of whom the session's credentials are of, as STS's GetCallerIdentity tells it. It needs
// no permission, and no policy can deny it. Any region of theirs will do.
Result<std::string> caller_arn(Session& session, net::HttpClient& http, std::string region,
                               const std::stop_token& stop);

// Whose policy has to allow what such a caller may not do, in words: "the role NAME", "the user
// NAME", or else the ARN itself. Fit to be shown. Pure.
std::string policy_holder(std::string_view arn);

}  // namespace muster::aws
