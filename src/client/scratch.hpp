#pragma once

// A directory of our own for temporary files: readable by this user alone, gone at the end.

#include <filesystem>

#include "base/result.hpp"

namespace muster::client {

class Scratch {
 public:
  static Result<Scratch> make();  // in $TMPDIR, or /tmp

  Scratch(Scratch&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Scratch& operator=(Scratch&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~Scratch();

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit Scratch(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;  // empty: moved from
};

}  // namespace muster::client
