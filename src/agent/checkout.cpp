#include "agent/checkout.hpp"

#include "agent/backoff.hpp"
#include "base/crypto.hpp"
#include "base/log.hpp"

namespace muster::agent {
namespace {

// $1: the commit; $2: the branch. The pack holds no history, so its commit is marked as shallow.
constexpr const char* kScript = R"sh(set -eu
if [ ! -d .git ]; then
  if [ -n "$(ls -A .)" ]; then
    echo "The directory $PWD is not empty, and no git repository: nothing is checked out over it."
    echo "Empty it, or set another working_directory for this job."
    exit 1
  fi
  git init --quiet .
fi
if ! grep -qx "$1" .git/shallow 2>/dev/null; then echo "$1" >> .git/shallow; fi
git index-pack --stdin --fix-thin > /dev/null
if [ -n "$2" ] && git check-ref-format --branch "$2" > /dev/null 2>&1; then
  git checkout --quiet --force -B "$2" "$1" --
else
  git checkout --quiet --force --detach "$1" --
fi
git log -1 --format='HEAD is now at %h %s'
)sh";

constexpr std::size_t kCommitLength = 40;

// A full disk is the server's: ours is told otherwise.
bool may_pass(const Error& error) {
  return error.kind == ErrorKind::exhausted || error.kind == ErrorKind::unavailable ||
         error.kind == ErrorKind::timeout;
}

bool is_commit(const std::string& text) {
  return text.size() == kCommitLength &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

Result<void> fetch_source(ControlPlane& server, const Attempt& attempt, const std::string& sha256,
                          const std::filesystem::path& file, std::stop_token stop) {
  Backoff backoff;
  for (;;) {
    auto fetched = server.fetch_source(attempt, file, stop);
    if (fetched) break;
    if (!may_pass(fetched.error()) || stop.stop_requested())
      return fetched.error().within("fetching the source");
    log::debug("the source is not there yet", {{"reason", fetched.error().message}});
    backoff.pause(stop);
  }
  const auto sum = sha256_of_file(file);
  if (!sum) return sum.error().within("checking the source that was fetched");
  if (*sum == sha256) return ok();
  return Error{ErrorKind::invalid,
               "fetching the source: what came is not what was submitted (its SHA-256 differs)"};
}

JobCommand checkout_command(const protocol::ClaimedTask& task, Variables environment,
                            const std::filesystem::path& directory,
                            const std::filesystem::path& pack) {
  // Only a commit id may stand where git would also take an option or a name.
  const auto revision = is_commit(task.revision) ? task.revision : std::string("no-commit-id");
  JobCommand command;
  command.arguments = {"/bin/sh", "-c", kScript, "checkout", revision, task.branch};
  // No settings of the machine or the user: the same checkout everywhere. The directory may be
  // another user's, if the runner's settings name it.
  command.environment = with(std::move(environment), {{"GIT_CONFIG_COUNT", "1"},
                                                      {"GIT_CONFIG_GLOBAL", "/dev/null"},
                                                      {"GIT_CONFIG_KEY_0", "safe.directory"},
                                                      {"GIT_CONFIG_NOSYSTEM", "1"},
                                                      {"GIT_CONFIG_VALUE_0", "*"},
                                                      {"GIT_TERMINAL_PROMPT", "0"}});
  command.directory = directory.string();
  command.input = pack;
  return command;
}

}  // namespace muster::agent
