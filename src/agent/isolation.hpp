#pragma once

// How far the jobs of a runner are kept from its machine: what its settings may say of it. Pure.

#include <filesystem>
#include <string>
#include <vector>

#include "yaml/reader.hpp"

namespace muster::agent {

struct Isolation {
  enum class Kind { none, bubblewrap, podman };
  Kind kind = Kind::none;
  bool network = true;  // the machine's; else a loopback of the task's own, and nothing else
  std::string image;    // podman's
  // bubblewrap's: what no job sees, also where it sees what is around it. Absolute.
  std::vector<std::filesystem::path> hidden = {};

  explicit operator bool() const { return kind != Kind::none; }
  friend auto operator<=>(const Isolation&, const Isolation&) = default;
};

// The keys of the `runner` section, and of a scaler's `local`.
inline constexpr const char* kIsolationKey = "isolation";
inline constexpr const char* kIsolationNetworkKey = "isolation_network";
inline constexpr const char* kIsolationImageKey = "isolation_image";
inline constexpr const char* kIsolationHideKey = "isolation_hide";

// As the keys have it: "none", "bubblewrap", "podman".
std::string word_of(Isolation::Kind kind);

// Takes the four keys; what has no meaning without another, or misses one, is a problem.
Isolation read_isolation(yaml::MapReader& reader);

}  // namespace muster::agent
