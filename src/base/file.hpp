#pragma once

// Files and descriptors, with bounds and without half-written results.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace muster {

// Owns a file descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

// The whole file; an error if it is longer than `limit` bytes. Follows links, reads pipes.
Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t limit);
Result<std::string> read_all(int fd, std::uint64_t limit);

// Everything or an error. Retries what was interrupted.
Result<void> write_all(int fd, std::string_view data);

// The file has its old content or, durably, the new; never a part. `mode` as for chmod.
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view data,
                                   mode_t mode);

// A file that somebody has named for what comes out at the end of long work. Prepared before it, so
// that a name that is of no use is told at once. A link is followed; what is there and is no
// regular file, such as a device or a pipe, is opened and written to; else the file is replaced
// atomically.
class OutputFile {
 public:
  // Leaves no trace. `mode` as for chmod.
  static Result<OutputFile> prepare(const std::filesystem::path& path, mode_t mode);

  Result<void> write(std::string_view content);

 private:
  OutputFile(std::filesystem::path path, mode_t mode, UniqueFd opened)
      : path_(std::move(path)), mode_(mode), opened_(std::move(opened)) {}

  std::filesystem::path path_;  // without links
  mode_t mode_;
  UniqueFd opened_;  // if it is no regular file
};

// A file that must not exist yet. It appears whole, with its content, or not at all.
class NewFile {
 public:
  // An error if `path` exists (ErrorKind::conflict), or if nothing can be made there. `mode` as for
  // chmod.
  static Result<NewFile> prepare(const std::filesystem::path& path, mode_t mode);

  // Puts the file, durably, at its path. Once. An error, and no file, also if one appeared there
  // meanwhile.
  Result<void> appear_with(std::string_view content);

  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();  // what was prepared, and did not appear, goes

 private:
  NewFile(std::filesystem::path path, std::filesystem::path draft, UniqueFd file)
      : path_(std::move(path)), draft_(std::move(draft)), file_(std::move(file)) {}

  std::filesystem::path path_;
  std::filesystem::path draft_;  // empty: there is none
  UniqueFd file_;                // of the draft
};

// A directory that must not exist yet. It appears whole, with all that is in it, or not at all.
class NewDirectory {
 public:
  // An error if `path` exists (ErrorKind::conflict), or if nothing can be made there. `mode` as for
  // chmod.
  static Result<NewDirectory> prepare(const std::filesystem::path& path, mode_t mode);

  // Where what is to be in it is put meanwhile: beside its path, on the same file system.
  const std::filesystem::path& draft() const { return draft_; }

  // Puts it, durably, at its path. Once. An error, and no directory, also if something appeared
  // there meanwhile.
  Result<void> appear();

  NewDirectory(NewDirectory&& other) noexcept;
  NewDirectory& operator=(NewDirectory&&) = delete;
  ~NewDirectory();  // what was prepared, and did not appear, goes with all that is in it

 private:
  NewDirectory(std::filesystem::path path, std::filesystem::path draft)
      : path_(std::move(path)), draft_(std::move(draft)) {}

  std::filesystem::path path_;
  std::filesystem::path draft_;  // empty: there is none
};

// Makes `path` and what is missing above it; `mode` holds for `path` itself, also if it existed.
Result<void> make_directory(const std::filesystem::path& path, mode_t mode);

}  // namespace muster
