#include "agent/workspace.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include <fmt/core.h>

#include "base/log.hpp"
#include "base/sleep.hpp"
#include "base/text.hpp"
#include "base/tree.hpp"

namespace muster::agent {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kPrivate = 0700;
constexpr mode_t kEnterOnly = 0711;
// Behind a prefix we cannot know who the job's user is. The directory above cannot be listed, and
// the name is unguessable, so only the job finds its way in.
constexpr mode_t kForAnyone = 0777;
constexpr mode_t kUsual = 0755;

Result<void> make_for_job(const fs::path& path, mode_t mode,
                          const std::optional<process::User>& user) {
  if (auto made = make_directory(path, mode); !made) return made;
  if (user && ::lchown(path.c_str(), user->uid, user->gid) != 0) {
    return system_error(errno, fmt::format("cannot hand over {}", path.string()));
  }
  return ok();
}

bool is_home_of(const std::string& path, uid_t uid) {
  struct stat status {};
  return path.size() > 1 && ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         status.st_uid == uid && (status.st_mode & S_IRWXU) == S_IRWXU;
}

std::string with_task(std::string text, const std::string& task_id) {
  for (auto at = text.find("%s"); at != std::string::npos; at = text.find("%s", at)) {
    text.replace(at, 2, task_id);
    at += task_id.size();
  }
  return text;
}

// We may be neither root nor the owner of what a job made. What cannot be removed is named, once.
void remove_left(const fs::path& path) {
  const auto removed = remove_tree(path);
  if (!removed) log::warn("a task leaves something behind", {{"reason", removed.error().message}});
}

// Of a working directory that is fresh for each task, what is the task's alone: up to the first
// name that holds its id. Empty if tasks share the directory.
std::string own_part(const std::string& working_directory) {
  const auto id = working_directory.find("%s");
  return id == std::string::npos ? ""
                                 : working_directory.substr(0, working_directory.find('/', id));
}

void empty_directory(const fs::path& path) {
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(path, failure)) remove_left(entry.path());
}

// Nothing while somebody else has it, or if there is no such directory, also no longer: whoever had
// the lock before us may have removed it.
UniqueFd try_lock(const fs::path& directory) {
  UniqueFd lock(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat locked {};
  struct stat present {};
  if (!lock || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return {};
  if (::fstat(lock.get(), &locked) != 0 || ::lstat(directory.c_str(), &present) != 0) return {};
  return locked.st_ino == present.st_ino ? std::move(lock) : UniqueFd();
}

// Another agent that looks for leftovers may lock, and remove, what we have not locked yet.
Result<UniqueFd> make_locked(const fs::path& directory) {
  constexpr Millis kPatience = std::chrono::seconds(30);
  constexpr Millis kPause(20);
  const auto deadline = system_clock().monotonic() + kPatience;
  for (;;) {
    const auto made = make_directory(directory, kPrivate);
    if (!made && made.error().kind != ErrorKind::not_found) return made.error();
    if (auto lock = try_lock(directory)) return lock;
    if (system_clock().monotonic() >= deadline) {
      if (!made) return made.error();
      return Error{ErrorKind::conflict,
                   fmt::format("{} is in use: an earlier attempt of this task is still being ended",
                               directory.string())};
    }
    sleep_for(kPause, {});
  }
}

}  // namespace

std::filesystem::path default_state_directory() {
  if (::geteuid() == 0) return "/var/lib/muster-agent";
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state == '/') return fs::path(state) / "muster-agent";
  return fs::path(own_home()) / ".local/state/muster-agent";
}

std::string own_home() {
  const char* home = std::getenv("HOME");
  return home != nullptr && *home == '/' ? home : process::own_user().home;
}

std::filesystem::path resolve(const std::string& written, const fs::path& base,
                              const Places& places) {
  if (written == "~/project") return places.working_directory;
  if (written == "~") return places.home;
  if (written.starts_with("~/")) return (places.home / written.substr(2)).lexically_normal();
  return (base / written).lexically_normal();
}

Result<Workspace> Workspace::make(const fs::path& state, const Settings& settings,
                                  const std::optional<process::User>& user,
                                  const std::string& task_id) {
  if (task_id.empty() || task_id.find_first_of("./") != std::string::npos) {
    return Error{ErrorKind::invalid, fmt::format("'{}' is no task id", printable(task_id))};
  }
  for (const auto& [path, mode] : {std::pair{state, kEnterOnly}, {state / "tasks", kPrivate}}) {
    if (auto made = make_directory(path, mode); !made) return made.error();
  }
  auto lock = make_locked(state / "tasks" / task_id);
  if (!lock) return lock.error();
  auto workspace = of(state, settings, task_id, std::move(*lock));
  if (auto made = workspace.make_directories(settings, user); !made) return made.error();
  auto& places = workspace.places_;
  const auto home = user ? user->home : own_home();
  const bool has_home = settings.command_prefix.empty() && !settings.isolation &&
                        is_home_of(home, user ? user->uid : ::geteuid());
  places.home = has_home ? fs::path(home) : workspace.shared_ / "home";
  places.private_directory = workspace.private_;
  places.shared_directory = workspace.shared_;
  places.temporary = workspace.shared_ / "tmp";
  places.bash_env = workspace.shared_ / "bash_env";
  return workspace;
}

Workspace Workspace::of(const fs::path& state, const Settings& settings, const std::string& task_id,
                        UniqueFd lock) {
  Workspace workspace;
  workspace.lock_ = std::move(lock);
  workspace.private_ = state / "tasks" / task_id;
  workspace.shared_ = state / "work" / task_id;
  workspace.places_.working_directory = with_task(settings.working_directory, task_id);
  workspace.fresh_ = with_task(own_part(settings.working_directory), task_id);
  workspace.empties_working_directory_ = settings.cleanup_working_directory &&
                                         !settings.working_directory.empty() &&
                                         workspace.fresh_.empty();
  return workspace;
}

std::vector<std::string> Workspace::cleared_at_end() const {
  std::vector<std::string> cleared = {shared_.string()};
  if (!fresh_.empty()) cleared.push_back(fresh_.string());
  if (empties_working_directory_) cleared.push_back(places_.working_directory.string());
  return cleared;
}

Result<void> Workspace::make_directories(const Settings& settings,
                                         const std::optional<process::User>& user) {
  remove_left(shared_);  // of an earlier attempt whose agent was killed
  auto made = make_directory(shared_.parent_path(), kEnterOnly);
  const bool behind_prefix = !settings.command_prefix.empty();
  if (made) made = make_for_job(shared_, behind_prefix ? kForAnyone : kEnterOnly, user);
  if (!made) return made;

  auto& directory = places_.working_directory;
  if (directory.empty()) {
    directory = shared_ / "project";
  } else if (user && !fs::exists(directory)) {
    return make_for_job(directory, kUsual, user);
  }
  return ok();
}

Workspace::Workspace(Workspace&& other) noexcept
    : lock_(std::move(other.lock_)),
      private_(std::exchange(other.private_, {})),
      shared_(std::exchange(other.shared_, {})),
      fresh_(std::exchange(other.fresh_, {})),
      places_(std::move(other.places_)),
      empties_working_directory_(std::exchange(other.empties_working_directory_, false)) {}

Workspace::~Workspace() {
  if (empties_working_directory_) empty_directory(places_.working_directory);
  if (!fresh_.empty()) remove_left(fresh_);
  if (!shared_.empty()) remove_left(shared_);
  if (!private_.empty()) remove_left(private_);
}

bool is_in_use(const fs::path& state, const std::string& task_id) {
  const auto directory = state / "tasks" / task_id;
  return !task_id.empty() && fs::exists(directory) && !try_lock(directory);
}

void remove_leftovers(const fs::path& state, const Settings& settings) {
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(state / "tasks", failure)) {
    const auto task_id = entry.path().filename().string();
    auto lock = try_lock(entry.path());
    if (!lock) continue;
    log::info("removing what a killed agent left", {{"task", task_id}});
    auto left = Workspace::of(state, settings, task_id, std::move(lock));
    left.empties_working_directory_ = false;  // another task may be in it
  }
}

}  // namespace muster::agent
