#pragma once

// Internal to the server: the body of a request on its way to a file.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/crypto.hpp"
#include "base/file.hpp"
#include "base/result.hpp"

namespace muster::net {

// A new file of a random name, for the owner alone. Deleted in the end, unless it was moved away.
// It is hashed, and brought to the disk, as it grows: of a large one all at once would take
// seconds, in which nobody else is served.
class SpoolFile {
 public:
  static Result<SpoolFile> create(const std::filesystem::path& folder);
  SpoolFile(SpoolFile&& other) noexcept;
  SpoolFile& operator=(SpoolFile&&) = delete;
  ~SpoolFile();

  Result<void> append(std::string_view data);
  // The content is whole: the descriptor is given back. Its SHA-256; call once.
  std::string finish();
  const std::filesystem::path& path() const { return path_; }

 private:
  SpoolFile(std::filesystem::path path, UniqueFd file);

  std::filesystem::path path_;  // empty: moved from
  UniqueFd file_;
  Sha256 hash_;
  std::uint64_t unsynced_ = 0;  // bytes
};

}  // namespace muster::net
