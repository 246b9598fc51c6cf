#include "agent/job_directories.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/core.h>

#include "agent/directories.hpp"
#include "base/text.hpp"
#include "process/file_access.hpp"

namespace muster::agent {
namespace {

namespace fs = std::filesystem;

constexpr Millis kPatience = std::chrono::minutes(1);
constexpr const char* kBash = "/bin/bash";

// $1: the working directory; $2: HOME; $3: BASH_ENV's file. $4: what must be new, as anyone may
// make something where it is to be; or nothing.
constexpr const char* kScript = R"sh(set -eu
if [ -n "$4" ]; then
  [ -d "${4%/*}" ] || mkdir -p -- "${4%/*}"  # in a container that the prefix enters
  # Of an earlier try of the task, whose agent was killed.
  if [ -d "$4" ] && [ ! -L "$4" ] && [ -O "$4" ]; then rm -rf -- "$4"; fi
  mkdir -m 700 -- "$4"
fi
for place in "$1" "$2"; do
  [ -d "$place" ] || mkdir -p -m 700 -- "$place"
done
: >> "$3"
if ! [ -w "$1" ] || ! [ -x "$1" ]; then echo "$1: Permission denied"; exit 1; fi
if [ -x /bin/bash ]; then echo bash; fi
)sh";

bool may(const char* path, int what) {
  return ::faccessat(AT_FDCWD, path, what, AT_EACCESS) ==
         0;  // asks for the rights that we act with
}

// What the script does, without starting two programs for it. Nothing if something is in the way:
// what that is the script shall tell.
std::optional<Prepared> prepare_here(const fs::path& directory, const Places& places) {
  if (!make_private(directory) || !make_private(places.home)) return std::nullopt;
  constexpr mode_t kUsual = 0666;
  // Nothing that somebody has put there is followed or waited for.
  const UniqueFd bash_env(::open(
      places.bash_env.c_str(),
      O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, kUsual));
  if (!bash_env || !may(directory.c_str(), W_OK | X_OK)) return std::nullopt;
  return Prepared{may(kBash, X_OK)};
}

std::optional<Prepared> prepare_here(const Launcher& launcher, const fs::path& directory,
                                     const Places& places) {
  if (!launcher.user()) return prepare_here(directory, places);
  const auto access = process::FileAccess::as(*launcher.user());
  return access ? prepare_here(directory, places) : std::nullopt;
}

}  // namespace

Result<Prepared> prepare_directories(const Launcher& launcher, const fs::path& directory,
                                     const Places& places, const Variables& environment) {
  const bool anywhere = directory.is_absolute() && places.home.is_absolute();
  if (launcher.runs_on_the_machine() && anywhere) {
    if (const auto done = prepare_here(launcher, directory, places)) return *done;
  }
  JobCommand command;
  command.arguments = {"/bin/sh",
                       "-c",
                       kScript,
                       "prepare",
                       directory.string(),
                       places.home.string(),
                       places.bash_env.string(),
                       places.made_by_job.string()};
  command.environment = environment;
  command.directory = "/";
  const auto outcome = launcher.run(std::move(command), kPatience);
  if (!outcome) return outcome.error().within("preparing the job's directories");
  if (outcome->exit.success()) return Prepared{trim(outcome->output) == "bash"};
  return Error{ErrorKind::forbidden,
               fmt::format("the job cannot use its working directory: {}. Let the job's user enter "
                           "and write it, or set another runner.working_directory",
                           printable(trim(outcome->output), 500))};
}

}  // namespace muster::agent
