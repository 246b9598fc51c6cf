#pragma once

// Only one scaler works on a state directory: two would each launch for the same queue.

#include <filesystem>

#include "base/file.hpp"

namespace muster::fleet {

class StateLock {
 public:
  // ErrorKind::conflict, with the holder's process id, if another process holds it. Held until
  // this object or the process is gone.
  static Result<StateLock> acquire(const std::filesystem::path& state_directory);

 private:
  explicit StateLock(UniqueFd file) : file_(std::move(file)) {}
  UniqueFd file_;
};

}  // namespace muster::fleet
