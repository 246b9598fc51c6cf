#include "agent/workspace.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/log.hpp"
#include "base/sleep.hpp"
#include "base/text.hpp"
#include "base/tree.hpp"

namespace muster::agent {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAside = ".left-";  // between a task's id and what makes it another name
constexpr mode_t kPrivate = 0700;
constexpr mode_t kEnterOnly = 0711;
// Behind a prefix we cannot know who the job's user is. Anyone may find the way in, as a path is no
// secret, but nobody may take away or replace what another has made there.
constexpr mode_t kForAnyone = 01777;

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

// Of a working directory that is fresh for each task, what is the task's alone: up to the first
// name that holds its id. Empty if tasks share the directory.
std::string own_part(const std::string& working_directory) {
  const auto id = working_directory.find("%s");
  return id == std::string::npos ? ""
                                 : working_directory.substr(0, working_directory.find('/', id));
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
  auto workspace = of(state, settings, user, task_id, std::move(*lock));
  if (auto made = workspace.make_directories(user); !made) return made.error();
  auto& places = workspace.places_;
  const auto home = user ? user->home : own_home();
  const bool has_home = settings.command_prefix.empty() && !settings.isolation &&
                        is_home_of(home, user ? user->uid : ::geteuid());
  const auto base = places.made_by_job.empty() ? workspace.shared_ : places.made_by_job;
  places.home = has_home ? fs::path(home) : base / "home";
  places.private_directory = workspace.private_;
  places.shared_directory = workspace.shared_;
  places.temporary = workspace.shared_ / "tmp";
  places.bash_env = base / "bash_env";
  return workspace;
}

Workspace Workspace::of(const fs::path& state, const Settings& settings,
                        const std::optional<process::User>& user, const std::string& task_id,
                        UniqueFd lock) {
  const bool behind_prefix = !settings.command_prefix.empty();
  Workspace workspace(Clearing(user, behind_prefix));
  workspace.lock_ = std::move(lock);
  workspace.private_ = state / "tasks" / task_id;
  workspace.shared_ = state / "work" / task_id;
  if (behind_prefix) workspace.places_.made_by_job = workspace.shared_ / "own";
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

// Of an earlier attempt whose agent was killed. What cannot be removed must not be met by this one.
void Workspace::clear_shared() const {
  struct stat status {};
  if (::lstat(shared_.c_str(), &status) != 0) return;
  clearing_.remove(shared_);
  auto aside = shared_;
  aside += kAside + random_hex(4);
  ::rename(shared_.c_str(), aside.c_str());
}

Result<void> Workspace::make_directories(const std::optional<process::User>& user) {
  auto made = make_directory(shared_.parent_path(), kEnterOnly);
  if (!made) return made;
  clear_shared();
  const bool behind_prefix = !places_.made_by_job.empty();
  made = make_new(shared_, behind_prefix ? kForAnyone : kPrivate, user);
  if (!made) return made;

  auto& directory = places_.working_directory;
  if (directory.empty()) {
    directory = (behind_prefix ? places_.made_by_job : shared_) / "project";
  } else if (user) {
    return make_for(*user, directory, fresh_);
  }
  return ok();
}

Workspace::Workspace(Workspace&& other) noexcept
    : clearing_(std::move(other.clearing_)),
      lock_(std::move(other.lock_)),
      private_(std::exchange(other.private_, {})),
      shared_(std::exchange(other.shared_, {})),
      fresh_(std::exchange(other.fresh_, {})),
      places_(std::move(other.places_)),
      empties_working_directory_(std::exchange(other.empties_working_directory_, false)) {}

Workspace::~Workspace() {
  if (empties_working_directory_) clearing_.empty(places_.working_directory);
  if (!fresh_.empty()) clearing_.remove(fresh_);
  if (!shared_.empty()) clearing_.remove(shared_);
  if (private_.empty()) return;
  const auto removed = remove_tree(private_);
  if (!removed) log::warn("a task leaves something behind", {{"reason", removed.error().message}});
}

bool is_in_use(const fs::path& state, const std::string& task_id) {
  const auto directory = state / "tasks" / task_id;
  return !task_id.empty() && fs::exists(directory) && !try_lock(directory);
}

void remove_leftovers(const fs::path& state, const Settings& settings,
                      const std::optional<process::User>& user) {
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(state / "tasks", failure)) {
    const auto task_id = entry.path().filename().string();
    auto lock = try_lock(entry.path());
    if (!lock) continue;
    log::info("removing what a killed agent left", {{"task", task_id}});
    auto left = Workspace::of(state, settings, user, task_id, std::move(lock));
    left.empties_working_directory_ = false;  // another task may be in it
  }
  // What was put aside, as it could not be removed then.
  const Clearing clearing(user, !settings.command_prefix.empty());
  for (const auto& entry : fs::directory_iterator(state / "work", failure)) {
    if (entry.path().filename().string().find(kAside) == std::string::npos) continue;
    clearing.remove(entry.path());
  }
}

}  // namespace muster::agent
