#pragma once

// A copy of a server's data directory, made by another process while the server works on it. It is
// of one moment: what the database held then, and the files that this refers to. The copy is a data
// directory itself.
//
// Not in it: the key that signs the tokens of tasks, so that nobody makes such tokens from a copy,
// and runners that go on with a task of the old server are not taken for those of the restored one.
// A server makes itself a new key at its start.

#include <cstdint>
#include <filesystem>
#include <stop_token>

#include "base/result.hpp"

namespace muster::store {

struct CopiedFiles {
  std::int64_t count = 0;
  std::uint64_t bytes = 0;
};

// What a copy holds.
struct Backup {
  std::uint64_t database_bytes = 0;
  std::int64_t pipelines = 0;
  std::int64_t tasks = 0;
  CopiedFiles outputs;
  CopiedFiles sources;
  std::int64_t missing_sources = 0;  // of pipelines, but not in the data directory either
};

// Makes the directory `target` (0700, its files 0600), which must not exist yet: it appears whole,
// and on the disk, or not at all. ErrorKind::conflict if it exists or if another version wrote the
// data; not_found if there is no data; exhausted if the disk is full; cancelled by `stop`.
Result<Backup> back_up(const std::filesystem::path& data_directory,
                       const std::filesystem::path& target, const std::stop_token& stop);

}  // namespace muster::store
