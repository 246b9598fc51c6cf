#include "agent/sandbox.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include <fmt/core.h>

#include "agent/descriptors.hpp"
#include "agent/exec.hpp"
#include "agent/launcher.hpp"
#include "agent/sandbox_keeper.hpp"
#include "base/crypto.hpp"
#include "process/system.hpp"

namespace muster::agent {
namespace {

constexpr Millis kPatience = std::chrono::minutes(1);  // for a process to be there, or gone

Result<UniqueFd> unnamed_file(const std::filesystem::path& directory) {
  const auto path = directory / ("said." + random_hex(8));
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return system_error(errno, fmt::format("cannot make {}", path.string()));
  ::unlink(path.c_str());
  return file;
}

std::string text_in(const UniqueFd& file) {
  constexpr std::uint64_t kMost = 1 << 20;
  ::lseek(file.get(), 0, SEEK_SET);
  return read_all(file.get(), kMost).value_or("");
}

// In memory: it holds the job's environment.
Result<UniqueFd> record_of(const JobCommand& command) {
  UniqueFd record(::memfd_create("muster-launch", MFD_CLOEXEC));
  if (!record) return system_error(errno, "cannot prepare a command of the job");
  const LaunchRecord content{command.arguments, command.environment, command.directory, true};
  if (auto written = write_all(record.get(), to_bytes(content)); !written) return written.error();
  ::lseek(record.get(), 0, SEEK_SET);
  return record;
}

Result<UniqueFd> input_of(const JobCommand& command) {
  const std::filesystem::path path = command.input.value_or("/dev/null");
  UniqueFd input(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!input) return system_error(errno, fmt::format("cannot open {}", path.string()));
  return input;
}

Error gone() {
  return {ErrorKind::unavailable,
          "the task's sandbox has ended, as a process of the job ended it, or can start no more "
          "processes"};
}

}  // namespace

Result<std::unique_ptr<Sandbox>> Sandbox::start(const SandboxPlan& plan,
                                                const std::optional<process::User>& user,
                                                const std::filesystem::path& scratch) {
  auto sockets = make_message_sockets();
  if (!sockets) return sockets.error();
  const auto said = unnamed_file(scratch);
  if (!said) return said.error();

  process::Command command;
  command.arguments = bubblewrap_arguments(plan);
  command.arguments.push_back(plan.executable.string());
  command.arguments.push_back(std::string(kSandboxWord));
  command.environment = process::plain_environment();
  command.directory = "/";
  command.user = user;
  command.no_new_privileges = true;
  command.ends_with_starter = true;
  command.standard_input = sockets->second.get();
  command.standard_output = said->get();
  command.standard_error = said->get();
  auto bwrap = process::Child::start(command);
  if (!bwrap) return bwrap.error();
  sockets->second.reset();
  std::unique_ptr<Sandbox> sandbox(new Sandbox(std::move(*bwrap), std::move(sockets->first)));
  const auto keeper = receive_sender(sandbox->channel_.get(), kPatience);
  if (keeper) {
    sandbox->keeper_ = *keeper;
    return sandbox;
  }
  sandbox.reset();
  const auto words = text_in(*said);
  return Error{ErrorKind::unavailable, words.empty() ? "bwrap ended without a word" : words};
}

Sandbox::~Sandbox() {
  [[maybe_unused]] const auto closed = close(kPatience);
}

// Process 1 of the sandbox dies with bwrap, and all others with that. Those who end all that
// descends from the agent may have ended it before, and reaped it.
Result<void> Sandbox::close(Millis patience) {
  channel_.reset();
  if (closed_) return ok();
  bwrap_.signal(SIGKILL);
  closed_ = bwrap_.wait(patience).has_value();
  if (closed_) return ok();
  return Error{ErrorKind::timeout, "bwrap could not be ended: stuck in the kernel"};
}

Result<process::Child> Sandbox::start(const JobCommand& command) {
  const auto record = record_of(command);
  if (!record) return record.error();
  const auto input = input_of(command);
  if (!input) return input.error();
  auto reports = make_message_sockets();
  if (!reports) return reports.error();
  const auto sent = send_descriptors(
      channel_.get(), {record->get(), input->get(), command.output, reports->second.get()});
  if (!sent) return gone();
  reports->second.reset();
  const auto pid = receive_sender(reports->first.get(), kPatience);
  if (!pid) return gone();
  UniqueFd pidfd = process::open_pidfd(*pid);
  if (!pidfd || ::send(reports->first.get(), "", 1, MSG_NOSIGNAL) != 1) return gone();
  return process::Child::of_helper(*pid, std::move(pidfd), std::move(reports->first));
}

// Those that lost their parent are the keeper's.
Result<int> Sandbox::end_all(Millis patience, const std::vector<pid_t>& spare) {
  return process::end_descendants_of(keeper_, patience, spare);
}

}  // namespace muster::agent
