#pragma once

// Makes and opens files with another user's rights, without a process of that user.

#include <memory>

#include "base/result.hpp"

namespace muster::process {

struct User;

// While it lives, what this thread does with files it does as `user`: with that user's groups, and
// without a capability. Neither other threads nor who may signal or inspect this process change; a
// PR_SET_PDEATHSIG of this thread is lost. Root only. One at a time for a thread, and it ends
// there.
class FileAccess {
 public:
  static Result<FileAccess> as(const User& user);

  FileAccess(FileAccess&& other) noexcept;
  FileAccess& operator=(FileAccess&&) = delete;
  ~FileAccess();  // ends the process if it cannot be given back

 private:
  struct Ours;  // what we had before
  explicit FileAccess(std::unique_ptr<Ours> ours);

  std::unique_ptr<Ours> ours_;
};

}  // namespace muster::process
