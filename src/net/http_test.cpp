#include "net/http.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::net {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using testing::Pair;

TEST(Headers, NamesCompareWithoutRegardToCase) {
  Headers headers;
  headers.set("Content-Type", "text/plain");
  headers.set("content-type", "application/json");
  EXPECT_THAT(headers.get("CONTENT-TYPE"), Optional(std::string("application/json")));
  EXPECT_THAT(headers.all(), ElementsAre(Pair("Content-Type", "application/json")));
  EXPECT_EQ(headers.get("Content"), std::nullopt);
}

TEST(Headers, WhatIsReceivedTwiceBecomesAList) {
  Headers headers;
  headers.add("Accept", "a");
  headers.add("accept", "b");
  EXPECT_THAT(headers.get("Accept"), Optional(std::string("a, b")));
}

TEST(EqualIgnoringCase, ComparesWholeWordsInAscii) {
  EXPECT_TRUE(equal_ignoring_case("Keep-Alive", "kEEP-aLIVE"));
  EXPECT_TRUE(equal_ignoring_case("", ""));
  EXPECT_FALSE(equal_ignoring_case("close", "closed"));
  EXPECT_FALSE(equal_ignoring_case("[", "{"));
}

TEST(Component, EncodesAllButUnreserved) {
  EXPECT_EQ(encode_component("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(encode_component("local/small &=+%\n"), "local%2Fsmall%20%26%3D%2B%25%0A");
  EXPECT_EQ(encode_component("ü"), "%C3%BC");
}

TEST(Component, EveryByteComesBack) {
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
  EXPECT_EQ(decode_component(encode_component(every)), every);
  EXPECT_EQ(decode_component(encode_component(every), true), every);
}

TEST(Component, PlusIsABlankOnlyInForms) {
  EXPECT_EQ(decode_component("a+b"), "a+b");
  EXPECT_EQ(decode_component("a+b", true), "a b");
}

TEST(Component, MalformedEscapesAreNothing) {
  for (const auto text : {"%", "%2", "a%", "%g0", "%0g", "%+1", "%-1", "% 1"}) {
    EXPECT_EQ(decode_component(text), std::nullopt) << text;
  }
}

TEST(Query, FindsValues) {
  const auto query = "resource-class=a%2Fb&seen=3&resource-class=c+d&flag&=x&bad=%zz";
  EXPECT_THAT(query_values(query, "resource-class"), ElementsAre("a/b", "c d"));
  EXPECT_EQ(query_value(query, "resource-class"), "a/b");
  EXPECT_EQ(query_value(query, "seen"), "3");
  EXPECT_EQ(query_value(query, "flag"), "");
  EXPECT_EQ(query_value(query, "bad"), std::nullopt);
  EXPECT_EQ(query_value(query, "resource"), std::nullopt);
  EXPECT_THAT(query_values("", "a"), IsEmpty());
}

TEST(Range, ReadsOneRangeFromAFirstByte) {
  struct Case {
    std::string_view header;
    std::uint64_t first;
    std::optional<std::uint64_t> last;
  };
  const Case cases[] = {
      {"bytes=0-", 0, std::nullopt},
      {"bytes=5-9", 5, 9},
      {"Bytes=7-7", 7, 7},
      {"bytes=18446744073709551615-", 18446744073709551615U, std::nullopt},
  };
  for (const auto& c : cases) {
    const auto range = parse_range(c.header);
    ASSERT_TRUE(range) << c.header;
    EXPECT_EQ(range->first, c.first) << c.header;
    EXPECT_EQ(range->last, c.last) << c.header;
  }
}

TEST(Range, OtherFormsAreNothing) {
  for (const auto header :
       {"", "bytes", "bytes=", "bytes=-", "bytes=-5", "bytes=a-", "bytes=1-a", "bytes=9-5",
        "bytes=1-2,4-5", "bytes= 1-", "items=1-", "bytes=18446744073709551616-", "bytes=+1-"}) {
    EXPECT_FALSE(parse_range(header)) << header;
  }
}

}  // namespace
}  // namespace muster::net
