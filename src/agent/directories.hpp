#pragma once

// Makes and clears the directories of jobs. Where we have other rights than a job, as root or
// behind a prefix, a job may change what a name on the way means while we work. So what a job could
// do itself is done with its rights; the rest only where nobody but we can change anything.

#include <filesystem>
#include <optional>

#include "base/result.hpp"
#include "process/child.hpp"

namespace muster::agent {

// With the rights that we have: the directory, open to its owner alone, if it is not there, and
// what is missing above it. False if it is not there then.
bool make_private(const std::filesystem::path& directory);

// Makes the directory, which must not exist, in one that is ours alone. For `owner`, or for us.
Result<void> make_new(const std::filesystem::path& directory, mode_t mode,
                      const std::optional<process::User>& owner);

// Makes the directory, for `user` alone, if it is not there, and what is missing above it. From
// `own` on, if that is above it and not empty, all that is made is the user's.
Result<void> make_for(const process::User& user, const std::filesystem::path& directory,
                      const std::filesystem::path& own);

// What clears after jobs. What cannot be removed is named in a warning, once.
class Clearing {
 public:
  // Who jobs run as; nobody else than we if absent, but somebody unknown behind a prefix.
  Clearing(std::optional<process::User> user, bool behind_prefix)
      : user_(std::move(user)), behind_prefix_(behind_prefix) {}

  // The directory and what is in it.
  void remove(const std::filesystem::path& directory) const;
  // What is in the directory.
  void empty(const std::filesystem::path& directory) const;

 private:
  bool jobs_run_as_we() const { return !user_ && !behind_prefix_; }
  Result<void> try_to_remove(const std::filesystem::path& directory) const;
  Result<void> try_to_empty(const std::filesystem::path& directory) const;

  std::optional<process::User> user_;
  bool behind_prefix_;
};

}  // namespace muster::agent
