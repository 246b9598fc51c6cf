#pragma once

// Internal to the server: the body of a request on its way to a file.

#include <filesystem>
#include <string_view>

#include "base/file.hpp"
#include "base/result.hpp"

namespace muster::net {

// A new file of a random name, for the owner alone. Deleted in the end, unless it was moved away.
class SpoolFile {
 public:
  static Result<SpoolFile> create(const std::filesystem::path& folder);
  SpoolFile(SpoolFile&& other) noexcept;
  SpoolFile& operator=(SpoolFile&&) = delete;
  ~SpoolFile();

  Result<void> append(std::string_view data);
  // The content is whole: the descriptor is given back.
  void finish() { file_.reset(); }
  const std::filesystem::path& path() const { return path_; }

 private:
  SpoolFile(std::filesystem::path path, UniqueFd file);

  std::filesystem::path path_;  // empty: moved from
  UniqueFd file_;
};

}  // namespace muster::net
