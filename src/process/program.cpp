#include "process/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::process {

namespace {

constexpr std::size_t kKeptMessages = 4096;  // bytes of standard error: its end
constexpr Millis kTick{100};                 // how late a stop may be noticed

// The reading end of one of the program's streams.
class Stream {
 public:
  static Result<Stream> open(UniqueFd& writing_end) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return system_error(errno, "cannot make a pipe");
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    writing_end.reset(ends[1]);
    return Stream(UniqueFd(ends[0]));
  }

  int fd() const { return fd_.get(); }  // -1 once it has ended

  // What is there now, appended to `text`: at least all that a pipe can hold, and not for ever.
  void read_into(std::string& text) {
    constexpr std::size_t kEnough = 1 << 20;
    char buffer[16384];
    for (std::size_t taken = 0; taken < kEnough;) {
      const auto got = ::read(fd_.get(), buffer, sizeof buffer);
      if (got > 0) {
        text.append(buffer, static_cast<std::size_t>(got));
        taken += static_cast<std::size_t>(got);
      } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
        return fd_.reset();
      } else if (errno == EAGAIN) {
        return;
      }
    }
  }

 private:
  explicit Stream(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

class Run {
 public:
  Run(Child child, Stream output, Stream messages, const ProgramLimits& limits)
      : child_(std::move(child)),
        output_(std::move(output)),
        messages_(std::move(messages)),
        limits_(limits),
        deadline_(std::chrono::steady_clock::now() + limits.timeout) {}

  Result<std::string> to_its_end(const std::string& name, const std::stop_token& stop) {
    while (!exit_) {
      const auto now = std::chrono::steady_clock::now();
      if (stop.stop_requested() && !stopped_at_) stopped_at_ = now;
      if (stopped_at_ && now >= *stopped_at_ + limits_.grace) {
        return end(ErrorKind::cancelled, name + " was stopped");
      }
      if (now >= deadline_) {
        return end(ErrorKind::timeout,
                   fmt::format("{} did not end within {}", name, format_duration(limits_.timeout)));
      }
      await_something();
      exit_ = child_.wait(Millis(0));
      read();
      if (text_.size() > limits_.output) {
        return end(ErrorKind::too_large,
                   fmt::format("{} printed more than {} bytes", name, limits_.output));
      }
    }
    if (exit_->success()) return std::move(text_);
    return Error{ErrorKind::unavailable,
                 fmt::format("{} ended with {}{}", name, in_words(*exit_), last_message())};
  }

 private:
  static std::string in_words(const Exit& exit) {
    return exit.signal != 0 ? fmt::format("signal {}", exit.signal)
                            : fmt::format("exit code {}", exit.code);
  }

  void await_something() const {
    pollfd waits[] = {
        {child_.pidfd(), POLLIN, 0}, {output_.fd(), POLLIN, 0}, {messages_.fd(), POLLIN, 0}};
    ::poll(waits, std::size(waits), static_cast<int>(kTick.count()));
  }

  void read() {
    if (output_.fd() >= 0) output_.read_into(text_);
    if (messages_.fd() < 0) return;
    messages_.read_into(said_);
    if (said_.size() > 2 * kKeptMessages) said_.erase(0, said_.size() - kKeptMessages);
  }

  std::string last_message() const {
    const auto said = trim(said_);
    const auto line = said.substr(said.find_last_of('\n') + 1);
    return line.empty() ? "" : ": " + printable(line, 1000);
  }

  Error end(ErrorKind kind, std::string why) {
    child_.signal_group(SIGKILL);
    while (!child_.wait(std::chrono::seconds(1))) {
    }
    return {kind, std::move(why)};
  }

  Child child_;
  Stream output_;
  Stream messages_;
  const ProgramLimits& limits_;
  const std::chrono::steady_clock::time_point deadline_;
  std::optional<std::chrono::steady_clock::time_point> stopped_at_;  // when it was noticed
  std::optional<Exit> exit_;
  std::string text_;
  std::string said_;
};

}  // namespace

Result<std::string> output_of(Command command, const ProgramLimits& limits, std::stop_token stop) {
  const auto name = printable(command.arguments.front());
  if (stop.stop_requested()) {
    return Error{ErrorKind::cancelled, name + " was not started: we were stopped"};
  }
  UniqueFd output_end;
  UniqueFd messages_end;
  auto output = Stream::open(output_end);
  if (!output) return output.error();
  auto messages = Stream::open(messages_end);
  if (!messages) return messages.error();
  command.standard_output = output_end.get();
  command.standard_error = messages_end.get();
  auto child = Child::start(command);
  if (!child) return child.error();
  output_end.reset();
  messages_end.reset();
  return Run(std::move(*child), std::move(*output), std::move(*messages), limits)
      .to_its_end(name, stop);
}

std::map<std::string, std::string> inherited_environment(
    std::initializer_list<std::string_view> except) {
  std::map<std::string, std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  for (const auto name : except) environment.erase(std::string(name));
  return environment;
}

}  // namespace muster::process
