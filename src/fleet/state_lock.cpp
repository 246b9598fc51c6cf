#include "fleet/state_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::fleet {

namespace {

constexpr std::uint64_t kLongestPid = 32;

Error held_by_another(const std::filesystem::path& path, const UniqueFd& file) {
  const auto holder = read_all(file.get(), kLongestPid);
  const auto pid = holder ? printable(trim(*holder)) : "";
  return {ErrorKind::conflict,
          fmt::format("another scaler{} works on {}; stop it, or give this one a state_directory "
                      "of its own",
                      pid.empty() ? "" : fmt::format(" (process {})", pid),
                      path.parent_path().string())};
}

}  // namespace

Result<StateLock> StateLock::acquire(const std::filesystem::path& state_directory) {
  const auto path = state_directory / "lock";
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return system_error(errno, fmt::format("cannot open {}", path.string()));
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) return held_by_another(path, file);
    return system_error(errno, fmt::format("cannot lock {}", path.string()));
  }
  if (::ftruncate(file.get(), 0) != 0) return system_error(errno, path.string());
  auto written = write_all(file.get(), std::to_string(::getpid()) + "\n");
  if (!written) return written.error().within(path.string());
  return StateLock(std::move(file));
}

}  // namespace muster::fleet
