#include "client/display.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "client/pipeline_view.hpp"

namespace muster::client {
namespace {

// One that can be drawn on.
bool on_terminal() {
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  return standard_output_is_terminal() && !dumb;
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
    const auto size = terminal_size();
    const auto style = standard_output_style();
    std::vector<std::string> lines;
    std::vector<std::string> below;
    if (scene.fleet != nullptr) below = render(*scene.fleet, scene.classes, style);
    if (!below.empty()) below.emplace(below.begin());
    for (const auto& line : scene.notice) below.push_back(Line(style).add(line, "33").text());
    // What has scrolled off the screen cannot be drawn over, so that nothing may. The cursor takes
    // the last row.
    const auto rows = size.rows - 1;
    const auto room = std::max(rows, below.size() + 1) - below.size();
    if (scene.pipeline != nullptr) lines = render(*scene.pipeline, now, style, room);
    lines.insert(lines.end(), below.begin(), below.end());
    lines.resize(std::min(lines.size(), rows));
    draw(std::move(lines), size);
  }

  void settle() override { drawn_.clear(); }

 private:
  void draw(std::vector<std::string> lines, const Size& size) {
    if (lines == drawn_) return;
    std::string frame;
    if (const auto rows = rows_taken(size); rows > 0) frame = fmt::format("\x1b[{}F", rows);
    for (const auto& line : lines) frame += line + "\x1b[K\n";
    frame += "\x1b[J";
    fmt::print("{}", frame);
    std::fflush(stdout);
    drawn_ = std::move(lines);
  }

  // A terminal that became narrower has wrapped what was drawn.
  std::size_t rows_taken(const Size& size) const {
    std::size_t rows = 0;
    for (const auto& line : drawn_) {
      const auto wide = columns(harmless(line, false));
      rows += std::max<std::size_t>((wide + size.columns - 1) / size.columns, 1);
    }
    return std::min(rows, size.rows - 1);
  }

  std::vector<std::string> drawn_;
};

class LineDisplay final : public Display {
 public:
  void show(const Scene& scene, WallTime now) override {
    if (scene.pipeline != nullptr) show_pipeline(*scene.pipeline, now);
    if (last_ && scene.fleet != nullptr) show_fleet(*scene.fleet, scene.classes, now);
    if (scene.notice != notice_) {
      for (const auto& line : scene.notice) print(line);
    }
    notice_ = scene.notice;
    std::fflush(stdout);
  }

  void settle() override { settled_ = true; }

 private:
  void print(const std::string& line) {
    if (std::exchange(settled_, false)) fmt::print("\n");
    fmt::print("{}\n", line);
  }

  void show_pipeline(const protocol::PipelineStatus& pipeline, WallTime now) {
    if (last_ && last_->version == pipeline.version) return;
    for (const auto& line : changes(last_ ? &*last_ : nullptr, pipeline, now)) {
      print(line);
    }
    last_ = pipeline;
  }

  void show_fleet(const protocol::FleetStatus& fleet, const ClassNames& classes, WallTime now) {
    auto lines = render(fleet, classes, Style{.width = kUnlimited, .color = false});
    for (const auto& line : lines) {
      if (std::find(fleet_.begin(), fleet_.end(), line) != fleet_.end()) continue;
      print(fmt::format("[{:>10}]{}", humanize(now - last_->created_at), line));
    }
    fleet_ = std::move(lines);
  }

  std::optional<protocol::PipelineStatus> last_;
  std::vector<std::string> fleet_;
  std::vector<std::string> notice_;
  bool settled_ = false;
};

class SilentDisplay final : public Display {
 public:
  void show(const Scene&, WallTime) override {}
  void settle() override {}
};

}  // namespace

std::unique_ptr<Display> make_display() {
  if (on_terminal()) return std::make_unique<LiveDisplay>();
  return std::make_unique<LineDisplay>();
}

std::unique_ptr<Display> make_silent_display() {
  return std::make_unique<SilentDisplay>();
}

bool standard_output_is_terminal() {
  return ::isatty(STDOUT_FILENO) == 1;
}

Style standard_output_style() {
  const char* no_color = std::getenv("NO_COLOR");
  const bool color = on_terminal() && (no_color == nullptr || *no_color == '\0');
  // A full last column would leave the cursor between two rows, where terminals differ.
  const auto width = std::max<std::size_t>(terminal_size().columns, 2) - 1;
  return {.width = standard_output_is_terminal() ? width : kUnlimited, .color = color};
}

}  // namespace muster::client
