#pragma once

// AWS's Signature Version 4, in headers. Pure: the same arguments give the same signature.
// Why not libcurl's: docs/adr/0008-own-aws-signer.md.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/credentials.hpp"
#include "base/time.hpp"
#include "net/http.hpp"

namespace muster::aws {

struct RequestToSign {
  std::string method;
  std::string path = "/";  // as it is sent
  std::string query;       // as it is sent, without its '?'
  // All are signed, so give only those that arrive as they leave; Host must be among them.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view body;
};

enum class PathForm {
  normalized,  // without "." , ".." and empty segments: every service but S3
  as_sent,
};

struct SigningScope {
  std::string region;
  std::string service;
  PathForm path_form = PathForm::normalized;
};

// The headers to send in addition: X-Amz-Date, X-Amz-Security-Token if the credentials have one,
// and Authorization. `now` is the time by AWS's clock; it accepts a few minutes more or less.
net::Headers sign(const RequestToSign& request, const Credentials& credentials,
                  const SigningScope& scope, WallTime now);

}  // namespace muster::aws
