#include "instance/configure.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/core.h>

#include "aws/region_and_endpoint.hpp"
#include "aws/retry.hpp"
#include "aws/secrets.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/stop_after.hpp"
#include "base/text.hpp"
#include "instance/class_token.hpp"
#include "instance/job_user.hpp"
#include "instance/runner_config.hpp"
#include "process/child.hpp"
#include "process/groups.hpp"

namespace muster::instance {

namespace {

namespace fs = std::filesystem;

constexpr mode_t kOursAlone = 0700;
constexpr mode_t kSecret = 0600;

fs::path directory_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

Result<void> prepare_directory_of(const fs::path& file) {
  const auto directory = directory_of(file);
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) {
    if (errno == ENOENT) return make_directory(directory, kOursAlone);
    return system_error(errno, fmt::format("cannot use {}", directory.string()));
  }
  constexpr mode_t kOthersWrite = 022;
  const bool is_ours = status.st_uid == ::geteuid() || status.st_uid == 0;
  if (is_ours && (status.st_mode & kOthersWrite) == 0) return ok();
  return Error{ErrorKind::invalid,
               fmt::format("others can write to {0}, where the runner's token would be: run 'chmod "
                           "go-w {0}', or choose a directory that is yours",
                           directory.string())};
}

// On a machine that has just booted, network, clock and the role's credentials may come later than
// we do.
bool may_come(const Error& error) {
  return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::timeout ||
         error.kind == ErrorKind::unauthenticated;
}

template <class Question>
auto ask_patiently(Question question, const std::stop_token& over) {
  const auto patience = aws::usual_patience();
  auto answer = question(over);
  for (int failed = 1; !answer && may_come(answer.error()); ++failed) {
    log::warn("asking again", {{"error", answer.error().message}});
    patience.sleep(aws::pause_after(failed, patience.random()), over);
    if (over.stop_requested()) break;
    auto again = question(over);
    if (again || !over.stop_requested()) answer = std::move(again);
  }
  if (!answer && answer.error().kind == ErrorKind::cancelled) {
    answer = Error{ErrorKind::timeout, "out of patience with AWS: " + answer.error().message};
  }
  return answer;
}

Result<std::string> read_token(const std::string& secret, Self& self, const std::stop_token& stop) {
  auto region = Result<std::string>(aws::region_in_arn(secret));
  if (region->empty()) region = self.region(stop);
  if (!region) return region.error();
  auto secrets = aws::SecretsManager::open(self.session(), self.http(), *region, stop);
  if (!secrets) return secrets.error();
  const auto kept = secrets->value(secret, stop);
  if (kept) return class_token_in(*kept, secret);
  auto error = kept.error();
  if (error.kind == ErrorKind::not_found) {
    error.message += ": create it, or correct token_secret";
  }
  return error;
}

}  // namespace

Result<void> configure(const Config& config, const Configure& wanted, Self& self,
                       const std::stop_token& stop) {
  for (const auto& file : {wanted.output, wanted.environment}) {
    if (file.empty()) continue;
    if (auto fit = prepare_directory_of(file); !fit) return fit;
  }
  const auto user = process::find_user(config.job_user);
  if (!user) return user.error().within("job_user");
  std::vector<std::string> groups;
  for (const auto gid : process::groups_of(*user)) groups.push_back(process::group_name(gid));
  if (const auto may = may_run_jobs(*user, groups); !may) return may.error().within("job_user");

  const StopAfter limit(wanted.patience, stop);
  const auto id =
      ask_patiently([&](const std::stop_token& over) { return self.id(over); }, limit.token());
  if (!id) return id.error();
  const auto token = ask_patiently(
      [&](const std::stop_token& over) { return read_token(config.token_secret, self, over); },
      limit.token());
  if (!token) return token.error();

  if (!wanted.environment.empty()) {
    auto written = write_file_atomically(wanted.environment, runner_environment(config), kSecret);
    if (!written) return written;
  }
  const auto text = runner_yaml(config, *token, *id, user->home);
  if (auto written = write_file_atomically(wanted.output, text, kSecret); !written) return written;
  log::info("the runner is configured", {{"instance", *id}, {"file", wanted.output.string()}});
  return ok();
}

}  // namespace muster::instance
