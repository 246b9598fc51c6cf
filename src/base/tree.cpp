#include "base/tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <vector>

#include <fmt/core.h>

#include "base/file.hpp"

namespace muster {
namespace {

namespace fs = std::filesystem;

// Its owner may have kept themselves out.
UniqueFd open_emptiable(int above, const std::string& name) {
  constexpr int kDirectoryItself = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd directory(::openat(above, name.c_str(), kDirectoryItself));
  if (!directory && errno == EACCES &&
      ::fchmodat(above, name.c_str(), S_IRWXU, AT_SYMLINK_NOFOLLOW) == 0) {
    directory.reset(::openat(above, name.c_str(), kDirectoryItself));
  }
  struct stat status {};
  if (directory && ::fstat(directory.get(), &status) == 0 &&
      (status.st_mode & S_IRWXU) != S_IRWXU) {
    ::fchmod(directory.get(), (status.st_mode & ALLPERMS) | S_IRWXU);
  }
  return directory;
}

bool is_directory(int above, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
  struct stat status {};
  return ::fstatat(above, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISDIR(status.st_mode);
}

// Goes down and up with one open directory, so that no depth is too much. Each is read once, so
// that whoever adds to it cannot keep us here.
class Emptier {
 public:
  explicit Emptier(UniqueFd top) : at_(std::move(top)) { enter(""); }

  // The first error number, or 0.
  int run() {
    while (!levels_.back().left.empty() || levels_.size() > 1) {
      if (levels_.back().left.empty()) {
        if (!leave()) break;
      } else {
        descend();
      }
    }
    return failure_;
  }

 private:
  struct Level {
    std::string name;               // in the one above
    struct stat status {};          // of which directory it is
    std::vector<std::string> left;  // the directories in it that were not yet entered
  };

  void descend() {
    auto& left = levels_.back().left;
    auto name = std::move(left.back());
    left.pop_back();
    auto below = open_emptiable(at_.get(), name);
    if (!below) return note(errno);
    at_ = std::move(below);
    enter(std::move(name));
  }

  void enter(std::string name) {
    levels_.push_back({std::move(name), {}, {}});
    if (::fstat(at_.get(), &levels_.back().status) != 0) note(errno);
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(
        ::fdopendir(::fcntl(at_.get(), F_DUPFD_CLOEXEC, 0)), ::closedir);
    if (!entries) return note(errno);
    while (const dirent* entry = ::readdir(entries.get())) {
      const std::string_view word = entry->d_name;
      if (word == "." || word == "..") continue;
      if (is_directory(at_.get(), *entry)) {
        levels_.back().left.emplace_back(word);
      } else if (::unlinkat(at_.get(), entry->d_name, 0) != 0) {
        note(errno);
      }
    }
  }

  // What was moved away meanwhile has another directory above it, where we have no business.
  bool leave() {
    UniqueFd above(::openat(at_.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat status {};
    const auto name = std::move(levels_.back().name);
    levels_.pop_back();
    const auto& expected = levels_.back().status;
    if (!above || ::fstat(above.get(), &status) != 0 || status.st_dev != expected.st_dev ||
        status.st_ino != expected.st_ino) {
      note(ESTALE);
      return false;
    }
    at_ = std::move(above);
    if (::unlinkat(at_.get(), name.c_str(), AT_REMOVEDIR) != 0) note(errno);
    return true;
  }

  void note(int failure) {
    if (failure_ == 0 && failure != ENOENT) failure_ = failure;
  }

  UniqueFd at_;
  std::vector<Level> levels_;
  int failure_ = 0;
};

// The first error number, or 0.
int remove_at(int above, const std::string& name) {
  if (::unlinkat(above, name.c_str(), 0) == 0 || errno == ENOENT) return 0;
  const int why = errno;
  auto directory = open_emptiable(above, name);
  if (!directory) return errno == ENOTDIR || errno == ELOOP ? why : errno;
  const int failure = Emptier(std::move(directory)).run();
  if (::unlinkat(above, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
  return failure != 0 ? failure : errno;
}

Result<void> removed(int failure, std::string_view what) {
  if (failure == 0) return ok();
  return system_error(failure, fmt::format("cannot remove {}", what));
}

}  // namespace

Result<void> remove_tree(const fs::path& path) {
  const auto target = path.has_filename() ? path : path.parent_path();  // "tree/" is "tree"
  const auto parent = target.has_parent_path() ? target.parent_path() : fs::path(".");
  const UniqueFd above(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!above) return removed(errno == ENOENT || errno == ENOTDIR ? 0 : errno, path.string());
  return removed(remove_at(above.get(), target.filename()), path.string());
}

Result<void> remove_tree_at(int above, const std::string& name) {
  return removed(remove_at(above, name), name);
}

Result<void> empty_tree(int directory) {
  UniqueFd own(::fcntl(directory, F_DUPFD_CLOEXEC, 0));
  if (!own) return system_error(errno, "cannot empty a directory");
  return removed(Emptier(std::move(own)).run(), "all that is in a directory");
}

}  // namespace muster
