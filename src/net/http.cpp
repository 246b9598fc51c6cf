#include "net/http.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/chrono.h>

#include "base/text.hpp"

namespace muster::net {

namespace {

// In ASCII alone, whatever the locale says.
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_unreserved(char c) {
  const char l = lower(c);
  return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

std::optional<char> decode_hex_pair(std::string_view text) {
  unsigned value = 0;
  if (text.size() < 2) return std::nullopt;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + 2, value, 16);
  if (error != std::errc{} || stop != text.data() + 2) return std::nullopt;
  return static_cast<char>(value);
}

std::optional<std::uint64_t> parse_digits(std::string_view text) {
  std::uint64_t value = 0;
  const auto end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

void Headers::set(std::string name, std::string value) {
  for (auto& [known, old] : all_) {
    if (equal_ignoring_case(known, name)) {
      old = std::move(value);
      return;
    }
  }
  all_.emplace_back(std::move(name), std::move(value));
}

void Headers::add(std::string name, std::string_view value) {
  auto list = get(name);
  set(std::move(name), list ? *list + ", " + std::string(value) : std::string(value));
}

std::optional<std::string> Headers::get(std::string_view name) const {
  for (const auto& [known, value] : all_) {
    if (equal_ignoring_case(known, name)) return value;
  }
  return std::nullopt;
}

std::string encode_component(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (is_unreserved(c)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return encoded;
}

std::optional<std::string> decode_component(std::string_view text, bool form) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += form && text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const auto byte = decode_hex_pair(text.substr(i + 1));
    if (!byte) return std::nullopt;
    decoded += *byte;
    i += 2;
  }
  return decoded;
}

std::vector<std::string> query_values(std::string_view query, std::string_view name) {
  std::vector<std::string> values;
  for (const auto& pair : split(query, '&')) {
    const std::string_view text = pair;
    const auto equals = std::min(text.find('='), text.size());
    if (decode_component(text.substr(0, equals), true) != name) continue;
    const auto encoded = text.substr(std::min(equals + 1, text.size()));
    if (auto value = decode_component(encoded, true)) values.push_back(std::move(*value));
  }
  return values;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  auto values = query_values(query, name);
  if (values.empty()) return std::nullopt;
  return std::move(values.front());
}

std::string format_http_date(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT",
                     fmt::gmtime(static_cast<std::time_t>(seconds.time_since_epoch().count())));
}

std::optional<ByteRange> parse_range(std::string_view header) {
  constexpr std::string_view kUnit = "bytes=";
  if (!equal_ignoring_case(header.substr(0, kUnit.size()), kUnit)) return std::nullopt;
  header.remove_prefix(kUnit.size());
  const auto dash = header.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = parse_digits(header.substr(0, dash));
  if (!first) return std::nullopt;
  const auto end = header.substr(dash + 1);
  if (end.empty()) return ByteRange{*first, std::nullopt};
  const auto last = parse_digits(end);
  if (!last || *last < *first) return std::nullopt;
  return ByteRange{*first, *last};
}

}  // namespace muster::net
