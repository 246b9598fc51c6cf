#include "yaml/value.hpp"

#include <malloc.h>

#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>

#include <fmt/core.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "base/text.hpp"
#include "yaml/complaint.hpp"

namespace muster::yaml {

const Value* Value::find(std::string_view key) const {
  for (const auto& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

namespace {

// The only way to stop yaml-cpp's parser. Caught in parse_located(), as its own exceptions are.
[[noreturn]] void refuse(Position at, const std::string& why) {
  YAML::Mark mark;
  mark.line = at.line - 1;
  mark.column = at.column - 1;
  throw YAML::ParserException(mark, why);
}

Position position_of(const YAML::Mark& mark) {
  return {mark.line + 1, mark.column + 1};
}

// What a tree costs.
struct Measure {
  std::size_t nodes = 0;
  std::size_t text_bytes = 0;
  std::size_t depth = 0;
};

void measure_into(Measure& total, const Value& value, std::size_t depth) {
  total.nodes += 1;
  total.text_bytes += value.text.size();
  total.depth = std::max(total.depth, depth);
  for (const auto& item : value.items) measure_into(total, item, depth + 1);
  for (const auto& entry : value.entries) {
    total.nodes += 1;
    total.text_bytes += entry.key.size();
    measure_into(total, entry.value, depth + 1);
  }
}

Measure measure(const Value& value) {
  Measure total;
  measure_into(total, value, 0);
  return total;
}

void refuse_duplicate_keys(const std::vector<Entry>& entries) {
  std::set<std::string_view> seen;
  for (const auto& entry : entries) {
    if (!seen.insert(entry.key).second) {
      refuse(entry.at, fmt::format("the key '{}' is there twice", printable(entry.key)));
    }
  }
}

// Takes the entry `<<` out of `entries` and puts what it brings at the end. Keys that stand in the
// mapping itself win, then those of the earlier of several mappings.
void merge(std::vector<Entry>& entries, std::size_t index) {
  const Entry merged = std::move(entries[index]);
  entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(index));
  std::set<std::string> seen;
  for (const auto& entry : entries) seen.insert(entry.key);
  const auto bring = [&](const Value& from) {
    if (from.kind != Value::Kind::mapping) refuse(merged.at, "'<<' merges only mappings");
    for (const auto& entry : from.entries) {
      if (seen.insert(entry.key).second) entries.push_back(entry);
    }
  };
  if (merged.value.kind != Value::Kind::sequence) return bring(merged.value);
  for (const auto& item : merged.value.items) bring(item);
}

// Builds the tree from yaml-cpp's events, and stops at the first thing that may not be.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const Limits& limits) : limits_(limits) {}

  Value take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(started_, true)) refuse(position_of(mark), "there is a second document");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add({.kind = Value::Kind::null, .at = position_of_null(mark)}, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto at = position_of(mark);
    if (key_is_next()) refuse(at, "a key must be a text, not an alias");
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) refuse(at, "an alias may not stand inside its own anchor");
    const auto& [value, cost] = found->second;
    spend(cost, at);
    auto copy = value;
    copy.at = at;
    place(std::move(copy));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    const auto at = position_of(mark);
    const bool text_tag = tag == "tag:yaml.org,2002:str";
    if (!text_tag) refuse_tag(tag, at);
    if (text.find('\0') != std::string::npos) refuse(at, "a text may not contain NUL");
    const bool quoted = text_tag || tag == "!";
    add({.kind = Value::Kind::scalar, .at = at, .text = text, .quoted = quoted}, anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Value::Kind::sequence, position_of(mark), tag, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Value::Kind::mapping, position_of(mark), tag, anchor);
  }
  void OnMapEnd() override {
    auto& frame = open_.back();
    refuse_duplicate_keys(frame.value.entries);
    if (frame.merge_key) merge(frame.value.entries, *frame.merge_key);
    close();
  }

 private:
  // A collection that has begun and not yet ended.
  struct Frame {
    Value value;
    YAML::anchor_t anchor;
    bool value_is_next = false;  // of a mapping: its last entry waits for its value
    std::optional<std::size_t> merge_key;
  };
  struct Anchored {
    Value value;
    Measure cost;
  };

  bool key_is_next() const {
    return !open_.empty() && open_.back().value.kind == Value::Kind::mapping &&
           !open_.back().value_is_next;
  }

  static void refuse_tag(const std::string& tag, Position at) {
    if (tag.empty() || tag == "?" || tag == "!") return;  // plain or quoted, with no tag
    refuse(at, fmt::format("the tag '{}' is not supported", printable(tag)));
  }

  // yaml-cpp places the null of "key:" at the next token, which may be lines below.
  Position position_of_null(const YAML::Mark& mark) const {
    const auto at = position_of(mark);
    if (open_.empty() || !open_.back().value_is_next) return at;
    const auto key_at = open_.back().value.entries.back().at;
    return at.line == key_at.line ? at : key_at;
  }

  void spend(const Measure& cost, Position at) {
    spent_.nodes += cost.nodes;
    spent_.text_bytes += cost.text_bytes;
    if (open_.size() + cost.depth > limits_.depth) {
      refuse(at, fmt::format("nested deeper than {} levels", limits_.depth));
    }
    if (spent_.nodes > limits_.nodes) {
      refuse(at, fmt::format("more than {} values, once aliases are unfolded", limits_.nodes));
    }
    if (spent_.text_bytes > limits_.text_bytes) {
      refuse(at, fmt::format("more than {} bytes, once aliases are unfolded", limits_.text_bytes));
    }
  }

  void open(Value::Kind kind, Position at, const std::string& tag, YAML::anchor_t anchor) {
    refuse_tag(tag, at);
    if (key_is_next()) refuse(at, "a key must be a text, not a list or a mapping");
    spend({.nodes = 1, .depth = 1}, at);
    open_.push_back({.value = {.kind = kind, .at = at}, .anchor = anchor});
  }

  void close() {
    auto frame = std::move(open_.back());
    open_.pop_back();
    keep(frame.value, frame.anchor);
    place(std::move(frame.value));
  }

  void add(Value value, YAML::anchor_t anchor) {
    spend({.nodes = 1, .text_bytes = value.text.size()}, value.at);
    keep(value, anchor);
    if (key_is_next()) return add_key(std::move(value));
    place(std::move(value));
  }

  void add_key(Value key) {
    if (key.kind != Value::Kind::scalar) refuse(key.at, "a key must be a text, not empty");
    auto& frame = open_.back();
    if (key.text == "<<" && !key.quoted) frame.merge_key = frame.value.entries.size();
    frame.value.entries.push_back({.key = std::move(key.text), .at = key.at});
    frame.value_is_next = true;
  }

  void keep(const Value& value, YAML::anchor_t anchor) {
    if (anchor == YAML::NullAnchor) return;
    const auto cost = measure(value);
    spend(cost, value.at);
    anchors_[anchor] = {value, cost};
  }

  void place(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (auto& frame = open_.back(); frame.value.kind == Value::Kind::sequence) {
      frame.value.items.push_back(std::move(value));
    } else {
      frame.value.entries.back().value = std::move(value);
      frame.value_is_next = false;
    }
  }

  const Limits& limits_;
  bool started_ = false;
  Value root_;
  std::vector<Frame> open_;  // the innermost last
  std::map<YAML::anchor_t, Anchored> anchors_;
  Measure spent_;
};

Position position_in(std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, offset);
  const auto newline = before.rfind('\n');
  const auto line_start = newline == std::string_view::npos ? 0 : newline + 1;
  return {static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
          static_cast<int>(offset - line_start) + 1};
}

std::string_view line_at(std::string_view text, Position at) {
  for (int line = 1; line < at.line && !text.empty(); ++line) {
    const auto end = text.find('\n');
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return text.substr(0, text.find('\n'));
}

std::optional<ParseError> check_bytes(std::string_view text, const Limits& limits) {
  if (text.size() > limits.bytes) {
    return ParseError{.kind = ErrorKind::too_large,
                      .at = position_in(text, limits.bytes),
                      .message = fmt::format("the text has {} bytes; at most {} are read",
                                             text.size(), limits.bytes)};
  }
  const auto valid = utf8_prefix(text);
  if (valid < text.size()) {
    return ParseError{.at = position_in(text, valid), .message = "this is not UTF-8 text"};
  }
  const auto nul = text.find('\0');
  if (nul == std::string_view::npos) return std::nullopt;
  return ParseError{.at = position_in(text, nul), .message = "there is a NUL, which no text has"};
}

// yaml-cpp reads a line to its end before it tells of the first [ in it, which might begin a key:
// by then it has taken a hundred times the room of the text. No line of a text that means something
// else by its brackets has so many more that open.
std::optional<ParseError> check_brackets(std::string_view text, const Limits& limits) {
  constexpr std::int64_t kMostOpen = 1'000;
  std::int64_t open = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if (letter == '\n') open = 0;
    if (letter == '[' || letter == '{') ++open;
    if (letter == ']' || letter == '}') --open;
    if (open > kMostOpen) {
      return ParseError{.at = position_in(text, i),
                        .message = fmt::format("nested deeper than {} levels", limits.depth)};
    }
  }
  return std::nullopt;
}

// What yaml-cpp has taken for a large text goes back to the system, and is not kept for another.
class GivingBack {
 public:
  explicit GivingBack(std::string_view text) : large_(text.size() > kLarge) {}
  ~GivingBack() {
    if (large_) ::malloc_trim(0);
  }
  GivingBack(const GivingBack&) = delete;
  GivingBack& operator=(const GivingBack&) = delete;

 private:
  static constexpr std::size_t kLarge = 64 << 10;
  bool large_;
};

}  // namespace

tl::expected<Value, ParseError> parse_located(std::string_view text, const Limits& limits) {
  if (auto unfit = check_bytes(text, limits)) return tl::unexpected(std::move(*unfit));
  if (auto unfit = check_brackets(text, limits)) return tl::unexpected(std::move(*unfit));
  const GivingBack giving_back(text);
  try {
    // yaml-cpp takes an open quote, or a key without its colon, at the very end for complete. With
    // a comment behind it does not.
    const bool ends_line = text.empty() || text.back() == '\n';
    std::istringstream stream{std::string(text) + (ends_line ? "#" : "\n#")};
    YAML::Parser parser(stream);
    TreeBuilder builder(limits);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take();
  } catch (const YAML::Exception& refusal) {
    const auto at = position_of(refusal.mark);
    return tl::unexpected(
        ParseError{.at = at, .message = in_plain_words(refusal.msg, line_at(text, at))});
  } catch (const std::logic_error& error) {  // what yaml-cpp lets escape from the library below it
    return tl::unexpected(ParseError{.message = fmt::format("not YAML: {}", error.what())});
  }
}

Result<Value> parse(std::string_view text, const Limits& limits) {
  auto value = parse_located(text, limits);
  if (value) return std::move(*value);
  const auto& [kind, at, message] = value.error();
  if (at.line == 0) return Error{kind, message};
  return Error{kind, fmt::format("line {}, column {}: {}", at.line, at.column, message)};
}

}  // namespace muster::yaml
