#include "client/display.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "client/pipeline_view.hpp"

namespace muster::client {
namespace {

bool on_terminal() {
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  return ::isatty(STDOUT_FILENO) == 1 && !dumb;
}

struct Size {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

Size terminal_size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    return {};
  }
  return {size.ws_col, size.ws_row};
}

// The tree, drawn over what was drawn before.
class LiveDisplay final : public Display {
 public:
  void show(const Scene& scene, WallTime now) override {
    const auto style = standard_output_style();
    auto lines = render(*scene.pipeline, now, style);
    if (scene.fleet != nullptr) {
      lines.emplace_back();
      for (auto& line : render(*scene.fleet, classes_of(*scene.pipeline), style)) {
        lines.push_back(std::move(line));
      }
    }
    if (!scene.notice.empty()) lines.push_back(Line(style).add(scene.notice, "33").text());
    draw(std::move(lines));
  }

 private:
  // What has scrolled off the screen cannot be drawn over, so that nothing may.
  void draw(std::vector<std::string> lines) {
    const auto rows = terminal_size().rows;
    if (lines.size() >= rows) {
      const auto hidden = lines.size() - rows + 2;
      lines.resize(rows - 2);
      lines.push_back(fmt::format("  … {} more lines", hidden));
    }
    if (lines == drawn_) return;
    std::string frame = drawn_.empty() ? "" : fmt::format("\x1b[{}F", drawn_.size());
    for (const auto& line : lines) frame += line + "\x1b[K\n";
    frame += "\x1b[J";
    fmt::print("{}", frame);
    std::fflush(stdout);
    drawn_ = std::move(lines);
  }

  std::vector<std::string> drawn_;
};

class LineDisplay final : public Display {
 public:
  void show(const Scene& scene, WallTime now) override {
    const auto* before = last_ ? &*last_ : nullptr;
    if (before == nullptr || before->version != scene.pipeline->version) {
      for (const auto& line : changes(before, *scene.pipeline, now)) fmt::print("{}\n", line);
      last_ = *scene.pipeline;
    }
    if (scene.fleet != nullptr) show_fleet(*scene.fleet, now);
    if (!scene.notice.empty() && scene.notice != notice_) fmt::print("{}\n", scene.notice);
    notice_ = scene.notice;
    std::fflush(stdout);
  }

 private:
  void show_fleet(const protocol::FleetStatus& fleet, WallTime now) {
    auto lines = render(fleet, classes_of(*last_), Style{.width = 200, .color = false});
    for (const auto& line : lines) {
      if (std::find(fleet_.begin(), fleet_.end(), line) != fleet_.end()) continue;
      fmt::print("[{:>10}]{}\n", humanize(now - last_->created_at), line);
    }
    fleet_ = std::move(lines);
  }

  std::optional<protocol::PipelineStatus> last_;
  std::vector<std::string> fleet_;
  std::string notice_;
};

class SilentDisplay final : public Display {
 public:
  void show(const Scene&, WallTime) override {}
};

}  // namespace

std::unique_ptr<Display> make_display() {
  if (on_terminal()) return std::make_unique<LiveDisplay>();
  return std::make_unique<LineDisplay>();
}

std::unique_ptr<Display> make_silent_display() {
  return std::make_unique<SilentDisplay>();
}

Style standard_output_style() {
  const char* no_color = std::getenv("NO_COLOR");
  const bool color = on_terminal() && (no_color == nullptr || *no_color == '\0');
  return {.width = terminal_size().columns, .color = color};
}

}  // namespace muster::client
