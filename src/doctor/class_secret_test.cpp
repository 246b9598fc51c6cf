#include "doctor/class_secret.hpp"

#include <gmock/gmock.h>

namespace muster::doctor {
namespace {

using testing::HasSubstr;
using testing::Not;

const GroupUse the_use{.resource_class = "a/b",
                       .group = "g",
                       .region = "eu-west-1",
                       .policy = {},
                       .token_secret = "ci/class"};

Finding finding_of(const Result<std::string>& kept) {
  auto findings = judge_class_secret(the_use, kept, "the scaler's");
  EXPECT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings.front().check, "class-token");
  EXPECT_EQ(findings.front().subject, the_use.subject());
  return findings.front();
}

TEST(ClassSecret, ATokenIsGoodAndNotShown) {
  for (const auto* kept : {"hush", R"({"token":"hush"})"}) {
    const auto found = finding_of(std::string(kept));
    EXPECT_EQ(found.verdict, Verdict::good);
    EXPECT_THAT(found.text, Not(HasSubstr("hush")));
  }
}

TEST(ClassSecret, WhatIsNoTokenIsBadWithTheCureAndNotShown) {
  for (const auto* kept : {"", " \n", "hush hush", R"({"tokn":"hush"})", R"({"token":"hush")"}) {
    const auto found = finding_of(std::string(kept));
    EXPECT_EQ(found.verdict, Verdict::bad) << kept;
    EXPECT_THAT(found.text, HasSubstr("put-secret-value --secret-id ci/class"));
    EXPECT_THAT(found.text, Not(HasSubstr("hush")));
  }
}

TEST(ClassSecret, TheScalersOwnTokenIsBadAndNotShown) {
  for (const auto* kept : {"hush", R"({"token":"hush"})"}) {
    const auto found = judge_class_secret(the_use, std::string(kept), "hush").front();
    EXPECT_EQ(found.verdict, Verdict::bad);
    EXPECT_THAT(found.text, HasSubstr("put the class's token into it"));
    EXPECT_THAT(found.text, Not(HasSubstr("hush")));
  }
}

TEST(ClassSecret, OneThatCannotBeReadIsUnknownUnlessItIsNotThere) {
  const std::pair<ErrorKind, Verdict> cases[] = {
      {ErrorKind::forbidden, Verdict::unknown},   {ErrorKind::not_found, Verdict::bad},
      {ErrorKind::invalid, Verdict::bad},         {ErrorKind::timeout, Verdict::unknown},
      {ErrorKind::unavailable, Verdict::unknown},
  };
  for (const auto& [kind, verdict] : cases) {
    EXPECT_EQ(finding_of(Error{kind, "no"}).verdict, verdict) << to_string(kind);
  }
  EXPECT_THAT(finding_of(Error{ErrorKind::forbidden, "no"}).text,
              HasSubstr("run doctor with your own"));
}

}  // namespace
}  // namespace muster::doctor
