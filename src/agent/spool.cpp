#include "agent/spool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/core.h>

#include "base/crypto.hpp"

namespace muster::agent {
namespace {

constexpr std::size_t kHeldInMemory = 64 * 1024;

}  // namespace

Result<Spool> Spool::open(const std::filesystem::path& directory, std::uint64_t capacity) {
  const auto path = directory / fmt::format("output.{}", random_hex(8));
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return system_error(errno, fmt::format("cannot make {}", path.string()));
  ::unlink(path.c_str());
  return Spool(std::move(file), capacity);
}

std::size_t Spool::write(std::string_view bytes) {
  if (!held_.empty() || size_ == capacity_) return 0;
  if (size_ == 0) start_ = 0;
  const auto end = (start_ + size_) % capacity_;
  const auto room = std::min(capacity_ - size_, capacity_ - end);
  const auto count = std::min<std::uint64_t>(bytes.size(), room);
  ssize_t written = 0;
  do {
    written = ::pwrite(file_.get(), bytes.data(), count, static_cast<off_t>(end));
  } while (written < 0 && errno == EINTR);
  if (written > 0) {
    size_ += static_cast<std::uint64_t>(written);
    return static_cast<std::size_t>(written);
  }
  if (size_ > 0) return 0;
  held_ = bytes.substr(0, kHeldInMemory);
  return held_.size();
}

Result<std::string> Spool::read(std::size_t most) const {
  if (!held_.empty()) return held_.substr(0, most);
  std::string bytes(std::min<std::uint64_t>({most, size_, capacity_ - start_}), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::pread(file_.get(), bytes.data() + done, bytes.size() - done,
                                static_cast<off_t>(start_ + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, "cannot read output that waits to be sent");
    if (got == 0) return Error{ErrorKind::internal, "output that waits to be sent is gone"};
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

void Spool::remove(std::size_t count) {
  if (!held_.empty()) {
    held_.erase(0, count);
    return;
  }
  start_ = (start_ + count) % capacity_;
  size_ -= count;
  // Gives the disk back. Should it fail, the space is used again all the same.
  if (size_ == 0) [[maybe_unused]]
    const auto freed = ::ftruncate(file_.get(), 0);
}

}  // namespace muster::agent
