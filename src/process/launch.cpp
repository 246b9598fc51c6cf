#include "process/launch.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>

#include "base/text.hpp"
#include "process/child.hpp"
#include "process/groups.hpp"

namespace muster::process {
namespace {

constexpr int kExitCouldNotStart = 127;

// As a shell looks it up: a name with a slash is a path already.
std::vector<std::string> candidates(const Command& command) {
  const auto& name = command.arguments.front();
  if (name.find('/') != std::string::npos) return {name};
  std::vector<std::string> paths;
  const auto path = command.environment.find("PATH");
  if (path == command.environment.end()) return paths;
  for (const auto& directory : split(path->second, ':')) {
    // An empty entry would mean the current directory, which is never ours to trust.
    if (!directory.empty()) paths.push_back(directory + "/" + name);
  }
  return paths;
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const auto& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

bool has_nul(const std::vector<std::string>& texts) {
  return std::any_of(texts.begin(), texts.end(),
                     [](const std::string& text) { return text.find('\0') != std::string::npos; });
}

}  // namespace

Result<Launch> Launch::prepare(const Command& command) {
  if (command.arguments.empty()) return Error{ErrorKind::internal, "a command without a program"};
  Launch launch(command);
  launch.starter_ = ::getpid();
  launch.programs_ = candidates(command);
  launch.arguments_ = pointers_to(command.arguments);
  for (const auto& [name, value] : command.environment) {
    launch.environment_texts_.push_back(name + "=" + value);
  }
  launch.environment_ = pointers_to(launch.environment_texts_);
  if (has_nul(command.arguments) || has_nul(launch.environment_texts_)) {
    return Error{ErrorKind::invalid, "a command or its environment holds a NUL byte"};
  }
  if (command.user) launch.groups_ = groups_of(*command.user);
  launch.null_device_.reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!launch.null_device_) return system_error(errno, "cannot open /dev/null");
  return launch;
}

bool Launch::changes_user() const {
  return command_->user.has_value();
}

void Launch::reset_signals() const {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &standard, nullptr);
}

void Launch::unblock_signals() const {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool Launch::place_descriptors(int& report_fd) const {
  std::array<int, 3> sources = {command_->standard_input, command_->standard_output,
                                command_->standard_error};
  constexpr int kFirstFree = 3;
  // All move out of the way first: one may stand where another goes.
  for (int& source : sources) {
    source = ::fcntl(source < 0 ? null_device_.get() : source, F_DUPFD_CLOEXEC, kFirstFree);
    if (source < 0) return false;
  }
  const int report = ::fcntl(report_fd, F_DUPFD_CLOEXEC, kFirstFree);
  if (report < 0) return false;
  report_fd = report;
  for (int target = 0; target < kFirstFree; ++target) {
    if (::dup2(sources[static_cast<std::size_t>(target)], target) < 0) return false;
  }
  return ::syscall(SYS_close_range, kFirstFree, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

// A timer whose signal even a stopped process obeys. It ends with exec, as all of a process do.
// Raw calls: glibc's allocate.
bool Launch::limit_time() const {
  const auto patience = std::chrono::duration_cast<std::chrono::seconds>(command_->start_patience);
  const auto rest = std::chrono::nanoseconds(command_->start_patience - patience);
  const itimerspec once{.it_interval = {}, .it_value = {patience.count(), rest.count()}};
  sigevent killing{};
  killing.sigev_notify = SIGEV_SIGNAL;
  killing.sigev_signo = SIGKILL;
  int timer = 0;
  return ::syscall(SYS_timer_create, CLOCK_MONOTONIC, &killing, &timer) == 0 &&
         ::syscall(SYS_timer_settime, timer, 0, &once, nullptr) == 0;
}

// The raw calls: glibc's change every thread of the process under locks of its own. Nobody may
// inspect the memory that we still have then, nor have it written to a file, whatever
// fs.suid_dumpable says; a program has memory of its own.
bool Launch::drop_privileges() const {
  const auto& user = *command_->user;
  return ::syscall(SYS_setgroups, groups_.size(), groups_.data()) == 0 &&
         ::syscall(SYS_setresgid, user.gid, user.gid, user.gid) == 0 &&
         ::syscall(SYS_setresuid, user.uid, user.uid, user.uid) == 0 &&
         ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

void Launch::tie_to_starter() const {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != starter_) ::_exit(kExitCouldNotStart);  // it had ended before
}

// Goes on where a program is missing or may not be run, as a shell does; "no permission" says
// more than "not found".
int Launch::try_programs() const {
  int failure = ENOENT;
  for (const auto& program : programs_) {
    ::execve(program.c_str(), arguments_.data(), environment_.data());
    if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) return errno;
    if (errno == EACCES) failure = EACCES;
  }
  return failure;
}

void Launch::run_in_child(int report_fd) const {
  const auto give_up = [&](Stage stage, int error_number) {
    const LaunchFailure failure{stage, error_number};
    [[maybe_unused]] const auto written = ::write(report_fd, &failure, sizeof failure);
    ::_exit(kExitCouldNotStart);
  };
  reset_signals();
  if (!place_descriptors(report_fd)) give_up(Stage::descriptors, errno);
  if (!limit_time()) give_up(Stage::timer, errno);
  if (command_->new_session && ::setsid() < 0) give_up(Stage::session, errno);
  if (command_->user && !drop_privileges()) give_up(Stage::user, errno);
  const bool gains_none = command_->user || command_->no_new_privileges;
  if (gains_none && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    give_up(Stage::user, errno);
  }
  // After the drop, which clears it.
  if (command_->ends_with_starter) tie_to_starter();
  // After the drop: a directory that the user may not enter must not be entered for them.
  const auto& directory = command_->directory;
  if (!directory.empty() && ::chdir(directory.c_str()) != 0) give_up(Stage::directory, errno);
  unblock_signals();  // not before: until then one of them would end who shares our memory
  give_up(Stage::program, try_programs());
  ::_exit(kExitCouldNotStart);
}

}  // namespace muster::process
