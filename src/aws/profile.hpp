#pragma once

// The settings that AWS's tools keep in files: the profile that AWS_PROFILE names ("default"
// without it) of ~/.aws/config and ~/.aws/credentials, or of the files that AWS_CONFIG_FILE and
// AWS_SHARED_CREDENTIALS_FILE name. Where both have a setting, the credentials file's holds.

#include <optional>
#include <string>

#include "aws/environment.hpp"
#include "aws/ini.hpp"
#include "base/result.hpp"

namespace muster::aws {

struct Profile {
  std::string name = "default";
  std::string files;  // where it was looked for, for messages
  bool exists = false;
  Settings settings;
  Settings services;  // of the section that its "services" names: "auto_scaling.endpoint_url"

  std::optional<std::string> get(const std::string& setting) const;
};

// A file that is not there is empty; one that cannot be read, is malformed or is longer than
// 1 MiB is an error. So is a profile that AWS_PROFILE names and neither file has.
Result<Profile> load_profile(const Environment& environment);

}  // namespace muster::aws
