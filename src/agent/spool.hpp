#pragma once

// Output on its way to the server: a first-in first-out queue of bytes in a file of bounded size,
// used as a ring. The file has no name, so no job can read it. Not thread-safe.
//
// A full disk is no error: then the queue is full until what it holds has been read, and it always
// takes a little in memory when it is empty.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/file.hpp"
#include "base/result.hpp"

namespace muster::agent {

class Spool {
 public:
  // The file is made in `directory`.
  static Result<Spool> open(const std::filesystem::path& directory, std::uint64_t capacity);

  // Takes bytes from the front; how many. 0: full.
  std::size_t write(std::string_view bytes);

  // The oldest bytes, without removing them.
  Result<std::string> read(std::size_t most) const;
  void remove(std::size_t count);

  std::uint64_t size() const { return size_ + held_.size(); }

 private:
  Spool(UniqueFd file, std::uint64_t capacity) : file_(std::move(file)), capacity_(capacity) {}

  UniqueFd file_;
  std::uint64_t capacity_;
  std::uint64_t start_ = 0;  // of the oldest byte in the file
  std::uint64_t size_ = 0;   // bytes in the file
  std::string held_;         // instead of the file, while the disk is full; the file is empty then
};

}  // namespace muster::agent
