#pragma once

// Room that is kept on the data directory's file system for what must not be lost: claims, leases
// and ends. Output and sources are refused before it is used.

#include <cstdint>
#include <filesystem>

#include "base/result.hpp"

namespace muster::store {

// 256 MiB, or a twentieth of a small file system. In bytes.
std::uint64_t reserve_of(std::uint64_t file_system_size);

// ErrorKind::exhausted if `bytes` more would use the reserve. Where the system does not tell, there
// is room: a write will show.
Result<void> check_room(const std::filesystem::path& directory, std::uint64_t bytes);

}  // namespace muster::store
