#include "agent/workspace.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include <fmt/core.h>

#include "base/log.hpp"
#include "base/text.hpp"

namespace muster::agent {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kPrivate = 0700;
constexpr mode_t kEnterOnly = 0711;
// Behind a prefix we cannot know who the job's user is. The directory above has an unguessable
// name and cannot be listed, so only the job finds its way in.
constexpr mode_t kForAnyone = 0777;
constexpr mode_t kUsual = 0755;

Result<void> give(const fs::path& path, mode_t mode, const std::optional<process::User>& user) {
  const bool failed = ::chmod(path.c_str(), mode) != 0 ||
                      (user && ::lchown(path.c_str(), user->uid, user->gid) != 0);
  if (failed) return system_error(errno, fmt::format("cannot hand over {}", path.string()));
  return ok();
}

Result<void> make_for_job(const fs::path& path, mode_t mode,
                          const std::optional<process::User>& user) {
  if (auto made = make_directory(path, mode); !made) return made;
  return give(path, mode, user);
}

std::string own_home() {
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return home;
  const passwd* record = ::getpwuid(::geteuid());
  return record != nullptr ? record->pw_dir : "";
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

// Files of the job may be unwritable directories, which their owner cannot empty; we may be
// neither root nor their owner. What cannot be removed is named, once.
void remove_tree(const fs::path& path) {
  std::error_code failure;
  fs::remove_all(path, failure);
  if (failure) {
    log::warn("cannot remove what a task left",
              {{"path", path.string()}, {"reason", failure.message()}});
  }
}

void empty_directory(const fs::path& path) {
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(path, failure)) remove_tree(entry.path());
}

}  // namespace

std::filesystem::path state_directory() {
  if (::geteuid() == 0) return "/var/lib/muster-agent";
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state == '/') return fs::path(state) / "muster-agent";
  return fs::path(own_home()) / ".local/state/muster-agent";
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
  Workspace workspace;
  workspace.private_ = state / "tasks" / task_id;
  workspace.shared_ = state / "work" / task_id;
  workspace.places_.working_directory = with_task(settings.working_directory, task_id);
  workspace.empties_working_directory_ =
      !settings.working_directory.empty() && settings.cleanup_working_directory;
  if (auto made = make_directory(state, kEnterOnly); !made) return made.error();
  if (auto prepared = workspace.prepare(settings, user); !prepared) return prepared.error();
  return workspace;
}

Result<void> Workspace::prepare(const Settings& settings,
                                const std::optional<process::User>& user) {
  const mode_t for_job = settings.command_prefix.empty() ? kUsual : kForAnyone;
  places_.private_directory = private_;
  auto made = make_directory(private_.parent_path(), kPrivate);
  if (made) made = make_directory(private_, kPrivate);
  if (made) made = make_directory(shared_.parent_path(), kEnterOnly);
  if (made) made = make_directory(shared_, kEnterOnly);
  if (!made) return made;

  const auto home = user ? user->home : own_home();
  const bool has_home =
      settings.command_prefix.empty() && is_home_of(home, user ? user->uid : ::geteuid());
  places_.home = has_home ? fs::path(home) : shared_ / "home";
  if (!has_home) made = make_for_job(places_.home, for_job, user);
  if (made && places_.working_directory.empty()) {
    places_.working_directory = shared_ / "project";
    made = make_for_job(places_.working_directory, for_job, user);
  }
  if (!made) return made;
  if (!fs::exists(places_.working_directory)) {
    made = make_for_job(places_.working_directory, for_job, user);
    if (!made) return made;
  }
  places_.bash_env = shared_ / "bash_env";
  const UniqueFd file(::open(places_.bash_env.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return system_error(errno, fmt::format("cannot make {}", places_.bash_env.string()));
  return give(places_.bash_env, settings.command_prefix.empty() ? 0600 : 0666, user);
}

Workspace::Workspace(Workspace&& other) noexcept
    : private_(std::exchange(other.private_, {})),
      shared_(std::exchange(other.shared_, {})),
      places_(std::move(other.places_)),
      empties_working_directory_(std::exchange(other.empties_working_directory_, false)) {}

Workspace::~Workspace() {
  if (empties_working_directory_) empty_directory(places_.working_directory);
  if (!shared_.empty()) remove_tree(shared_);
  if (!private_.empty()) remove_tree(private_);
}

}  // namespace muster::agent
