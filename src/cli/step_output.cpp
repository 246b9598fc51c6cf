#include "cli/step_output.hpp"

#include <cerrno>
#include <cstdio>

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "client/display.hpp"
#include "client/output_choice.hpp"

namespace muster::cli {
namespace {

using client::ChosenTask;

// Of a line so much is held until it ends; a longer one comes in parts.
constexpr std::size_t kMostHeld = 1 << 20;

// Standard output, as it suits whoever reads it.
class Paper {
 public:
  Result<void> heading(const std::string& text) {
    if (!terminal_) return separate();
    const auto line = client::Line(style_).add("--- " + text, "1").text() + "\n";
    if (auto apart = separate(); !apart) return apart;
    return put(line);
  }

  // A line may come in several pieces; what it does to a terminal is judged by the whole.
  Result<void> add(const std::string& piece) {
    if (!terminal_) return put(piece);
    rest_ += piece;
    const auto lines = rest_.rfind('\n') + 1;  // 0: none
    if (lines > 0) return put_first(lines);
    return rest_.size() < kMostHeld ? ok() : put_first(kMostHeld);
  }

  Result<void> end_step() { return put_first(rest_.size()); }

  // The last line of one step and the first of the next are two; and so is a shell's prompt.
  Result<void> separate() { return at_line_start_ ? ok() : put("\n"); }
  bool is_terminal() const { return terminal_; }

 private:
  Result<void> put_first(std::size_t size) {
    auto put_down = put(client::harmless(std::string_view(rest_).substr(0, size), style_.color));
    rest_.erase(0, size);
    return put_down;
  }

  Result<void> put(std::string_view text) {
    if (text.empty()) return ok();
    at_line_start_ = text.back() == '\n';
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    if (written && std::fflush(stdout) == 0) return ok();
    // Whoever closes a pipe, as `head` does, has read enough.
    if (errno == EPIPE) {
      std::clearerr(stdout);
      return Error{ErrorKind::cancelled, "nobody reads on"};
    }
    return system_error(errno, "cannot write the output");
  }

  const bool terminal_ = client::standard_output_is_terminal();
  const client::Style style_ = client::standard_output_style();
  std::string rest_;  // an unfinished line
  bool at_line_start_ = true;
};

Result<void> print_step(client::Api& api, const std::string& task_id,
                        const protocol::StepStatus& step, Paper& paper) {
  for (std::int64_t offset = 0;;) {
    const auto piece = api.output(task_id, step.index, offset);
    if (!piece) return piece.error().within("fetching the output");
    if (piece->empty()) return paper.end_step();
    if (auto added = paper.add(*piece); !added) return added;
    offset += static_cast<std::int64_t>(piece->size());
  }
}

Result<void> print_task(client::Api& api, const ChosenTask& chosen, Paper& paper) {
  for (const auto& step : chosen.task.steps) {
    const auto heading = client::step_heading(chosen.name, step, system_clock().wall());
    if (auto begun = paper.heading(heading); !begun) return begun;
    if (auto printed = print_step(api, chosen.task.id, step, paper); !printed) return printed;
  }
  if (!chosen.task.steps.empty()) return ok();
  fmt::print(stderr, "{}: no step has run ({}).\n", chosen.name,
             client::whole(chosen.task.message.empty() ? chosen.task.state : chosen.task.message));
  return ok();
}

}  // namespace

int print_output(client::Api& api, const PipelineOptions& options) {
  const auto status = api.pipeline(options.id);
  if (!status) return report(status.error());
  const auto chosen = client::choose_output(*status, options.job, options.step);
  if (!chosen) return report(chosen.error());
  Paper paper;
  for (const auto& each : *chosen) {
    const auto printed = print_task(api, each, paper);
    if (printed) continue;
    return printed.error().kind == ErrorKind::cancelled ? 0 : report(printed.error());
  }
  if (paper.is_terminal()) (void)paper.separate();
  return 0;
}

}  // namespace muster::cli
