#include "aws/document.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::aws {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string nested(std::string_view open, std::string_view close, int levels) {
  std::string text;
  for (int i = 0; i < levels; ++i) text += open;
  for (int i = 0; i < levels; ++i) text += close;
  return text;
}

TEST(Document, IsTheSameTreeFromXmlAndFromJson) {
  const auto xml = parse_xml(R"(<?xml version="1.0"?>
      <a:R xmlns:a="urn:x"><E t="1"><Code>No &amp; no</Code></E><L><m>1</m><m>2</m></L><N/></a:R>)");
  const auto json = parse_json(R"({"E":{"Code":"No & no"},"L":[1,2],"N":null})");
  ASSERT_TRUE(xml) << xml.error().message;
  ASSERT_TRUE(json) << json.error().message;
  EXPECT_EQ(xml->name, "R");
  for (const auto* root : {&*xml, &*json}) {
    EXPECT_EQ(root->text_at("E/Code"), "No & no");
    EXPECT_EQ(root->text_at("N"), "");
    ASSERT_EQ(root->find("L")->children.size(), 2);
    EXPECT_EQ(root->find("L")->children[1].text, "2");
    EXPECT_EQ(root->find("E/Missing"), nullptr);
    EXPECT_EQ(root->find("Missing/Code"), nullptr);
  }
}

TEST(Document, RefusesWhatIsCutShortWithoutQuotingIt) {
  for (const auto& answer :
       {parse_xml("<R><Secret>hush</Sec"), parse_xml("hush"), parse_xml(""),
        parse_json(R"({"Secret":"hu)"), parse_json("hush"), parse_json(""), parse_json("{} {}")}) {
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message, Not(HasSubstr("hu")));
  }
}

TEST(Document, HasBounds) {
  EXPECT_TRUE(parse_xml(nested("<a>", "</a>", 32)));
  EXPECT_FALSE(parse_xml(nested("<a>", "</a>", 33)));
  EXPECT_FALSE(parse_json(nested("[", "]", 33)));
  std::string wide = "<r>";
  for (int i = 0; i < 200'000; ++i) wide += "<a/>";
  EXPECT_FALSE(parse_xml(wide + "</r>"));
}

TEST(Document, DoesNotExpandEntitiesOfADocumentType) {
  const auto answer =
      parse_xml(R"(<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>)");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->text, "&x;");
}

}  // namespace
}  // namespace muster::aws
