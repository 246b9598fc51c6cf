#include "base/text.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

namespace muster {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  std::string text;
  for (const auto& part : parts) {
    if (&part != parts.data()) text += separator;
    text += part;
  }
  return text;
}

bool contains(std::span<const std::string> texts, std::string_view text) {
  return std::ranges::find(texts, text) != texts.end();
}

std::optional<std::int64_t> parse_int(std::string_view text) {
  std::int64_t value = 0;
  const auto end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::string without(std::string_view text, std::string_view secret) {
  constexpr std::size_t kTelling = 8;
  const auto beginning = secret.substr(0, kTelling);
  std::string shown;
  while (!secret.empty()) {
    const auto at = text.find(beginning);
    if (at == std::string_view::npos) break;
    shown += text.substr(0, at);
    shown += "***";
    text.remove_prefix(at);
    text.remove_prefix(
        static_cast<std::size_t>(std::ranges::mismatch(text, secret).in1 - text.begin()));
  }
  return shown.append(text);
}

std::string count_of(std::int64_t count, std::string_view singular) {
  return fmt::format("{} {}{}", count, singular, count == 1 ? "" : "s");
}

namespace {

// The length of the valid UTF-8 sequence at the front of `text`, and its code point; 0 if none.
std::size_t decode_utf8(std::string_view text, char32_t& point) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return point = lead, 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  point = lead & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    point = point << 6 | (byte(i) & 0x3fU);
  }
  const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  return overlong || surrogate || point > 0x10ffff ? 0 : length;
}

bool is_hidden(char32_t point) {
  const bool control = point < 0x20 || (point >= 0x7f && point < 0xa0);
  const bool bidirectional = (point >= 0x202a && point <= 0x202e) ||
                             (point >= 0x2066 && point <= 0x2069) || point == 0x200e ||
                             point == 0x200f || point == 0x061c;
  return control || bidirectional || point == 0x2028 || point == 0x2029 || point == 0xfeff;
}

}  // namespace

std::size_t utf8_prefix(std::string_view text) {
  std::size_t valid = 0;
  while (valid < text.size()) {
    char32_t point = 0;
    const auto length = decode_utf8(text.substr(valid), point);
    if (length == 0) break;
    valid += length;
  }
  return valid;
}

std::string to_utf8(std::string_view text) {
  std::string clean;
  for (;;) {
    const auto valid = utf8_prefix(text);
    clean += text.substr(0, valid);
    if (valid == text.size()) return clean;
    clean += "\uFFFD";
    text.remove_prefix(valid + 1);
  }
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string shown;
  while (!text.empty()) {
    if (shown.size() >= limit) return shown + "…";
    char32_t point = 0;
    const auto length = decode_utf8(text, point);
    const auto taken = std::max<std::size_t>(length, 1);
    if (length > 0 && !is_hidden(point)) {
      shown += text.substr(0, taken);
    } else {
      for (const char c : text.substr(0, taken)) {
        shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
      }
    }
    text.remove_prefix(taken);
  }
  return shown;
}

namespace {

constexpr char kEscape = '\x1b';

// How long the terminal's control sequence at the front of `text` is (ECMA-48, 5.4 and 5.6). One
// that is cut off ends with the text.
std::size_t escape_sequence_length(std::string_view text) {
  const auto upto = [&](std::size_t end, std::size_t closing) {
    return end == std::string_view::npos ? text.size() : end + closing;
  };
  if (text.size() < 2) return text.size();
  if (text[1] == '[') {
    const auto final_byte =
        std::find_if(text.begin() + 2, text.end(), [](char c) { return c >= '@' && c <= '~'; });
    return upto(final_byte == text.end() ? std::string_view::npos
                                         : static_cast<std::size_t>(final_byte - text.begin()),
                1);
  }
  if (text[1] == ']') {
    const auto end = text.find_first_of("\x07\x1b", 2);
    const bool by_string_terminator = end != std::string_view::npos && text[end] == kEscape;
    return std::min(upto(end, by_string_terminator ? 2 : 1), text.size());
  }
  return 2;
}

}  // namespace

std::string printable_lines(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const auto stop = std::min(text.find_first_of("\n\t\r\x1b"), text.size());
    shown += printable(text.substr(0, stop), std::string::npos);
    text.remove_prefix(stop);
    if (text.empty()) break;
    if (text.front() == kEscape) {
      text.remove_prefix(escape_sequence_length(text));
      continue;
    }
    // A carriage return alone draws over its line; here each drawing is a line of its own.
    const bool before_newline = text.starts_with("\r\n");
    if (!before_newline) shown += text.front() == '\r' ? '\n' : text.front();
    text.remove_prefix(1);
  }
  return shown;
}

namespace {

// How far apart two words are, and how far the first is from the nearest beginning of the second.
struct Distance {
  std::size_t from_beginning = 0;
  std::size_t from_all = 0;
  auto operator<=>(const Distance&) const = default;
};

// Letters added, left out, mistaken, or swapped with their neighbour (optimal string alignment).
Distance edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> best(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        best[i][j] = i + j;
        continue;
      }
      const std::size_t differs = a[i - 1] == b[j - 1] ? 0 : 1;
      best[i][j] = std::min({best[i - 1][j] + 1, best[i][j - 1] + 1, best[i - 1][j - 1] + differs});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) best[i][j] = std::min(best[i][j], best[i - 2][j - 2] + 1);
    }
  }
  const auto& whole = best[a.size()];
  return {*std::min_element(whole.begin(), whole.end()), whole.back()};
}

// Words of which about a third differs, but never every letter; or a word that was cut short, with
// a mistake in four letters at most. Fewer than three letters begin a word by chance.
bool is_near(const Distance& distance, std::size_t text, std::size_t candidate) {
  const auto third = std::max<std::size_t>(std::max(text, candidate) / 3, 1);
  if (distance.from_all <= third && distance.from_all < text) return true;
  return text >= 3 && distance.from_beginning <= text / 4;
}

}  // namespace

std::optional<std::string> nearest(std::string_view text,
                                   std::span<const std::string_view> candidates) {
  constexpr std::size_t kLongestGuess = 100;
  if (text.size() > kLongestGuess) return std::nullopt;
  std::optional<std::string> best;
  Distance best_distance;
  for (const auto candidate : candidates) {
    const auto distance = edit_distance(text, candidate);
    if (!is_near(distance, text.size(), candidate.size())) continue;
    if (best && distance >= best_distance) continue;
    best_distance = distance;
    best = std::string(candidate);
  }
  return best;
}

std::string did_you_mean(std::string_view text, std::span<const std::string_view> candidates) {
  const auto guess = nearest(text, candidates);
  return guess ? fmt::format(" (did you mean '{}'?)", *guess) : "";
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string escape_html(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace muster
