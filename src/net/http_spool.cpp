#include "net/http_spool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/core.h>

namespace muster::net {

namespace {

constexpr std::uint64_t kSyncedAtOnce = 16 << 20;

}  // namespace

Result<SpoolFile> SpoolFile::create(const std::filesystem::path& folder) {
  auto path = folder / fmt::format("upload-{}", random_hex(16));
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return system_error(errno, fmt::format("cannot make {}", path.string()));
  return SpoolFile(std::move(path), std::move(file));
}

SpoolFile::SpoolFile(std::filesystem::path path, UniqueFd file)
    : path_(std::move(path)), file_(std::move(file)) {}

SpoolFile::SpoolFile(SpoolFile&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      file_(std::move(other.file_)),
      hash_(std::move(other.hash_)),
      unsynced_(other.unsynced_) {}

SpoolFile::~SpoolFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

Result<void> SpoolFile::append(std::string_view data) {
  if (auto written = write_all(file_.get(), data); !written) {
    return written.error().within(path_.string());
  }
  hash_.update(data);
  unsynced_ += data.size();
  if (unsynced_ < kSyncedAtOnce) return ok();
  unsynced_ = 0;
  if (::fdatasync(file_.get()) != 0) return system_error(errno, path_.string());
  return ok();
}

std::string SpoolFile::finish() {
  file_.reset();
  return hash_.hex();
}

}  // namespace muster::net
