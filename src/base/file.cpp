#include "base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/directory.hpp"
#include "base/tree.hpp"

namespace muster {

void UniqueFd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Result<std::string> read_all(int fd, std::uint64_t limit) {
  std::string content;
  constexpr std::size_t kChunk = 64 * 1024;
  for (;;) {
    const auto size = content.size();
    content.resize(size + kChunk);
    const ssize_t got = ::read(fd, content.data() + size, kChunk);
    if (got < 0 && errno == EINTR) {
      content.resize(size);
      continue;
    }
    if (got < 0) return system_error(errno, "read");
    content.resize(size + static_cast<std::size_t>(got));
    if (content.size() > limit) {
      return Error{ErrorKind::too_large, fmt::format("longer than the limit of {} bytes", limit)};
    }
    if (got == 0) return content;
  }
}

Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t limit) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return system_error(errno, fmt::format("cannot open {}", path.string()));
  struct stat status {};
  if (::fstat(file.get(), &status) == 0 && S_ISDIR(status.st_mode)) {
    return Error{ErrorKind::invalid,
                 fmt::format("{} is a directory: name a file in it", path.string())};
  }
  auto content = read_all(file.get(), limit);
  if (!content) return content.error().within(path.string());
  return content;
}

Result<void> write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t written = ::write(fd, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error(errno, "write");
    data.remove_prefix(static_cast<std::size_t>(written));
  }
  return ok();
}

namespace {

std::filesystem::path directory_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

// Beside it: on the same file system.
std::filesystem::path draft_of(const std::filesystem::path& path) {
  return directory_of(path) / fmt::format(".{}.{}", path.filename().string(), random_hex(4));
}

Result<UniqueFd> create(const std::filesystem::path& path, mode_t mode) {
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file) return system_error(errno, "open");
  if (::fchmod(file.get(), mode) != 0) return system_error(errno, "chmod");
  return file;
}

Result<void> write_durably(int file, std::string_view data) {
  if (auto written = write_all(file, data); !written) return written;
  if (::fsync(file) != 0) return system_error(errno, "fsync");
  return ok();
}

Result<void> write_draft(const std::filesystem::path& draft, std::string_view data, mode_t mode) {
  const auto file = create(draft, mode);
  if (!file) return file.error();
  return write_durably(file->get(), data);
}

Result<void> sync_directory(const std::filesystem::path& path) {
  const UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return system_error(errno, "fsync");
  return ok();
}

}  // namespace

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view data,
                                   mode_t mode) {
  const auto draft = draft_of(path);
  auto written = write_draft(draft, data, mode);
  if (written && ::rename(draft.c_str(), path.c_str()) != 0) {
    written = system_error(errno, "rename");
  }
  if (!written) {
    ::unlink(draft.c_str());
    return written.error().within(fmt::format("cannot write {}", path.string()));
  }
  return sync_directory(directory_of(path));
}

namespace {

// A chain of links ends where there is none, be it that nothing is there.
std::filesystem::path followed(std::filesystem::path path) {
  constexpr int kMostLinks = 40;
  std::error_code no_link;
  for (int i = 0; i < kMostLinks; ++i) {
    const auto target = std::filesystem::read_symlink(path, no_link);
    if (no_link) break;
    path = directory_of(path) / target;  // which is `target`, if that is absolute
  }
  return path;
}

}  // namespace

Result<OutputFile> OutputFile::prepare(const std::filesystem::path& path, mode_t mode) {
  const auto attempted = fmt::format("cannot write {}", path.string());
  struct stat status {};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) {
    return Error{ErrorKind::invalid, attempted + ": it is a directory: name a file in it"};
  }
  if (exists && !S_ISREG(status.st_mode)) {
    UniqueFd opened(::open(path.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC));
    if (!opened) return system_error(errno, attempted);
    return OutputFile(path, mode, std::move(opened));
  }
  auto target = followed(path);
  const auto draft = draft_of(target);
  if (auto file = create(draft, mode); !file) return file.error().within(attempted);
  ::unlink(draft.c_str());
  return OutputFile(std::move(target), mode, {});
}

Result<void> OutputFile::write(std::string_view content) {
  if (!opened_) return write_file_atomically(path_, content, mode_);
  auto written = write_all(opened_.get(), content);
  if (!written) return written.error().within(fmt::format("cannot write {}", path_.string()));
  return written;
}

Result<NewFile> NewFile::prepare(const std::filesystem::path& path, mode_t mode) {
  const auto attempted = fmt::format("cannot create {}", path.string());
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) return system_error(EEXIST, attempted);
  auto draft = draft_of(path);
  auto file = create(draft, mode);
  if (!file) return file.error().within(attempted);
  return NewFile(path, std::move(draft), std::move(*file));
}

Result<void> NewFile::appear_with(std::string_view content) {
  auto done = write_durably(file_.get(), content);
  // Unlike rename(), link() never replaces.
  if (done && ::link(draft_.c_str(), path_.c_str()) != 0) done = system_error(errno, "link");
  ::unlink(draft_.c_str());
  draft_.clear();
  if (!done) return done.error().within(fmt::format("cannot create {}", path_.string()));
  return sync_directory(directory_of(path_));
}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::move(other.path_)),
      draft_(std::exchange(other.draft_, {})),
      file_(std::move(other.file_)) {}

NewFile::~NewFile() {
  if (!draft_.empty()) ::unlink(draft_.c_str());
}

namespace {

// All that waits to be written there, in one go: to ask for each of many files takes far longer,
// and holds up others who wait for the disk. What could not be written is told since Linux 5.8.
Result<void> sync_file_system(const std::filesystem::path& path) {
  const UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::syncfs(directory.get()) != 0) return system_error(errno, "syncfs");
  return ok();
}

}  // namespace

Result<NewDirectory> NewDirectory::prepare(const std::filesystem::path& path, mode_t mode) {
  const auto target = path.has_filename() ? path : path.parent_path();  // "backup/" is "backup"
  const auto attempted = fmt::format("cannot create the directory {}", target.string());
  struct stat status {};
  if (::lstat(target.c_str(), &status) == 0) {
    return Error{ErrorKind::conflict,
                 attempted + ": it exists already; name one that does not exist yet"};
  }
  auto draft = draft_of(target);
  if (::mkdir(draft.c_str(), mode) != 0) return system_error(errno, attempted);
  NewDirectory made(target, std::move(draft));
  if (::chmod(made.draft_.c_str(), mode) != 0) return system_error(errno, attempted);
  return made;
}

Result<void> NewDirectory::appear() {
  auto done = sync_file_system(draft_);
  // What it would replace is an empty directory, and nothing else.
  if (done && ::rename(draft_.c_str(), path_.c_str()) != 0) done = system_error(errno, "rename");
  if (!done) return done.error().within(fmt::format("cannot create {}", path_.string()));
  draft_.clear();
  return sync_directory(directory_of(path_));
}

NewDirectory::NewDirectory(NewDirectory&& other) noexcept
    : path_(std::move(other.path_)), draft_(std::exchange(other.draft_, {})) {}

NewDirectory::~NewDirectory() {
  if (draft_.empty()) return;
  // What cannot be removed stays, under a name that says what it is a draft of.
  [[maybe_unused]] const auto removed = remove_tree(draft_);
}

Result<void> make_directory(const std::filesystem::path& path, mode_t mode) {
  std::error_code failure;
  std::filesystem::create_directories(path, failure);
  if (failure) {
    return system_error(failure.value(),
                        fmt::format("cannot make the directory {}", path.string()));
  }
  // With root's rights a link that somebody else has put there is not followed.
  if (::geteuid() == 0) {
    const auto directory = open_directory(path);
    if (!directory) return directory.error();
    if (::fchmod(directory->get(), mode) == 0) return ok();
  } else if (::chmod(path.c_str(), mode) == 0) {
    return ok();
  }
  const int why = errno;
  return system_error(
      why, fmt::format("the directory {} {}", path.string(),
                       why == ENOENT ? "was removed as soon as it was made"
                                     : "is not ours to use: it belongs to another user"));
}

}  // namespace muster
