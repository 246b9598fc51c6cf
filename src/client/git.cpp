#include "client/git.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/core.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "process/child.hpp"
#include "process/program.hpp"

namespace muster::client {
namespace {

constexpr std::uint64_t kLongestAnswer = 64 << 20;  // bytes; `status` of a very untidy tree
constexpr std::uint64_t kLongestMessage = 1 << 20;

Result<UniqueFd> open_file(const std::filesystem::path& path, int flags) {
  UniqueFd file(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  if (!file) return system_error(errno, fmt::format("cannot open {}", path.string()));
  return file;
}

// Waits for its end, or ends it and all it started when asked to stop.
Result<process::Exit> wait_for(process::Child& child, const std::stop_token& stop) {
  for (;;) {
    const auto exit = child.wait(Millis(100));
    if (exit && !stop.stop_requested()) return *exit;
    if (exit) break;
    if (!stop.stop_requested()) continue;
    child.signal_group(SIGKILL);
    while (!child.wait(std::chrono::seconds(1))) {
    }
    break;
  }
  return Error{ErrorKind::cancelled, "interrupted"};
}

std::string first_line(const std::string& message) {
  return printable(split(std::string(trim(message)), '\n').front());
}

}  // namespace

Git::Git(std::filesystem::path directory, std::filesystem::path scratch, std::stop_token stop)
    : directory_(std::move(directory)),
      scratch_(std::move(scratch)),
      stop_(std::move(stop)),
      environment_(process::inherited_environment({"MUSTER_TOKEN", "GIT_TRACE"})) {
  // Whoever sits at the terminal is not asked, and git's messages are those we know.
  set("GIT_TERMINAL_PROMPT", "0");
  set("GIT_OPTIONAL_LOCKS", "0");
  set("GIT_NO_REPLACE_OBJECTS", "1");  // the pack must hold what the commit's id stands for
  set("LC_ALL", "C");
}

void Git::set(std::string variable, std::string value) {
  environment_.insert_or_assign(std::move(variable), std::move(value));
}

Result<GitAnswer> Git::run(std::vector<std::string> arguments, const std::filesystem::path& input,
                           const std::filesystem::path& output) const {
  process::Command command;
  command.arguments = {"git", "--no-pager",          "-c", "core.hooksPath=/dev/null",
                       "-c",  "core.fsmonitor=false"};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  command.environment = environment_;
  command.directory = directory_.string();

  const auto message = scratch_ / "message";
  const auto in = open_file(input, O_RDONLY);
  if (!in) return in.error();
  const auto out = open_file(output, O_WRONLY | O_CREAT | O_TRUNC);
  if (!out) return out.error();
  const auto error = open_file(message, O_WRONLY | O_CREAT | O_TRUNC);
  if (!error) return error.error();
  command.standard_input = in->get();
  command.standard_output = out->get();
  command.standard_error = error->get();

  auto child = process::Child::start(command);
  if (!child) return Error{child.error().kind, child.error().message + ". Is git installed?"};
  const auto exit = wait_for(*child, stop_);
  if (!exit) return exit.error();
  auto said = read_file(message, kLongestMessage);
  if (!said) return said.error();
  return GitAnswer{exit->shell_code(), "", std::move(*said)};
}

Result<GitAnswer> Git::ask(std::vector<std::string> arguments) const {
  const auto output = scratch_ / "output";
  auto answer = run(std::move(arguments), "/dev/null", output);
  if (!answer) return answer;
  auto text = read_file(output, kLongestAnswer);
  if (!text) return text.error();
  answer->output = std::move(*text);
  return answer;
}

Result<std::string> Git::get(std::vector<std::string> arguments) const {
  const auto verb = arguments.front();
  auto answer = ask(std::move(arguments));
  if (!answer) return answer.error();
  if (answer->code != 0) {
    return Error{ErrorKind::invalid,
                 fmt::format("git {} failed: {}", verb, first_line(answer->message))};
  }
  if (answer->output.ends_with('\n')) answer->output.pop_back();
  return std::move(answer->output);
}

Result<void> Git::pump(std::vector<std::string> arguments, const std::filesystem::path& input,
                       const std::filesystem::path& output) const {
  const auto verb = arguments.front();
  const auto answer = run(std::move(arguments), input, output);
  if (!answer) return answer.error();
  if (answer->code == 0) return ok();
  return Error{ErrorKind::invalid,
               fmt::format("git {} failed: {}", verb, first_line(answer->message))};
}

}  // namespace muster::client
