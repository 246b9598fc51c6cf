#include "store/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/core.h>

#include "base/file.hpp"
#include "base/text.hpp"

namespace muster::store {
namespace {

constexpr std::uint64_t kLongestOutput = 4ULL << 30;  // bytes of one step

Result<std::uint64_t> size_of(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return system_error(errno, "stat");
  return static_cast<std::uint64_t>(status.st_size);
}

// Of a directory: its entries.
Result<void> sync_file(const std::filesystem::path& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return system_error(errno, "open");
  if (::fdatasync(file.get()) != 0) return system_error(errno, "fdatasync");
  return ok();
}

Result<void> move_durably(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (auto done = sync_file(from); !done) return done;
  if (::rename(from.c_str(), to.c_str()) != 0) return system_error(errno, "rename");
  return sync_file(to.parent_path());
}

// Has the kernel begin with what is complete of a long output, and does not wait for it: little is
// left then for the sync at its end, which all others wait for.
void begin_writing_back(int fd, std::uint64_t from, std::uint64_t to) {
  constexpr std::uint64_t kPiece = 4 << 20;
  const auto begin = from / kPiece * kPiece;
  const auto end = to / kPiece * kPiece;
  if (begin == end) return;
  ::sync_file_range(fd, static_cast<off64_t>(begin), static_cast<off64_t>(end - begin),
                    SYNC_FILE_RANGE_WRITE);
}

}  // namespace

std::filesystem::path OutputFiles::path(const OutputKey& key) const {
  return directory_ / key.task_id / fmt::format("{}.{}.log", key.attempt, key.step);
}

Result<std::vector<OutputKey>> OutputFiles::of_task(const std::string& task_id,
                                                    std::int64_t last_attempt) const {
  std::vector<OutputKey> keys;
  std::error_code failure;
  auto file = std::filesystem::directory_iterator(directory_ / task_id, failure);
  for (; !failure && file != std::filesystem::directory_iterator(); file.increment(failure)) {
    const auto parts = split(file->path().filename().string(), '.');
    const auto attempt = parse_int(parts.front());
    const auto step = parts.size() == 3 ? parse_int(parts[1]) : std::nullopt;
    if (!attempt || !step || *attempt > last_attempt) continue;
    keys.push_back({task_id, *attempt, *step});
  }
  if (!failure || failure == std::errc::no_such_file_or_directory) return keys;  // or no output
  return system_error(failure.value(), "cannot list a task's output");
}

std::uint64_t OutputFiles::size(const OutputKey& key) const {
  std::error_code absent;
  const auto size = std::filesystem::file_size(path(key), absent);
  return absent ? 0 : size;
}

Result<std::uint64_t> OutputFiles::append(const OutputKey& key, std::uint64_t offset,
                                          std::string_view bytes) {
  const auto target = path(key);
  if (auto made = make_directory(target.parent_path(), 0700); !made) return made.error();
  const UniqueFd file(::open(target.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!file) return system_error(errno, "cannot open a step's output");
  const auto held = size_of(file.get());
  if (!held) return held.error();
  if (offset > *held) {
    return Error{
        ErrorKind::out_of_range,
        fmt::format("the output holds {} bytes, and offset {} would leave a gap", *held, offset)};
  }
  if (*held - offset >= bytes.size()) return *held;
  bytes.remove_prefix(*held - offset);
  if (*held + bytes.size() > kLongestOutput) {
    return Error{ErrorKind::too_large,
                 fmt::format("the output of a step is limited to {} bytes", kLongestOutput)};
  }
  if (auto written = write_all(file.get(), bytes); !written) {
    // Part of it may stand there; without it the sender's next try starts where it thinks it does.
    if (::ftruncate(file.get(), static_cast<off_t>(*held)) != 0)
      return system_error(errno, "truncate");
    return written.error().within("cannot keep a step's output");
  }
  begin_writing_back(file.get(), *held, *held + bytes.size());
  return *held + bytes.size();
}

Result<void> OutputFiles::sync(const OutputKey& key) {
  const auto log = path(key);
  if (auto done = sync_file(log); !done) {
    if (done.error().kind == ErrorKind::not_found) return ok();  // it has printed nothing
    return done.error();
  }
  // Their entries, in case the file or its directory is new.
  if (auto done = sync_file(log.parent_path()); !done) return done;
  return sync_file(directory_);
}

Result<void> OutputFiles::remove_from_end(const OutputKey& key, std::string_view text) {
  const UniqueFd file(::open(path(key).c_str(), O_RDWR | O_CLOEXEC));
  if (!file) {
    return errno == ENOENT ? ok()
                           : Result<void>(system_error(errno, "cannot open a step's output"));
  }
  const auto held = size_of(file.get());
  if (!held) return held.error();
  if (*held < text.size()) return ok();
  std::string end(text.size(), '\0');
  const auto from = static_cast<off_t>(*held - text.size());
  if (::pread(file.get(), end.data(), end.size(), from) < 0)
    return system_error(errno, "cannot read a step's output");
  if (end == text && ::ftruncate(file.get(), from) != 0) return system_error(errno, "truncate");
  return ok();
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::filesystem::path SourceFiles::path(const std::string& sha256) const {
  return directory_ / (sha256 + ".pack");
}

bool SourceFiles::has(const std::string& sha256) const {
  return is_sha256(sha256) && std::filesystem::exists(path(sha256));
}

Result<void> SourceFiles::accept(const std::filesystem::path& upload, const std::string& actual,
                                 const std::string& sha256) {
  if (actual != sha256) {
    return Error{ErrorKind::invalid,
                 "the uploaded source has another SHA-256 than its name says; send it again"};
  }
  std::error_code unknown;  // a group that was undone may have taken it
  if (!std::filesystem::exists(upload, unknown) && has(sha256)) return sync_file(directory_);
  if (auto moved = move_durably(upload, path(sha256)); !moved) {
    return moved.error().within("cannot keep the uploaded source");
  }
  return ok();
}

}  // namespace muster::store
