#include "base/directory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <deque>
#include <optional>

#include <fmt/core.h>

namespace muster {
namespace {

namespace fs = std::filesystem;

bool is_ours(const struct stat& status) {
  return status.st_uid == 0 || status.st_uid == ::geteuid();
}

class Walk {
 public:
  explicit Walk(const fs::path& path) : path_(path) { go_on_with(path); }

  Result<UniqueFd> run() {
    for (; at_ && !ahead_.empty() && !refusal_;) {
      const auto name = std::move(ahead_.front());
      ahead_.pop_front();
      step(name);
    }
    if (refusal_) return *refusal_;
    UniqueFd opened(::openat(at_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened) refuse(errno);
    if (refusal_) return *refusal_;
    return opened;
  }

 private:
  void step(const fs::path& name) {
    UniqueFd next(::openat(at_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat status {};
    if (!next || ::fstat(next.get(), &status) != 0) return refuse(errno);
    if (S_ISLNK(status.st_mode)) return follow(next.get(), status);
    if (!S_ISDIR(status.st_mode)) return refuse(ENOTDIR);
    at_ = std::move(next);
  }

  void follow(int link, const struct stat& status) {
    constexpr int kMostLinks = 40;
    if (++links_ > kMostLinks) return refuse(ELOOP);
    if (!is_harmless(status)) {
      refusal_ = Error{
          ErrorKind::forbidden,
          fmt::format("{} leads over a link that another user may have put there", path_.string())};
      return;
    }
    std::array<char, PATH_MAX> target{};
    const auto length = ::readlinkat(link, "", target.data(), target.size());
    if (length < 0) return refuse(errno);
    go_on_with(std::string(target.data(), static_cast<std::size_t>(length)));
  }

  bool is_harmless(const struct stat& link) const {
    struct stat holder {};
    if (is_ours_alone(at_.get())) return true;
    // As in /tmp, where everybody may add, and only the owner takes away.
    return ::fstat(at_.get(), &holder) == 0 && is_ours(holder) && (holder.st_mode & S_ISVTX) != 0 &&
           is_ours(link);
  }

  void go_on_with(const fs::path& path) {
    if (path.is_absolute() || !at_) {
      at_.reset(::open(path.is_absolute() ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
      if (!at_) return refuse(errno);
    }
    const auto relative = path.relative_path();
    ahead_.insert(ahead_.begin(), relative.begin(), relative.end());
    std::erase_if(ahead_, [](const fs::path& name) { return name.empty(); });  // of "a/"
  }

  void refuse(int failure) {
    refusal_ = system_error(failure, fmt::format("cannot open {}", path_.string()));
  }

  const fs::path& path_;
  std::deque<fs::path> ahead_;
  UniqueFd at_;
  int links_ = 0;
  std::optional<Error> refusal_;
};

}  // namespace

Result<UniqueFd> open_directory(const fs::path& path) {
  return Walk(path).run();
}

bool is_ours_alone(int directory) {
  constexpr mode_t kOthersWrite = S_IWGRP | S_IWOTH;
  struct stat status {};
  return ::fstat(directory, &status) == 0 && is_ours(status) &&
         (status.st_mode & kOthersWrite) == 0;
}

}  // namespace muster
