#include "process/file_access.hpp"

#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <utility>

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

// Of this thread. libcap would be a library for two calls.
class Capabilities {
 public:
  static std::optional<Capabilities> own() {
    Capabilities found;
    if (::syscall(SYS_capget, &found.header_, found.sets_.data()) != 0) return std::nullopt;
    return found;
  }
  bool take() const { return set(sets_); }
  // None acts, all may be taken again.
  bool give_up() const {
    auto sets = sets_;
    for (auto& set : sets) set.effective = 0;
    return set(sets);
  }

 private:
  using Sets = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;
  bool set(const Sets& sets) const {
    auto header = header_;
    return ::syscall(SYS_capset, &header, sets.data()) == 0;
  }

  __user_cap_header_struct header_{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  Sets sets_{};
};

Result<std::vector<gid_t>> own_groups() {
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
  const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  if (count < 0) return system_error(errno, "cannot learn the groups of this process");
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

}  // namespace

struct FileAccess::Ours {
  std::vector<gid_t> groups;
  Capabilities capabilities;
  int dumpable = 0;
};

Result<FileAccess> FileAccess::as(const User& user) {
  auto before = own_groups();
  if (!before) return before.error();
  const auto capabilities = Capabilities::own();
  if (!capabilities) return system_error(errno, "cannot learn the capabilities of this process");
  const auto groups = groups_of(user);
  const int dumpable = ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
  if (!set_groups(groups)) return system_error(errno, "cannot take the groups of a user");
  // Gives back also what is only half taken.
  FileAccess access(std::make_unique<Ours>(std::move(*before), *capabilities, dumpable));
  const bool taken = set_ids(user.uid, user.gid) && capabilities->give_up();
  if (taken) return access;
  return system_error(EPERM, "cannot take the rights of a user");
}

FileAccess::FileAccess(std::unique_ptr<Ours> ours) : ours_(std::move(ours)) {}
FileAccess::FileAccess(FileAccess&& other) noexcept = default;

FileAccess::~FileAccess() {
  if (!ours_) return;
  // A thread with some rights of each would be dangerous.
  const bool given_back =
      ours_->capabilities.take() && set_ids(::geteuid(), ::getegid()) && set_groups(ours_->groups);
  if (!given_back) std::abort();
  // Any change of the ids has made it what fs.suid_dumpable says.
  ::prctl(PR_SET_DUMPABLE, ours_->dumpable, 0, 0, 0);
}

}  // namespace muster::process
