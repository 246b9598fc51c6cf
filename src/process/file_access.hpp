#pragma once

// Makes and opens files with another user's rights, without a process of that user.

#include <sys/types.h>

#include <vector>

#include "base/result.hpp"

namespace muster::process {

struct User;

// While it lives, what this thread does with files it does as `user`: with that user's groups, and
// without root's rights over files. Nothing else changes: neither other threads, nor who may
// signal or inspect this process. Root only. One at a time for a thread, and it ends there.
class FileAccess {
 public:
  static Result<FileAccess> as(const User& user);

  FileAccess(FileAccess&& other) noexcept
      : groups_(std::move(other.groups_)), taken_(other.taken_) {
    other.taken_ = false;
  }
  FileAccess& operator=(FileAccess&&) = delete;
  ~FileAccess();  // ends the process if it cannot be given back

 private:
  explicit FileAccess(std::vector<gid_t> groups) : groups_(std::move(groups)) {}

  std::vector<gid_t> groups_;  // our own
  bool taken_ = true;
};

}  // namespace muster::process
