#include "agent/directories.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/directory.hpp"
#include "base/log.hpp"
#include "base/tree.hpp"
#include "process/file_access.hpp"

namespace muster::agent {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kPrivate = 0700;
constexpr mode_t kUsual = 0755;

Error cannot_make(const fs::path& directory, int why) {
  return system_error(why, fmt::format("cannot make the directory {}", directory.string()));
}

Result<UniqueFd> open_simply(const fs::path& directory) {
  UniqueFd opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened) return system_error(errno, fmt::format("cannot open {}", directory.string()));
  return opened;
}

// Given away by its descriptor, so that it is this one whatever its name means by now.
bool give(const UniqueFd& made, mode_t mode, const std::optional<process::User>& owner) {
  return made && ::fchmod(made.get(), mode) == 0 &&
         (!owner || ::fchown(made.get(), owner->uid, owner->gid) == 0);
}

// Not over what is there; where the file system cannot promise that, not over what has an entry.
bool rename_new(int above, const std::string& from, const std::string& to) {
  if (::renameat2(above, from.c_str(), above, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  return errno == EINVAL && ::renameat(above, from.c_str(), above, to.c_str()) == 0;
}

// Exclusively. It has its name only once it is as it should be: another agent may look for it.
Result<void> make_in(const UniqueFd& above, const fs::path& directory, mode_t mode,
                     const std::optional<process::User>& owner) {
  const auto name = ".muster-" + random_hex(8);
  if (::mkdirat(above.get(), name.c_str(), kPrivate) != 0) return cannot_make(directory, errno);
  const UniqueFd made(
      ::openat(above.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (give(made, mode, owner) && rename_new(above.get(), name, directory.filename())) return ok();
  const int why = errno;
  ::unlinkat(above.get(), name.c_str(), AT_REMOVEDIR);
  return cannot_make(directory, why);
}

bool is_within(const fs::path& path, const fs::path& directory) {
  return !directory.empty() && (path.string() + "/").starts_with(directory.string() + "/");
}

bool make_as(const process::User& user, const fs::path& directory) {
  const auto access = process::FileAccess::as(user);
  return access && make_private(directory);
}

// With our own rights, which are more than the job's.
Result<void> make_where_ours(const process::User& user, const fs::path& directory,
                             const fs::path& own, bool last) {
  const auto there = open_directory(directory);
  if (there) return ok();
  if (there.error().kind != ErrorKind::not_found) return there.error();
  const auto parent = directory.parent_path();
  if (auto made = make_where_ours(user, parent, own, false); !made) return made;
  const auto above = open_directory(parent);
  if (!above) return above.error();
  if (!is_ours_alone(above->get())) {
    if (make_as(user, directory)) return ok();  // in one that was made for the job just now
    return Error{ErrorKind::forbidden,
                 fmt::format("cannot make the directory {}: the jobs' user may not, and the agent "
                             "makes none in {}, which other users may change. Make it yourself, or "
                             "let the jobs' user write there",
                             directory.string(), parent.string())};
  }
  const bool theirs = last || is_within(directory, own);
  auto made = make_in(*above, directory, theirs ? kPrivate : kUsual,
                      theirs ? std::optional(user) : std::nullopt);
  // Another agent of this machine was faster.
  if (!made && made.error().kind == ErrorKind::conflict && open_directory(directory)) return ok();
  return made;
}

Result<void> empty_opened(const Result<UniqueFd>& opened, const fs::path& directory) {
  if (!opened && opened.error().kind == ErrorKind::not_found) return ok();
  if (!opened) return opened.error();
  const auto emptied = empty_tree(opened->get());
  if (!emptied) return emptied.error().within(directory.string());
  return ok();
}

fs::path without_slash(const fs::path& directory) {
  return directory.has_filename() ? directory : directory.parent_path();
}

bool is_in_ours(const fs::path& directory) {
  const auto above = open_directory(without_slash(directory).parent_path());
  return above && is_ours_alone(above->get());
}

// With the user's rights, with which a link of theirs may be followed.
Result<void> empty_as(const process::User& user, const fs::path& directory) {
  const auto access = process::FileAccess::as(user);
  if (!access) return access.error();
  return empty_opened(open_simply(directory), directory);
}

// Behind a prefix the job's user has emptied it by now; what is still there is another's. If
// others may say what the name means, it is not for us.
Result<void> empty_where_ours(const fs::path& directory) {
  const auto named = without_slash(directory);
  const auto above = open_directory(named.parent_path());
  if (!above || !is_ours_alone(above->get())) return ok();
  UniqueFd opened(::openat(above->get(), named.filename().c_str(),
                           O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!opened) return ok();
  return empty_opened(std::move(opened), directory);
}

}  // namespace

bool make_private(const fs::path& directory) {
  std::error_code failure;
  if (fs::is_directory(directory, failure)) return true;
  if (directory.has_parent_path()) fs::create_directories(directory.parent_path(), failure);
  ::mkdir(directory.c_str(), kPrivate);
  return fs::is_directory(directory, failure);
}

Result<void> make_new(const fs::path& directory, mode_t mode,
                      const std::optional<process::User>& owner) {
  const auto parent = directory.parent_path();
  if (::geteuid() != 0) {
    const auto above = open_simply(parent);
    return above ? make_in(*above, directory, mode, owner) : above.error();
  }
  const auto above = open_directory(parent);
  if (!above) return above.error();
  if (!is_ours_alone(above->get())) {
    return Error{ErrorKind::forbidden,
                 fmt::format("root makes no directory in {}, which other users may change: let it "
                             "be root's alone",
                             parent.string())};
  }
  return make_in(*above, directory, mode, owner);
}

Result<void> make_for(const process::User& user, const fs::path& directory, const fs::path& own) {
  if (make_as(user, directory)) return ok();
  return make_where_ours(user, without_slash(directory), own, true);
}

void Clearing::remove(const fs::path& directory) const {
  const auto removed = try_to_remove(directory);
  if (!removed) log::warn("a task leaves something behind", {{"reason", removed.error().message}});
}

void Clearing::empty(const fs::path& directory) const {
  const auto emptied = try_to_empty(directory);
  if (!emptied) log::warn("a task leaves something behind", {{"reason", emptied.error().message}});
}

Result<void> Clearing::try_to_remove(const fs::path& directory) const {
  if (jobs_run_as_we()) return remove_tree(directory);
  if (user_) {
    const auto access = process::FileAccess::as(*user_);
    if (access && remove_tree(directory)) return ok();
  }
  // The job's user may not take it out of the directory above, or others have left something in it.
  const auto above = open_directory(directory.parent_path());
  if (!above)
    return above.error().kind == ErrorKind::not_found ? ok() : Result<void>(above.error());
  const auto name = directory.filename();
  if (::unlinkat(above->get(), name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return ok();
  if (is_ours_alone(above->get())) return remove_tree_at(above->get(), name);
  return Error{ErrorKind::forbidden,
               fmt::format("cannot remove {} as the jobs' user, and the agent removes nothing from "
                           "{}, which other users may change",
                           directory.string(), directory.parent_path().string())};
}

Result<void> Clearing::try_to_empty(const fs::path& directory) const {
  if (jobs_run_as_we()) return empty_opened(open_simply(directory), directory);
  if (behind_prefix_) return empty_where_ours(directory);
  auto emptied = empty_as(*user_, directory);
  if (emptied || !is_in_ours(directory)) return emptied;
  return empty_where_ours(directory);  // what others have left there
}

}  // namespace muster::agent
