#include "base/text.hpp"

#include <gtest/gtest.h>

namespace muster {
namespace {

TEST(TextTest, PrintableHidesWhatATerminalWouldObey) {
  EXPECT_EQ(printable("plain ünïcode €"), "plain ünïcode €");
  EXPECT_EQ(printable("a\x1b[31mb"), "a\\x1b[31mb");
  EXPECT_EQ(printable("two\nlines"), "two\\x0alines");
  EXPECT_EQ(printable("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(printable("\xe2\x80\xae"), "\\xe2\\x80\\xae");  // right-to-left override
  EXPECT_EQ(printable("abcdef", 3), "abc…");
}

TEST(TextTest, PrintableLinesKeepsLinesAndDropsSequences) {
  EXPECT_EQ(printable_lines("a\r\n\tb\n"), "a\n\tb\n");
  EXPECT_EQ(printable_lines("50 %\r100 %\n"), "50 %\n100 %\n");
  EXPECT_EQ(printable_lines("\x1b[1;31mred\x1b[0m"), "red");
  EXPECT_EQ(printable_lines("\x1b]8;;http://x\x07link\x1b]8;;\x1b\\."), "link.");
  EXPECT_EQ(printable_lines("cut \x1b[3"), "cut ");
  EXPECT_EQ(printable_lines("cut \x1b"), "cut ");
  EXPECT_EQ(printable_lines(std::string_view("nul\0", 4)), "nul\\x00");
}

TEST(TextTest, NearestSuggestsOnlyWhatIsNear) {
  struct Case {
    std::string_view text;
    std::vector<std::string_view> candidates;
    std::optional<std::string> guess;
  };
  const std::vector<std::string_view> names = {"parallelism", "environment", "steps"};
  const Case cases[] = {
      {"paralelism", names, "parallelism"},
      {"setps", names, "steps"},
      {"stepz", names, "steps"},
      {"docker", names, std::nullopt},
      {"", names, std::nullopt},
      // Nothing of a short word is left if all of it differs.
      {"c", {"a", "b"}, std::nullopt},
      {"xy", {"ab"}, std::nullopt},
      {"no", {"on"}, "on"},
      {"bb", {"a", "b"}, "b"},
      // The beginning of a word, or nearly so.
      {"step", {"stop", "steps"}, "steps"},
      {"env", names, "environment"},
      {"IDEL", {"MODE", "NAME", "IDLE_TIMEOUT"}, "IDLE_TIMEOUT"},
      {"run", {"run-all", "runs"}, "runs"},
      {"e", names, std::nullopt},
      {"xnv", names, std::nullopt},
  };
  for (const auto& [text, candidates, guess] : cases) {
    EXPECT_EQ(nearest(text, candidates), guess) << text;
  }
  EXPECT_EQ(did_you_mean("stepz", names), " (did you mean 'steps'?)");
}

TEST(TextTest, SplitsAndJoins) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string>{"a", "", "b"}));
  EXPECT_EQ(split("", ','), std::vector<std::string>{""});
  EXPECT_EQ(join(std::vector<std::string>{"a", "b"}, ", "), "a, b");
}

TEST(TextTest, HidesASecretWhereverItStands) {
  EXPECT_EQ(without("a mup_1, b mup_1", "mup_1"), "a ***, b ***");
  EXPECT_EQ(without("nothing", "mup_1"), "nothing");
  EXPECT_EQ(without("nothing", ""), "nothing");
  EXPECT_EQ(without("a**b", "*"), "a******b");
}

TEST(TextTest, HidesTheBeginningOfASecretToo) {
  constexpr auto kSecret = "mup_0123456789";
  const std::pair<const char*, const char*> cases[] = {
      {"mup_0123456789 is mup_01234567…", "*** is ***…"},
      {"it begins with mup_0123", "it begins with ***"},
      {"mup_0123mup_0123456789x", "******x"},
      {"mup_012 is any token", "mup_012 is any token"},
      {"3456789 is its end", "3456789 is its end"},
  };
  for (const auto& [text, shown] : cases) EXPECT_EQ(without(text, kSecret), shown);
}

TEST(TextTest, ParsesWholeNumbersOnly) {
  EXPECT_EQ(parse_int("-12"), -12);
  for (const auto* bad : {"", "1x", " 1", "99999999999999999999", "1.0"}) {
    EXPECT_EQ(parse_int(bad), std::nullopt) << bad;
  }
}

TEST(TextTest, EscapesHtml) {
  EXPECT_EQ(escape_html("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
}

TEST(JsonText, EscapesWhatJsonWants) {
  EXPECT_EQ(json_text("a \"b\" c\\d"), R"("a \"b\" c\\d")");
  EXPECT_EQ(json_text("line\nend\x7f"), R"("line\u000aend\u007f")");
  EXPECT_EQ(json_text("Zürich"), "\"Zürich\"");
}

}  // namespace
}  // namespace muster
