#pragma once

// What `muster run` sends: one commit of a git repository with its trees and files, as a pack file
// without history, and the pipeline's configuration as that commit has it.
//
// The repository is only read. Uncommitted changes become a commit whose objects lie in a
// temporary directory.

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "client/scratch.hpp"

namespace muster::client {

inline constexpr std::uint64_t kLargestPack = 1ULL << 30;  // bytes

struct SourcePack {
  Scratch scratch;  // holds the pack
  std::filesystem::path file;
  std::uint64_t size = 0;
  std::string sha256;
  std::string project;        // the name of the repository's directory
  std::string branch;         // empty: HEAD is detached
  std::string revision;       // of the commit in the pack
  std::string subject;        // first line of its message
  std::string config;         // text of .circleci/config.yml
  std::int64_t left_out = 0;  // uncommitted changes that are not in the pack
};

// `directory` may be any directory of the repository.
Result<SourcePack> pack_source(const std::filesystem::path& directory, bool working_tree,
                               std::stop_token stop);

}  // namespace muster::client
