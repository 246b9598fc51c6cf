#include "store/room.hpp"

#include <algorithm>

#include <fmt/core.h>

namespace muster::store {

std::uint64_t reserve_of(std::uint64_t file_system_size) {
  constexpr std::uint64_t kMost = 256ULL << 20;
  constexpr std::uint64_t kShare = 20;
  return std::min(kMost, file_system_size / kShare);
}

Result<void> check_room(const std::filesystem::path& directory, std::uint64_t bytes) {
  std::error_code unknown;
  const auto space = std::filesystem::space(directory, unknown);
  if (unknown) return ok();
  const auto reserve = reserve_of(space.capacity);
  if (space.available >= reserve && space.available - reserve >= bytes) return ok();
  return Error{ErrorKind::exhausted,
               fmt::format("the server's disk is full: its last {} MiB are kept for what must not "
                           "be lost; make room on it",
                           (reserve + (1 << 20) - 1) >> 20)};
}

}  // namespace muster::store
