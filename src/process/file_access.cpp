#include "process/file_access.hpp"

#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "process/child.hpp"
#include "process/groups.hpp"

namespace muster::process {
namespace {

// The raw call: glibc's changes every thread of the process.
bool set_groups(const std::vector<gid_t>& groups) {
  return ::syscall(SYS_setgroups, groups.size(), groups.data()) == 0;
}

// They tell what was there before, and of a failure nothing; so they are asked again.
bool set_ids(uid_t uid, gid_t gid) {
  ::setfsgid(gid);
  ::setfsuid(uid);
  return ::setfsgid(static_cast<gid_t>(-1)) == static_cast<int>(gid) &&
         ::setfsuid(static_cast<uid_t>(-1)) == static_cast<int>(uid);
}

Result<std::vector<gid_t>> own_groups() {
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
  const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  if (count < 0) return system_error(errno, "cannot learn the groups of this process");
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

}  // namespace

Result<FileAccess> FileAccess::as(const User& user) {
  auto before = own_groups();
  if (!before) return before.error();
  const auto groups = groups_of(user);
  if (!set_groups(groups)) return system_error(errno, "cannot take the groups of a user");
  FileAccess access(std::move(*before));  // gives back also what is only half taken
  if (set_ids(user.uid, user.gid)) return access;
  return system_error(EPERM, "cannot take the rights of a user");
}

FileAccess::~FileAccess() {
  if (!taken_) return;
  // A thread with some rights of each would be dangerous.
  if (!set_ids(::geteuid(), ::getegid()) || !set_groups(groups_)) std::abort();
}

}  // namespace muster::process
