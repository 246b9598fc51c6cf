#include "instance/job_user.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/core.h>

namespace muster::instance {

namespace {

// Below are the system's own accounts: of Debian, Ubuntu and their packages (UID_MIN of
// login.defs).
constexpr uid_t kFirstOfPeople = 1000;

// Of Debian and Ubuntu, and of what is often installed there: by sudo or polkit, by a daemon that
// is root and does as it is told, by the disks, the memory, the hashes of passwords or the logs of
// root, by programs in /usr/local that root runs.
constexpr std::array<std::string_view, 14> kGiveRoot = {
    "adm", "admin",    "disk", "docker", "incus-admin", "kmem", "libvirt",
    "lxd", "microk8s", "root", "shadow", "staff",       "sudo", "wheel"};

}  // namespace

Result<void> may_run_jobs(const process::User& user, const std::vector<std::string>& groups) {
  if (user.uid < kFirstOfPeople) {
    return Error{
        ErrorKind::invalid,
        fmt::format("'{}' is an account of the system, with uid {}, and jobs would have its "
                    "rights: name a user that is not there yet, such as ci, or one with a "
                    "uid from {} on",
                    user.name, user.uid, kFirstOfPeople)};
  }
  const auto found = std::ranges::find_if(
      groups, [](const auto& group) { return std::ranges::count(kGiveRoot, group) > 0; });
  if (found == groups.end()) return ok();
  return Error{
      ErrorKind::invalid,
      fmt::format("'{0}' is in the group {1}, by which jobs could become root or see what is "
                  "root's: leave it out of that (gpasswd -d {0} {1}), or name another user",
                  user.name, *found)};
}

}  // namespace muster::instance
