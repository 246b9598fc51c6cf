#pragma once

// A YAML document as a plain tree that knows where each part stands in the text.
//
// Aliases and merge keys (<<) are resolved while parsing, under a budget, so that a small text
// cannot unfold into a large tree. A duplicate key is an error, and so are tags and keys that are
// no text. Pure; the parser (yaml-cpp) stays
// in one .cpp.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace muster::yaml {

struct Position {
  int line = 0;    // from 1; 0: unknown
  int column = 0;  // from 1, in bytes
  friend auto operator<=>(const Position&, const Position&) = default;
};

struct Entry;

struct Value {
  enum class Kind { null, scalar, sequence, mapping };

  Kind kind = Kind::null;
  Position at;          // of an alias where it stands, of what it unfolds to where that was written
  std::string text;     // of a scalar: valid UTF-8 without NUL
  bool quoted = false;  // a scalar in quotes or a block: always text, never a number or boolean
  std::vector<Value> items;    // of a sequence
  std::vector<Entry> entries;  // of a mapping, in the order of the text

  const Value* find(std::string_view key) const;  // in a mapping; null if absent
};

struct Entry {
  std::string key;
  Position at;  // of the key
  Value value;
};

struct Limits {
  std::size_t bytes = 1 << 20;
  // Once the aliases are unfolded; what has an anchor counts twice, as it is kept twice.
  std::size_t nodes = 100'000;
  std::size_t text_bytes = 4 << 20;
  std::size_t depth = 64;
};

struct ParseError {
  ErrorKind kind = ErrorKind::invalid;
  Position at;
  std::string message;
};

// The one document of `text`. Empty text gives a null value.
tl::expected<Value, ParseError> parse_located(std::string_view text, const Limits& limits = {});

// The same; the error's message begins with the line and column.
Result<Value> parse(std::string_view text, const Limits& limits = {});

}  // namespace muster::yaml
