#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include <fmt/core.h>

#include "base/text.hpp"

#include "process/child.hpp"

extern char** environ;

namespace muster::process {

Result<User> find_user(const std::string& name) {
  std::vector<char> buffer(1024);
  passwd record{};
  passwd* found = nullptr;
  int failure = 0;
  while ((failure = ::getpwnam_r(name.c_str(), &record, buffer.data(), buffer.size(), &found)) ==
         ERANGE) {
    buffer.resize(buffer.size() * 2);
  }
  if (failure != 0) {
    return system_error(failure, fmt::format("cannot look up the user '{}'", printable(name)));
  }
  if (found == nullptr) {
    return Error{ErrorKind::not_found,
                 fmt::format("this machine has no user '{}'", printable(name))};
  }
  return User{record.pw_uid, record.pw_gid, record.pw_name, record.pw_dir};
}

User own_user() {
  std::vector<char> buffer(16 << 10);
  passwd record{};
  passwd* found = nullptr;
  ::getpwuid_r(::geteuid(), &record, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return User{::geteuid(), ::getegid(), "", ""};
  return User{record.pw_uid, record.pw_gid, record.pw_name, record.pw_dir};
}

void forbid_inspection() {
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
}

std::map<std::string, std::string> plain_environment() {
  constexpr std::array<std::string_view, 5> kKept = {"PATH", "LANG", "LANGUAGE", "TERM", "TZ"};
  std::map<std::string, std::string> kept = {{"PATH", std::string(kStandardPath)}};
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    const auto name = text.substr(0, equals);
    const bool wanted =
        name.substr(0, 3) == "LC_" || std::find(kKept.begin(), kKept.end(), name) != kKept.end();
    if (wanted) kept[std::string(name)] = text.substr(equals + 1);
  }
  return kept;
}

}  // namespace muster::process
