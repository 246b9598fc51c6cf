#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include <fmt/core.h>

#include "agent/settings.hpp"
#include "base/environment.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

extern char** environ;

namespace muster::agent {

Variables take_variables() {
  Variables variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto name = text.substr(0, text.find('='));
    const bool ours = name.starts_with("CIRCLECI_RUNNER_") || name.starts_with("LAUNCH_AGENT_") ||
                      name == "USE_HOME_SSH_DIR_FOR_CHECKOUT_KEYS" || name == kClassVariable ||
                      name == kAuthoritiesVariable || name == kStateVariable ||
                      name == kIdleVariable || name == kRecycleVariable ||
                      name == kRecycleTasksVariable || name.starts_with(kIsolationPrefix);
    if (ours && name.size() < text.size()) {
      variables.emplace(name, text.substr(name.size() + 1));
    }
  }
  forget_variable("CIRCLECI_RUNNER_API_AUTH_TOKEN");
  forget_variable("LAUNCH_AGENT_API_AUTH_TOKEN");
  return variables;
}

namespace {

// Only root is refused: elsewhere it may be one person's trial, on one person's machine.
Result<void> check_who_can_read(int file, const std::string& shown) {
  struct stat status {};
  if (::fstat(file, &status) != 0) return system_error(errno, shown);
  constexpr mode_t kReadableByOthers = 044;
  if (!S_ISREG(status.st_mode) || (status.st_mode & kReadableByOthers) == 0) return ok();
  auto message =
      fmt::format("others can read {0}, and it holds a token: run 'chmod 600 {0}'", shown);
  if (::geteuid() == 0) return Error{ErrorKind::invalid, std::move(message)};
  log::warn(message);
  return ok();
}

}  // namespace

Result<std::string> read_settings_file(const std::string& path) {
  constexpr std::uint64_t kLongest = 1 << 20;
  if (path == "-") {
    auto text = read_all(STDIN_FILENO, kLongest);
    if (!text) return text.error().within("reading the configuration from standard input");
    return text;
  }
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const auto shown = printable(path, 1000);
  if (!file) return system_error(errno, fmt::format("cannot open {}", shown));
  struct stat status {};
  if (::fstat(file.get(), &status) == 0 && S_ISDIR(status.st_mode)) {
    return Error{ErrorKind::invalid, fmt::format("{} is a directory: name a file in it", shown)};
  }
  auto text = read_all(file.get(), kLongest);
  if (!text) return text.error().within(shown);
  if (holds_token(*text)) {
    if (auto fine = check_who_can_read(file.get(), shown); !fine) return fine.error();
  }
  return text;
}

}  // namespace muster::agent
