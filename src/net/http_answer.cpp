// What the status of an answer means to the caller. See http_client.hpp.

#include <charconv>

#include <fmt/core.h>

#include "base/text.hpp"
#include "net/http_client.hpp"

namespace muster::net {

namespace {

void append_utf8(std::string& text, unsigned point) {
  const auto tail = [&](unsigned shift) {
    text += static_cast<char>(0x80 | ((point >> shift) & 0x3f));
  };
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else if (point < 0x800) {
    text += static_cast<char>(0xc0 | (point >> 6)), tail(0);
  } else if (point < 0x10000) {
    text += static_cast<char>(0xe0 | (point >> 12)), tail(6), tail(0);
  } else {
    text += static_cast<char>(0xf0 | (point >> 18)), tail(12), tail(6), tail(0);
  }
}

// The four digits after \u.
std::optional<unsigned> take_hex(std::string_view& text) {
  unsigned value = 0;
  if (text.size() < 4) return std::nullopt;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + 4, value, 16);
  if (error != std::errc{} || stop != text.data() + 4) return std::nullopt;
  text.remove_prefix(4);
  return value;
}

// What follows \u, the second half of a pair with it. A half on its own is left to printable().
bool take_unicode(std::string_view& text, std::string& decoded) {
  auto point = take_hex(text);
  if (point && *point >= 0xd800 && *point < 0xdc00 && text.starts_with("\\u")) {
    text.remove_prefix(2);
    const auto low = take_hex(text);
    if (!low || *low < 0xdc00 || *low > 0xdfff) return false;
    point = 0x10000 + ((*point - 0xd800) << 10) + (*low - 0xdc00);
  }
  if (point) append_utf8(decoded, *point);
  return point.has_value();
}

bool take_escape(std::string_view& text, std::string& decoded) {
  if (text.empty()) return false;
  const char code = text.front();
  text.remove_prefix(1);
  if (code == 'u') return take_unicode(text, decoded);
  constexpr std::string_view kCodes = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const auto at = kCodes.find(code);
  if (at == std::string_view::npos) return false;
  decoded += kMeanings[at];
  return true;
}

// The rest of a JSON string, its opening quote taken. Nothing if it does not end.
std::optional<std::string> take_json_string(std::string_view text) {
  std::string decoded;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '"') return decoded;
    if (c != '\\') {
      decoded += c;
    } else if (!take_escape(text, decoded)) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

// The text of {"message": "..."}. Enough of JSON for that; this module has no JSON library.
std::optional<std::string> message_in(std::string_view body) {
  constexpr std::string_view kName = "\"message\"";
  const auto at = body.find(kName);
  if (at == std::string_view::npos) return std::nullopt;
  body = trim(body.substr(at + kName.size()));
  if (!body.starts_with(':')) return std::nullopt;
  body = trim(body.substr(1));
  if (!body.starts_with('"')) return std::nullopt;
  return take_json_string(body.substr(1));
}

}  // namespace

ErrorKind kind_of_status(int status) {
  switch (status) {
    case 401:
      return ErrorKind::unauthenticated;
    case 403:
      return ErrorKind::forbidden;
    case 404:
      return ErrorKind::not_found;
    case 408:
      return ErrorKind::timeout;
    case 409:
      return ErrorKind::conflict;
    case 413:
    case 431:
      return ErrorKind::too_large;
    case 416:
      return ErrorKind::out_of_range;
    case 429:
      return ErrorKind::unavailable;
    case 507:
      return ErrorKind::exhausted;
    default:
      return status >= 500 ? ErrorKind::unavailable : ErrorKind::invalid;
  }
}

Result<ClientResponse> expect_success(Result<ClientResponse> response) {
  if (!response || (response->status >= 200 && response->status < 300)) return response;
  constexpr std::size_t kMessageLimit = 2000;
  const auto message = message_in(response->body);
  return Error{kind_of_status(response->status),
               message ? printable(*message, kMessageLimit)
                       : fmt::format("the server answered with status {}", response->status)};
}

}  // namespace muster::net
