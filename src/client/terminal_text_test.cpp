#include "client/terminal_text.hpp"

#include <gmock/gmock.h>

namespace muster::client {
namespace {

using testing::ElementsAre;

TEST(Columns, CountsWhatATerminalShows) {
  EXPECT_EQ(columns(""), 0U);
  EXPECT_EQ(columns("abc"), 3U);
  EXPECT_EQ(columns("é✓…"), 3U);
  EXPECT_EQ(columns("日本"), 4U);
  EXPECT_EQ(columns("🚀"), 2U);
}

TEST(Line, IsCutAtItsWidth) {
  const Style narrow{.width = 6};
  EXPECT_EQ(Line(narrow).add("abc").add("def").text(), "abcdef");
  EXPECT_EQ(Line(narrow).add("abc").add("defg").text(), "abcde…");
  EXPECT_EQ(Line(narrow).add("abcdefgh").add("more").text(), "abcde…");
  EXPECT_EQ(Line(narrow).add("abcd日本").text(), "abcd…");
}

TEST(Line, NeverExceedsItsWidth) {
  const std::string parts[] = {"plain", "日本語", "✓", "", "🚀🚀", "a longer text"};
  for (std::size_t width = 1; width < 40; ++width) {
    Line line(Style{.width = width});
    for (const auto& part : parts) line.add(part);
    EXPECT_LE(columns(line.text()), width);
  }
}

TEST(Line, HasColorsOnlyIfWanted) {
  EXPECT_EQ(Line(Style{.color = true}).add("x", "32").text(), "\x1b[32mx\x1b[0m");
  EXPECT_EQ(Line(Style{.color = false}).add("x", "32").text(), "x");
}

TEST(Table, AlignsColumnsAndHidesControlCharacters) {
  EXPECT_THAT(table({{"JOB", "RESULT"}, {"lint", "ok"}, {"日本語", "\x1b[2J"}}),
              ElementsAre("JOB     RESULT", "lint    ok", "日本語  \\x1b[2J"));
}

TEST(Harmless, KeepsTextAndColorsAndNothingElse) {
  const struct {
    std::string_view output;
    std::string_view colored;
    std::string_view plain;
  } cases[] = {
      {"a\tb\n", "a\tb\n", "a\tb\n"},
      {"\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m\x1b[0m", "red"},
      {"\x1b[38;5;1mred", "\x1b[38;5;1mred\x1b[0m", "red"},
      {"\x1b[2Jgone", "gone", "gone"},
      {"\x1b[?1049hgone", "gone", "gone"},
      {"\x1b[>4;1mgone", "gone", "gone"},
      {"\x1b]0;title\atext", "text", "text"},
      {"\x1b]8;;http://x\x1b\\link", "link", "link"},
      {"\x1bPdevice\x1b\\text", "text", "text"},
      {"\x1b"
       "ctext",
       "text", "text"},
      {"bell\a", "bell\\x07", "bell\\x07"},
      {"10%\r20%\r30%\n", "30%\n", "30%\n"},
      {"line\r\n", "line\n", "line\n"},
      {"bad \xff utf", "bad \\xff utf", "bad \\xff utf"},
      {"\xc2\x9b"
       "2J",
       "\\xc2\\x9b"
       "2J",
       "\\xc2\\x9b"
       "2J"},
      {"cut \x1b[3", "cut ", "cut "},
      {"cut \x1b", "cut ", "cut "},
      {"cut \x1b[", "cut ", "cut "},
  };
  for (const auto& [output, colored, plain] : cases) {
    EXPECT_EQ(harmless(output, true), colored);
    EXPECT_EQ(harmless(output, false), plain);
  }
}

TEST(Harmless, EveryByteIsHarmless) {
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
  for (const char c : harmless(every, false)) {
    const auto byte = static_cast<unsigned char>(c);
    EXPECT_TRUE(c == '\n' || c == '\t' || (byte >= 0x20 && byte != 0x7f)) << int(byte);
  }
}

TEST(LastLines, TakesAtMostSoMany) {
  EXPECT_EQ(last_lines("", 2), "");
  EXPECT_EQ(last_lines("a\nb\nc\n", 2), "b\nc\n");
  EXPECT_EQ(last_lines("a\nb\nc", 2), "b\nc");
  EXPECT_EQ(last_lines("a\nb\n", 5), "a\nb\n");
  EXPECT_EQ(last_lines("\n\n\n", 1), "\n");
}

}  // namespace
}  // namespace muster::client
