#pragma once

// Writes what the runner of this instance needs: its configuration, with the class's token from
// Secrets Manager, and the variables of `muster agent`.

#include <filesystem>
#include <stop_token>

#include "base/result.hpp"
#include "base/time.hpp"
#include "instance/config.hpp"
#include "instance/self.hpp"

namespace muster::instance {

struct Configure {
  std::filesystem::path output;
  std::filesystem::path environment;  // empty: not written
  Millis patience{};                  // for AWS and the metadata service, which may come up late
};

// Files are written whole, with mode 0600. Where others could put files of theirs in the place of
// ours, nothing is written; a directory that is missing is made, for us alone.
Result<void> configure(const Config& config, const Configure& wanted, Self& self,
                       const std::stop_token& stop);

}  // namespace muster::instance
