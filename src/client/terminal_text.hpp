#pragma once

// Text for a terminal: lines of a limited width, tables, and other people's output made harmless.

#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace muster::client {

inline constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

struct Style {
  std::size_t width = 80;  // columns; a longer line is cut, unless it is kUnlimited
  bool color = false;
};

// Printable, and bounded only far above what the server lets through: no line is cut for nothing.
std::string whole(std::string_view text);

// Columns that `text` (valid UTF-8, without escape sequences) takes; wide characters take two.
std::size_t columns(std::string_view text);

// `text` and as many blanks as it needs to take `width` columns.
std::string padded(std::string_view text, std::size_t width);

// One line, built from left to right, never wider than its style allows.
class Line {
 public:
  explicit Line(const Style& style) : style_(style) {}
  // `sgr` is a colour as terminals number them: "32", or nothing.
  Line& add(std::string_view text, std::string_view sgr = "");
  const std::string& text() const { return text_; }

 private:
  Style style_;
  std::string text_;
  std::size_t used_ = 0;
  bool full_ = false;
};

// `text` cut or padded to exactly `width` columns.
std::string cell(std::string_view text, std::size_t width);

// Columns aligned under a heading (the first row). Cells are made printable; where `width` does not
// suffice, those of the widest column are cut.
std::vector<std::string> table(const std::vector<std::vector<std::string>>& rows,
                               std::size_t width = kUnlimited);

// Output of a job that may be shown: lines, tabs and, if wanted, colours stay as they are; any
// other control sequence is dropped, any other control character made visible.
std::string harmless(std::string_view output, bool color);

// The last `count` lines of `text`.
std::string_view last_lines(std::string_view text, std::size_t count);

}  // namespace muster::client
