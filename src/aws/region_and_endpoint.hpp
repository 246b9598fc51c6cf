#pragma once

// Where calls go, by the variables and settings that AWS's own tools read.

#include <stop_token>
#include <string>
#include <string_view>

#include "aws/environment.hpp"
#include "aws/instance_metadata.hpp"
#include "aws/profile.hpp"
#include "base/result.hpp"

namespace muster::aws {

// AWS_REGION, AWS_DEFAULT_REGION, the profile's "region": the first that is there; or empty.
Result<std::string> configured_region(const Environment& environment, const Profile& profile);

// The same, and after them the instance's own. Otherwise an error that says what to set.
Result<std::string> find_region(const Environment& environment, const Profile& profile,
                                InstanceMetadata& instance, const std::stop_token& stop);

// The region, if it may be part of a host's name: lower-case letters, digits and dashes only.
// `from` says in the error where it was found.
Result<std::string> checked_region(std::string region, std::string_view from);

// "arn:aws:secretsmanager:eu-west-1:…" names its region. Of any other name: empty.
std::string region_in_arn(const std::string& name);

// What AWS calls a service, in its several places.
struct Service {
  std::string_view id;           // "auto_scaling": in settings, and in variables in capitals
  std::string_view host_prefix;  // "autoscaling"
  std::string_view signing_name;
  bool fips_name_in_us_gov = false;  // there, most plain endpoints are FIPS's already
  std::string_view json = "1.1";     // which of its JSON protocols the service speaks, if one
};

struct Endpoint {
  std::string scheme;  // "https"
  std::string host;    // with the port, if it is not the scheme's own: the Host header
  std::string path;    // what is put before that of a call; empty or "/…" without a last slash
  std::string set_by = {};  // "AWS_ENDPOINT_URL"; empty: it is AWS's own for the region

  std::string url() const { return scheme + "://" + host + path; }
};

// AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the profile's "services" and "endpoint_url",
// unless AWS_IGNORE_CONFIGURED_ENDPOINT_URLS (or that of the profile) is true; else AWS's own for
// the region, with AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT.
Result<Endpoint> find_endpoint(const Service& service, const std::string& region,
                               const Environment& environment, const Profile& profile);

}  // namespace muster::aws
