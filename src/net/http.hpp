#pragma once

// The words that HTTP client and server share.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"

namespace muster::net {

// Names compare without regard to case.
class Headers {
 public:
  void set(std::string name, std::string value);
  // As when a name is received again: the values become one list, separated by commas.
  void add(std::string name, std::string_view value);
  std::optional<std::string> get(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return all_; }

 private:
  std::vector<std::pair<std::string, std::string>> all_;
};

bool equal_ignoring_case(std::string_view a, std::string_view b);

// Without line breaks and NUL: fit for a header.
bool is_one_line(std::string_view text);

// Percent-encodes what is not unreserved (RFC 3986, 2.3).
std::string encode_component(std::string_view text);
// Also turns + into a blank when `form`. Nothing if an escape is malformed.
std::optional<std::string> decode_component(std::string_view text, bool form = false);

// The value of "name" in a query string, decoded; the first, or all of them.
std::vector<std::string> query_values(std::string_view query, std::string_view name);
std::optional<std::string> query_value(std::string_view query, std::string_view name);

// As in a Date header, to the second (RFC 9110, 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".
std::string format_http_date(WallTime time);

// The first and last byte of "bytes=N-" or "bytes=N-M" (RFC 9110, 14.1.2); other forms: nothing.
struct ByteRange {
  std::uint64_t first = 0;
  std::optional<std::uint64_t> last;
};
std::optional<ByteRange> parse_range(std::string_view header);

}  // namespace muster::net
