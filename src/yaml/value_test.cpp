#include "yaml/value.hpp"

#include <random>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"

namespace muster::yaml {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Value parsed(std::string_view text, const Limits& limits = {}) {
  auto value = parse(text, limits);
  if (value) return *value;
  ADD_FAILURE() << value.error().message;
  return {};
}

std::string error_of(std::string_view text, const Limits& limits = {}) {
  const auto value = parse(text, limits);
  return value ? "no error" : value.error().message;
}

std::vector<std::string> keys_of(const Value& value) {
  std::vector<std::string> keys;
  for (const auto& entry : value.entries) keys.push_back(entry.key);
  return keys;
}

TEST(Parse, KnowsWhereEverythingStands) {
  const auto root = parsed("# comment\na:\n  - one\n  - {b: 'two'}\n");
  ASSERT_EQ(root.kind, Value::Kind::mapping);
  ASSERT_EQ(root.entries.size(), 1U);
  EXPECT_EQ(root.entries[0].key, "a");
  EXPECT_EQ(root.entries[0].at, (Position{2, 1}));
  const auto& list = root.entries[0].value;
  ASSERT_EQ(list.kind, Value::Kind::sequence);
  EXPECT_EQ(list.items[0].text, "one");
  EXPECT_EQ(list.items[0].at, (Position{3, 5}));
  EXPECT_FALSE(list.items[0].quoted);
  const auto& entry = list.items[1].entries[0];
  EXPECT_EQ(entry.at, (Position{4, 6}));
  EXPECT_EQ(entry.value.at, (Position{4, 9}));
  EXPECT_TRUE(entry.value.quoted);
}

TEST(Parse, ReadsEmptyTextsAndNulls) {
  for (const auto* text : {"", "\n", "# nothing\n", "~", "null", "---\n", "---\n...\n"}) {
    EXPECT_EQ(parsed(text).kind, Value::Kind::null) << text;
  }
  const auto root = parsed("a: ~\nb:\nc: ''\n");
  EXPECT_EQ(root.find("a")->kind, Value::Kind::null);
  EXPECT_EQ(root.find("b")->kind, Value::Kind::null);
  EXPECT_EQ(root.find("b")->at, (Position{2, 1}));
  EXPECT_EQ(root.find("c")->kind, Value::Kind::scalar);
  EXPECT_EQ(root.find("none"), nullptr);
}

TEST(Parse, KeepsBlockTextsAsTheyAre) {
  const auto root = parsed("a: |\n  cat <<EOF\n    x\n  EOF\nb: >-\n  one\n  two\n");
  EXPECT_EQ(root.find("a")->text, "cat <<EOF\n  x\nEOF\n");
  EXPECT_TRUE(root.find("a")->quoted);
  EXPECT_EQ(root.find("b")->text, "one two");
}

TEST(Parse, ReadsWindowsLines) {
  const auto root = parsed("a: |\r\n  one\r\n  two\r\nb: 1\r\n");
  EXPECT_EQ(root.find("a")->text, "one\ntwo\n");
  EXPECT_EQ(root.find("b")->text, "1");
}

TEST(Parse, UnfoldsAliases) {
  const auto root = parsed("a: &x {k: [1, 2]}\nb: *x\n&y c: *y\n");
  EXPECT_EQ(root.find("b")->find("k")->items[1].text, "2");
  EXPECT_EQ(root.find("b")->at, (Position{2, 4}));
  EXPECT_EQ(root.find("b")->find("k")->at, (Position{1, 11}));
  EXPECT_EQ(root.find("c")->text, "c");
}

TEST(Parse, MergesMappings) {
  const auto root = parsed(
      "one: &one {a: 1, b: 1}\n"
      "two: &two {b: 2, c: 2}\n"
      "x:\n  a: own\n  <<: [*one, *two]\n"
      "y: {<<: *two, d: 3}\n"
      "z: {'<<': text}\n");
  EXPECT_THAT(keys_of(*root.find("x")), ElementsAre("a", "b", "c"));
  EXPECT_EQ(root.find("x")->find("a")->text, "own");
  EXPECT_EQ(root.find("x")->find("b")->text, "1");
  EXPECT_EQ(root.find("x")->find("c")->text, "2");
  EXPECT_THAT(keys_of(*root.find("y")), ElementsAre("d", "b", "c"));
  EXPECT_EQ(root.find("z")->find("<<")->text, "text");
}

struct Refusal {
  std::string text;
  std::string message;
};

TEST(Parse, RefusesWithThePosition) {
  const Refusal refusals[] = {
      {"a: 1\nb: 2\na: 3\n", "line 3, column 1: the key 'a' is there twice"},
      {"a: {<<: &x {}, <<: *x}", "line 1, column 16: the key '<<' is there twice"},
      {"[a]: 1\n", "line 1, column 1: a key must be a text, not a list or a mapping"},
      {"x:\n  {a: 1}: 2\n", "line 2, column 3: a key must be a text, not a list or a mapping"},
      {"~: 1\n", "line 1, column 1: a key must be a text, not empty"},
      {"a: &x 1\n*x : 2\n", "line 2, column 1: a key must be a text, not an alias"},
      {"a: !!python/object:os.system x\n", "line 1, column 4: the tag 'tag:yaml.org,2002:python"},
      {"a: !mine [1]\n", "line 1, column 4: the tag '!mine' is not supported"},
      {"a: !!int 3\n", "line 1, column 4: the tag 'tag:yaml.org,2002:int' is not supported"},
      {"a: 1\n---\nb: 2\n", "line 2, column 1: there is a second document"},
      {"a: &x [*x]\n", "line 1, column 8: an alias may not stand inside its own anchor"},
      {"a: *nobody\n", "line 1, column 4: the referenced anchor is not defined"},
      {"a: {<<: 3}\n", "line 1, column 5: '<<' merges only mappings"},
      {"a: \"x\\0y\"\n", "line 1, column 4: a text may not contain NUL"},
      {"a: b: c\n", "line 1, column 5: a ':' is not allowed here"},
      {"a:\n\t- 1\n", "line 2, column 2: a tab cannot indent; use blanks"},
      {"a:\n  b: 1\n \tc: 2\n", "line 3, column 2: a tab cannot indent; use blanks"},
      {"a: [1\n", "line 2, column 1: a '[' was opened before this, and never closed"},
      {"a: 'x\n", "line 2, column 2: a quote was opened before this, and never closed"},
      {"a: \"x\n\n", "line 3, column 2: a quote was opened before this, and never closed"},
      {"a: 1\nb", "line 2, column 1: the mapping before this goes on differently; "},
      {"ok: 1\nx: \xff\n", "line 2, column 4: this is not UTF-8 text"},
      {std::string("ok: 1\nx: \0\n", 11), "line 2, column 4: there is a NUL, which no text has"},
  };
  for (const auto& [text, message] : refusals) {
    EXPECT_THAT(error_of(text), testing::StartsWith(message)) << text;
  }
}

TEST(Parse, TagsThatOnlySayTextAreFine) {
  const auto root = parsed("a: !!str 3\nb: ! 4\n");
  EXPECT_EQ(root.find("a")->text, "3");
  EXPECT_TRUE(root.find("a")->quoted);
  EXPECT_TRUE(root.find("b")->quoted);
}

TEST(Parse, BoundsTheBytes) {
  EXPECT_EQ(parse("a: 12", {.bytes = 4}).error().kind, ErrorKind::too_large);
  EXPECT_EQ(error_of("a: 12", {.bytes = 5}), "no error");
}

TEST(Parse, BoundsTheDepth) {
  EXPECT_EQ(error_of("[[[a]]]", {.depth = 3}), "no error");
  EXPECT_EQ(error_of("[[[[a]]]]", {.depth = 3}), "line 1, column 4: nested deeper than 3 levels");
  EXPECT_EQ(error_of("a: &x [[1]]\nb: *x", {.depth = 3}), "no error");
  EXPECT_EQ(error_of("a: &x [[1]]\nb: [*x]", {.depth = 3}),
            "line 2, column 5: nested deeper than 3 levels");
  for (const std::string open : {"[", "{a: ", "- "}) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += open;
    EXPECT_THAT(error_of(text), testing::HasSubstr("nested deeper than 64 levels")) << open;
  }
  const std::string script(1'000, '{');
  EXPECT_EQ(error_of("a: |\n  " + script + "\n  " + script), "no error") << "it nests nothing";
}

TEST(Parse, BoundsWhatAliasesUnfoldTo) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    bomb += fmt::format("a{}: &a{} [*a{}", i, i, i - 1);
    for (int j = 0; j < 8; ++j) bomb += fmt::format(", *a{}", i - 1);
    bomb += "]\n";
  }
  EXPECT_THAT(error_of(bomb), HasSubstr("more than 100000 values, once aliases are unfolded"));
}

TEST(Parse, BoundsTheTextThatAliasesRepeat) {
  std::string bomb = "a: &a " + std::string(100'000, 'x') + "\nb: [*a";
  for (int i = 0; i < 1'000; ++i) bomb += ",*a";
  EXPECT_THAT(error_of(bomb + "]"), HasSubstr("bytes, once aliases are unfolded"));
}

TEST(Parse, BoundsNestedAnchors) {
  std::string nested;
  for (int i = 0; i < 60; ++i) nested += fmt::format("&a{} [", i);
  nested += "0";
  for (int i = 0; i < 10'000; ++i) nested += ",0";
  EXPECT_THAT(error_of(nested + std::string(60, ']')), HasSubstr("more than 100000 values"));
}

// Every text of the tree must be fit for use, whatever the input was.
void expect_sound(const Value& value) {
  EXPECT_EQ(utf8_prefix(value.text), value.text.size());
  for (const auto& item : value.items) expect_sound(item);
  for (const auto& entry : value.entries) {
    EXPECT_EQ(utf8_prefix(entry.key), entry.key.size());
    expect_sound(entry.value);
  }
}

TEST(Parse, SurvivesMutations) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  const std::string good =
      "a: &x {k: [1, \"t\\u00e9\\x41wo\", ~], <<: {b: c}}\nb: *x\nc: |\n  block\n  text\n? d\n: e\n"
      "f: !!str 3\ng: >-\n  folded\nh: 'it''s'\n";
  const std::string_view bytes = "&*:-[]{}|>'\"\\!%@`?#,~\n\t <x0u";
  for (int round = 0; round < 5'000; ++round) {
    auto text = good;
    for (auto changes = random() % 4; changes > 0; --changes) {
      text[random() % text.size()] = bytes[random() % bytes.size()];
    }
    if (round % 4 == 0) text.resize(random() % text.size());
    const auto value = parse(text);
    if (value) {
      expect_sound(*value);
    } else {
      EXPECT_FALSE(value.error().message.empty());
    }
  }
}

}  // namespace
}  // namespace muster::yaml
