#pragma once

// What is too large for the database: steps' output and pipelines' sources, as plain files.
//
// An output file only grows, and its length is the truth about how much is held. Belongs to one
// thread. A full disk is ErrorKind::exhausted, and leaves what was there.
//
// What was written survives us, but a power cut only once it was synced: at a step's end.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace muster::store {

struct OutputKey {
  std::string task_id;
  std::int64_t attempt = 0;
  std::int64_t step = 0;
  friend bool operator==(const OutputKey&, const OutputKey&) = default;
};

class OutputFiles {
 public:
  explicit OutputFiles(std::filesystem::path directory) : directory_(std::move(directory)) {}

  // Adds what of `bytes` is new: those before the held size were sent before and are skipped. An
  // `offset` past it is ErrorKind::out_of_range. The size after.
  Result<std::uint64_t> append(const OutputKey& key, std::uint64_t offset, std::string_view bytes);
  // Waits until what is held of it is on the disk. Fine if there is no such output.
  Result<void> sync(const OutputKey& key);
  // Takes `text` away from the end, if it stands there.
  Result<void> remove_from_end(const OutputKey& key, std::string_view text);
  std::uint64_t size(const OutputKey& key) const;
  std::filesystem::path path(const OutputKey& key) const;
  // What there is of a task's attempts up to this one, in any order.
  Result<std::vector<OutputKey>> of_task(const std::string& task_id,
                                         std::int64_t last_attempt) const;

 private:
  std::filesystem::path directory_;
};

class SourceFiles {
 public:
  explicit SourceFiles(std::filesystem::path directory) : directory_(std::move(directory)) {}

  // Takes the file at `upload`, whose SHA-256 is `actual`, if it is `sha256`; else that is
  // ErrorKind::invalid.
  Result<void> accept(const std::filesystem::path& upload, const std::string& actual,
                      const std::string& sha256);
  bool has(const std::string& sha256) const;
  std::filesystem::path path(const std::string& sha256) const;

 private:
  std::filesystem::path directory_;
};

// 64 lower-case hex digits: safe as a file's name.
bool is_sha256(std::string_view text);

}  // namespace muster::store
