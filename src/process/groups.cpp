#include "process/groups.hpp"

#include <grp.h>
#include <unistd.h>

#include <cerrno>

namespace muster::process {

std::vector<gid_t> groups_of(const User& user) {
  std::vector<gid_t> groups(16);
  int count = static_cast<int>(groups.size());
  while (::getgrouplist(user.name.c_str(), user.gid, groups.data(), &count) < 0) {
    groups.resize(static_cast<std::size_t>(count));
  }
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

std::string group_name(gid_t gid) {
  std::vector<char> buffer(1024);
  group record{};
  group* found = nullptr;
  while (::getgrgid_r(gid, &record, buffer.data(), buffer.size(), &found) == ERANGE) {
    buffer.resize(buffer.size() * 2);
  }
  return found == nullptr ? std::to_string(gid) : found->gr_name;
}

}  // namespace muster::process
