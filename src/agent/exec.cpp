#include "agent/exec.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <span>

#include <fmt/core.h>

#include "base/file.hpp"
#include "base/text.hpp"

extern char** environ;

namespace muster::agent {
namespace {

constexpr int kExitCannotRun = 126;
constexpr std::int64_t kLongestRecord = 16 << 20;
constexpr std::size_t kFixedTexts = 3;  // the directory, whether input is kept, count of arguments

Result<std::string> read_exactly(int fd, std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got = ::read(fd, bytes.data() + done, count - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, "read");
    if (got == 0) return Error{ErrorKind::invalid, "cut short"};
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

// A byte at a time: what is behind the record belongs to the command.
Result<std::size_t> read_length(int fd) {
  std::string digits;
  constexpr std::size_t kMostDigits = 10;
  while (digits.size() <= kMostDigits) {
    const auto byte = read_exactly(fd, 1);
    if (!byte) return byte.error();
    if (*byte != "\n") {
      digits += *byte;
      continue;
    }
    const auto length = parse_int(digits);
    if (length && *length >= 0 && *length <= kLongestRecord) {
      return static_cast<std::size_t>(*length);
    }
    break;
  }
  return Error{ErrorKind::invalid, "not a launch record"};
}

Result<LaunchRecord> decode(const std::string& bytes) {
  auto texts = split(bytes, '\0');
  texts.pop_back();  // behind the last NUL
  const auto malformed = Error{ErrorKind::invalid, "not a launch record"};
  if (texts.size() < kFixedTexts) return malformed;
  const auto count = parse_int(texts[2]);
  const auto rest = std::span(texts).subspan(kFixedTexts);
  if (!count || *count < 1 || static_cast<std::size_t>(*count) > rest.size()) return malformed;
  LaunchRecord record;
  record.directory = texts[0];
  record.keeps_input = texts[1] == "1";
  const auto arguments = rest.first(static_cast<std::size_t>(*count));
  record.arguments.assign(arguments.begin(), arguments.end());
  for (const auto& text : rest.subspan(arguments.size())) {
    const auto equals = text.find('=');
    if (equals == std::string::npos) return malformed;
    record.environment[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return record;
}

int fail(std::string_view what) {
  const auto line = fmt::format("muster {}: {}\n", kExecWord, what);
  [[maybe_unused]] const auto written = write_all(STDERR_FILENO, line);
  return kExitCannotRun;
}

std::optional<process::Identity> identity_of(const std::string& name) {
  const auto colon = name.find(':');
  if (colon == std::string::npos) return std::nullopt;
  const auto pid = parse_int(name.substr(0, colon));
  const auto start_ticks = parse_int(name.substr(colon + 1));
  if (!pid || *pid < 2 || !start_ticks) return std::nullopt;
  return process::Identity{static_cast<pid_t>(*pid), static_cast<std::uint64_t>(*start_ticks)};
}

// For a while: whoever asks looks what is left, and asks again.
int end_processes(std::span<const std::string> arguments) {
  constexpr Millis kPatience(2'000);
  const auto root = arguments.empty() ? std::nullopt : identity_of(arguments.front());
  if (!root) return fail("not a launch record");
  std::vector<pid_t> spare;
  for (const auto& word : arguments.subspan(1)) {
    if (const auto pid = parse_int(word)) spare.push_back(static_cast<pid_t>(*pid));
  }
  const auto ended = process::end_relatives(*root, kPatience, std::move(spare));
  return ended ? 0 : fail(ended.error().message);
}

int become(const LaunchRecord& record) {
  // Here, as the prefix itself may have had to gain rights.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail("cannot give up gaining rights");
  if (record.arguments.front() == kEndWord) {
    return end_processes(std::span(record.arguments).subspan(1));
  }
  ::clearenv();
  for (const auto& [name, value] : record.environment) ::setenv(name.c_str(), value.c_str(), 1);
  if (::chdir(record.directory.c_str()) != 0) {
    return fail(fmt::format("cannot enter the directory {}: {}", printable(record.directory),
                            std::strerror(errno)));
  }
  if (!record.keeps_input) {
    const int null_device = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null_device < 0 || ::dup2(null_device, STDIN_FILENO) < 0) return fail("no /dev/null");
  }
  std::vector<char*> arguments;
  for (const auto& argument : record.arguments) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  ::execvp(arguments.front(), arguments.data());
  return fail(
      fmt::format("cannot run {}: {}", printable(record.arguments.front()), std::strerror(errno)));
}

}  // namespace

std::string to_bytes(const LaunchRecord& record) {
  std::string texts;
  const auto add = [&texts](std::string_view text) {
    texts += text;
    texts += '\0';
  };
  add(record.directory);
  add(record.keeps_input ? "1" : "0");
  add(std::to_string(record.arguments.size()));
  for (const auto& argument : record.arguments) add(argument);
  for (const auto& [name, value] : record.environment) add(name + "=" + value);
  return fmt::format("{}\n{}", texts.size(), texts);
}

std::string name_of(const process::Identity& process) {
  return fmt::format("{}:{}", process.pid, process.start_ticks);
}

Result<LaunchRecord> read_record(int fd) {
  const auto length = read_length(fd);
  if (!length) return length.error();
  const auto bytes = read_exactly(fd, *length);
  if (!bytes) return bytes.error();
  return decode(*bytes);
}

int run_launch_record(int fd) {
  const auto record = read_record(fd);
  if (!record) return fail("there is no launch record; only an agent can start this");
  return become(*record);
}

int run_agent_exec() {
  return run_launch_record(STDIN_FILENO);
}

}  // namespace muster::agent
