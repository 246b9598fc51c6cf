#pragma once

// Small helpers for text. All pure.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

std::string_view trim(std::string_view text);
std::vector<std::string> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);
bool contains(std::span<const std::string> texts, std::string_view text);

// The whole of `text` as a decimal number, or nothing.
std::optional<std::int64_t> parse_int(std::string_view text);

// "1 runner", "3 runners".
std::string count_of(std::int64_t count, std::string_view singular);

// `text` made safe to show on a terminal or in a log line: control characters, invalid UTF-8 and
// bidirectional overrides become \xNN, and what is past `limit` bytes is replaced by "…".
std::string printable(std::string_view text, std::size_t limit = 200);

// `text` with *** wherever `secret` stands in it, or eight bytes or more of its beginning.
std::string without(std::string_view text, std::string_view secret);

// How many bytes at the front of `text` are valid UTF-8: all of them, if it is valid.
std::size_t utf8_prefix(std::string_view text);

// `text` with each byte that is no part of valid UTF-8 replaced by U+FFFD.
std::string to_utf8(std::string_view text);

// A program's output made safe to show: lines and tabs stay, escape sequences are dropped, other
// control characters become \xNN as above.
std::string printable_lines(std::string_view text);

// The candidate that `text` was probably meant to be, if one is near enough to suggest: misspelt,
// or its beginning alone. Where all candidates begin alike, give what follows: only that tells.
std::optional<std::string> nearest(std::string_view text,
                                   std::span<const std::string_view> candidates);

// " (did you mean 'x'?)" for the nearest candidate, or nothing.
std::string did_you_mean(std::string_view text, std::span<const std::string_view> candidates);

// A string for JSON, and so for YAML: in double quotes, with escapes where needed.
std::string json_text(std::string_view text);

// For HTML text and quoted attributes.
std::string escape_html(std::string_view text);

}  // namespace muster
