#include "client/terminal_text.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.hpp"

namespace muster::client {
namespace {

// The bytes of the character at the front of `text`, and how many columns it takes.
struct Character {
  std::size_t bytes = 1;
  std::size_t columns = 1;
};

Character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0xc0) return {1, 1};
  if (lead < 0xe0) return {std::min<std::size_t>(2, text.size()), 1};
  // East Asian scripts start at U+1100 and U+2E80, emoji at U+1F000: close enough for a layout.
  const bool wide =
      lead >= 0xf0 || (lead >= 0xe3 && lead <= 0xed) ||
      (lead == 0xe2 && text.size() > 1 && static_cast<unsigned char>(text[1]) >= 0xba);
  return {std::min<std::size_t>(lead >= 0xf0 ? 4 : 3, text.size()), wide ? 2U : 1U};
}

// The front of `text` that fits into `room` columns.
std::string_view fitting(std::string_view text, std::size_t room) {
  std::size_t bytes = 0;
  while (bytes < text.size()) {
    const auto next = first_character(text.substr(bytes));
    if (next.columns > room) break;
    room -= next.columns;
    bytes += next.bytes;
  }
  return text.substr(0, bytes);
}

}  // namespace

std::string whole(std::string_view text) {
  constexpr std::size_t kBound = 2000;  // bytes
  return printable(text, kBound);
}

std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  while (!text.empty()) {
    const auto next = first_character(text);
    count += next.columns;
    text.remove_prefix(next.bytes);
  }
  return count;
}

std::string padded(std::string_view text, std::size_t width) {
  std::string result(text);
  const auto used = columns(text);
  if (used < width) result.append(width - used, ' ');
  return result;
}

Line& Line::add(std::string_view text, std::string_view sgr) {
  if (full_ || text.empty()) return *this;
  std::string shown(text);
  const auto room = style_.width - used_;
  if (columns(text) > room) {
    shown = room == 0 ? "" : std::string(fitting(text, room - 1)) + "…";
    full_ = true;
  }
  used_ += columns(shown);
  const bool painted = style_.color && !sgr.empty() && !shown.empty();
  text_ += painted ? fmt::format("\x1b[{}m{}\x1b[0m", sgr, shown) : shown;
  return *this;
}

std::string cell(std::string_view text, std::size_t width) {
  return padded(Line(Style{.width = width}).add(text).text(), width);
}

namespace {

// So that with two blanks after each but the last they fit into `room` columns; none gets narrower
// than `kLeast` for that.
void narrow(std::vector<std::size_t>& widths, std::size_t room) {
  constexpr std::size_t kLeast = 8;
  if (widths.empty()) return;
  auto taken = 2 * (widths.size() - 1);
  for (const auto width : widths) taken += width;
  for (; taken > room; --taken) {
    auto& widest = *std::max_element(widths.begin(), widths.end());
    if (widest <= kLeast) return;
    --widest;
  }
}

}  // namespace

std::vector<std::string> table(const std::vector<std::vector<std::string>>& rows,
                               std::size_t width) {
  std::vector<std::size_t> widths;
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : rows) {
    auto& shown = cells.emplace_back();
    for (const auto& cell : row) {
      shown.push_back(whole(cell));
      if (widths.size() < shown.size()) widths.push_back(0);
      widths[shown.size() - 1] = std::max(widths[shown.size() - 1], columns(shown.back()));
    }
  }
  narrow(widths, width);
  std::vector<std::string> lines;
  for (const auto& row : cells) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += cell(row[i], widths[i]) + "  ";
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
  return lines;
}

namespace {

// The length of the escape sequence at the front of `text` (ECMA-48); an unfinished one ends with
// the text.
std::size_t escape_length(std::string_view text) {
  if (text.size() < 2) return text.size();
  if (text[1] == '[') {
    std::size_t at = 2;
    while (at < text.size() && (text[at] < 0x40 || text[at] > 0x7e) && text[at] >= 0x20) ++at;
    return std::min(at + 1, text.size());
  }
  constexpr std::string_view kStrings = "]PX^_";  // OSC, DCS, SOS, PM, APC
  if (kStrings.find(text[1]) == std::string_view::npos) return 2;
  for (std::size_t at = 2; at < text.size(); ++at) {
    if (text[at] == '\a') return at + 1;
    if (text[at] == '\n') return at;  // nobody's title is that long
    if (text[at] == '\x1b' && at + 1 < text.size() && text[at + 1] == '\\') return at + 2;
  }
  return text.size();
}

bool is_color(std::string_view sequence) {
  return sequence.size() > 2 && sequence[1] == '[' && sequence.back() == 'm' &&
         sequence.find_first_not_of("0123456789;:", 2) == sequence.size() - 1;
}

}  // namespace

std::string harmless(std::string_view output, bool color) {
  std::string shown;
  bool colored = false;
  while (!output.empty()) {
    if (output.front() == '\x1b') {
      const auto sequence = output.substr(0, escape_length(output));
      if (color && is_color(sequence)) shown += sequence, colored = true;
      output.remove_prefix(sequence.size());
    } else if (output.front() == '\n' || output.front() == '\t') {
      shown += output.front();
      output.remove_prefix(1);
    } else if (output.front() == '\r') {  // a progress bar begins again
      output.remove_prefix(1);
      if (output.starts_with('\n')) continue;
      shown.erase(shown.find_last_of('\n') + 1);
    } else {
      const auto plain = output.substr(0, output.find_first_of("\x1b\n\t\r"));
      shown += printable(plain, std::string::npos);
      output.remove_prefix(plain.size());
    }
  }
  return colored ? shown + "\x1b[0m" : shown;
}

std::string_view last_lines(std::string_view text, std::size_t count) {
  auto at = text.size();
  if (text.ends_with('\n')) --at;
  while (count > 0 && at > 0) {
    const auto before = text.find_last_of('\n', at - 1);
    if (before == std::string_view::npos) return text;
    at = before;
    --count;
  }
  return count == 0 ? text.substr(at + 1) : text;
}

}  // namespace muster::client
