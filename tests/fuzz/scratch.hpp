#pragma once

// A folder of this process's own, in memory where there is such a place: what is written there is
// deleted in the end.

#include <filesystem>

#include "base/crypto.hpp"

namespace muster::fuzz {

class Scratch {
 public:
  Scratch() { std::filesystem::create_directories(path_); }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  static std::filesystem::path above() {
    std::error_code absent;
    const std::filesystem::path memory = "/dev/shm";
    return std::filesystem::is_directory(memory, absent) ? memory
                                                         : std::filesystem::temp_directory_path();
  }

  const std::filesystem::path path_ = above() / ("muster-fuzz-" + random_hex(8));
};

}  // namespace muster::fuzz
