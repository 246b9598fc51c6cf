#include "agent/launcher.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include <fmt/core.h>

#include "agent/exec.hpp"
#include "base/crypto.hpp"
#include "base/log.hpp"
#include "process/own_program.hpp"

namespace muster::agent {
namespace {

Result<UniqueFd> open_input(const std::filesystem::path& path) {
  UniqueFd input(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!input) return system_error(errno, fmt::format("cannot open {}", path.string()));
  return input;
}

Result<void> append_file(int target, const std::filesystem::path& path) {
  const auto source = open_input(path);
  if (!source) return source.error();
  constexpr std::size_t kChunk = 1 << 20;
  std::string chunk(kChunk, '\0');
  for (;;) {
    const ssize_t got = ::read(source->get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, fmt::format("cannot read {}", path.string()));
    if (got == 0) return ok();
    const std::string_view bytes(chunk.data(), static_cast<std::size_t>(got));
    if (auto written = write_all(target, bytes); !written) return written;
  }
}

// In memory: a job that has filled the disk must be ended, and cleared away, all the same.
Result<UniqueFd> make_scratch() {
  UniqueFd scratch(::memfd_create("muster-scratch", MFD_CLOEXEC));
  if (!scratch) return system_error(errno, "cannot prepare a command of the job");
  return scratch;
}

// On the disk, as what is put into it may be as large as a source.
Result<UniqueFd> make_scratch_in(const std::filesystem::path& directory) {
  const auto path = directory / ("launch." + random_hex(8));
  UniqueFd scratch(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!scratch) return system_error(errno, fmt::format("cannot make {}", path.string()));
  ::unlink(path.c_str());
  return scratch;
}

// What it ends behind a prefix may leave orphans faster than it finds them among their zombies.
std::optional<process::Exit> wait_and_reap(process::Child& child, Millis patience) {
  constexpr Millis kReapEvery(100);
  const auto deadline = system_clock().monotonic() + patience;
  for (;;) {
    const auto left = deadline - system_clock().monotonic();
    const auto exit = child.wait(std::clamp(left, Millis(0), kReapEvery));
    if (exit || left <= Millis(0)) return exit;
    process::reap_orphans();
  }
}

}  // namespace

Launcher::Launcher(std::vector<std::string> prefix, std::optional<process::User> user,
                   std::filesystem::path scratch, Confinement* confinement)
    : prefix_(std::move(prefix)),
      user_(std::move(user)),
      scratch_(std::move(scratch)),
      confinement_(confinement) {}

Result<process::Child> Launcher::start(const JobCommand& command) const {
  if (confinement_ != nullptr) return confinement_->start(command);
  if (has_prefix()) return start_behind_prefix(command);
  process::Command started;
  started.arguments = command.arguments;
  started.environment = command.environment;
  started.directory = command.directory;
  started.ends_with_starter = true;
  started.user = user_;
  started.no_new_privileges = true;
  started.standard_output = command.output;
  started.standard_error = command.output;
  UniqueFd input;
  if (command.input) {
    auto opened = open_input(*command.input);
    if (!opened) return opened.error();
    input = std::move(*opened);
    started.standard_input = input.get();
  }
  return process::Child::start(started);
}

Result<process::Child> Launcher::start_behind_prefix(const JobCommand& command) const {
  const auto record = command.input ? make_scratch_in(scratch_) : make_scratch();
  if (!record) return record.error();
  const LaunchRecord content{command.arguments, command.environment, command.directory,
                             command.input.has_value()};
  auto written = write_all(record->get(), to_bytes(content));
  if (written && command.input) written = append_file(record->get(), *command.input);
  if (!written) return written.error().within("preparing a command of the job");
  ::lseek(record->get(), 0, SEEK_SET);

  const auto own = process::own_program();
  if (!own) return own.error();
  process::Command started;
  started.arguments = prefix_;
  started.arguments.push_back(own->string());
  started.arguments.push_back(std::string(kExecWord));
  started.environment = process::plain_environment();
  started.directory = "/";
  started.ends_with_starter = true;
  started.standard_input = record->get();
  started.standard_output = command.output;
  started.standard_error = command.output;
  return process::Child::start(started);
}

Result<Launcher::Outcome> Launcher::run(JobCommand command, Millis patience) const {
  const auto said = make_scratch();
  if (!said) return said.error();
  command.output = said->get();
  auto child = start(command);
  if (!child) return child.error();
  const auto exit = wait_and_reap(*child, patience);
  if (!exit) {
    child->signal_group(SIGKILL);
    return Error{ErrorKind::timeout, fmt::format("{} does not end", command.arguments.front())};
  }
  ::lseek(said->get(), 0, SEEK_SET);
  constexpr std::uint64_t kMostSaid = 1 << 20;
  return Outcome{*exit, read_all(said->get(), kMostSaid).value_or("")};
}

void Launcher::ask_to_end(const process::Child& command) const {
  if (confinement_ != nullptr) return confinement_->ask_to_end(command);
  command.signal_group(SIGTERM);
}

Result<int> Launcher::end_all(Millis patience, const std::vector<pid_t>& spare) const {
  return confinement_ != nullptr ? confinement_->end_all(patience, spare)
                                 : end_descendants(patience, spare);
}

Result<int> Launcher::end_descendants(Millis patience, const std::vector<pid_t>& spare) const {
  return has_prefix() ? end_behind_prefix(patience, spare)
                      : process::end_descendants(patience, spare);
}

// Who is not root may not signal what runs as another user. That user may, and is asked to, again
// and again: what the prefix itself runs as root ends with what it has started.
Result<int> Launcher::end_behind_prefix(Millis patience, const std::vector<pid_t>& spare) const {
  constexpr Millis kOwnPatience(500);
  const auto deadline = system_clock().monotonic() + patience;
  for (;;) {
    auto ended = process::end_descendants(std::min(kOwnPatience, patience), spare);
    if (ended || system_clock().monotonic() >= deadline) return ended;
    JobCommand command;
    command.arguments = {std::string(kEndWord), name_of(*process::identify(::getpid()))};
    for (const auto pid : spare) command.arguments.push_back(std::to_string(pid));
    command.directory = "/";
    constexpr Millis kOneTry(5'000);
    const auto ran = run(std::move(command), std::min(kOneTry, patience));
    if (!ran) log::debug("a job is not ended behind its prefix", {{"reason", ran.error().message}});
  }
}

Result<void> Launcher::close(Millis patience) const {
  const auto closed = confinement_ != nullptr ? confinement_->close(patience) : ok();
  const auto ended = end_descendants(patience, {});
  if (!ended) return ended.error();
  return closed;
}

}  // namespace muster::agent
