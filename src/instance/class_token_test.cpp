#include "instance/class_token.hpp"

#include <gmock/gmock.h>

namespace muster::instance {
namespace {

TEST(ClassToken, IsTheTextOrItsMember) {
  for (const auto* kept : {"muc_1", " muc_1\n", R"({"token":"muc_1"})",
                           "\n{\"resource_class\": \"a/b\", \"token\": \" muc_1 \"}\n"}) {
    EXPECT_EQ(class_token_in(kept, "ci").value_or(""), "muc_1") << kept;
  }
}

TEST(ClassToken, WhatIsNoneIsOneSentenceWithoutTheSecret) {
  const std::string cure =
      R"(: put the token of a resource class there, alone or as {"token": "..."}, with: )"
      "aws secretsmanager put-secret-value --secret-id ci/class --secret-string file://class.token";
  const struct {
    std::string kept;
    std::string why;
  } cases[] = {
      {"", "is empty"},
      {" \n", "is empty"},
      {R"({"token":"hush")", "begins as JSON and is none"},
      {R"({"circle_token":"hush"})", R"(is JSON without a member "token")"},
      {R"(["hush"])", R"(is JSON without a member "token")"},
      {R"("hush")", R"(is JSON without a member "token")"},
      {R"({"token":""})", "holds no token, which is one word"},
      {R"({"token":{"a":"hush"}})", "holds no token, which is one word"},
      {R"({"token":"hush hush"})", "holds no token, which is one word"},
      {"hush hush", "holds no token, which is one word"},
      {"hush\nX-Evil: 1", "holds no token, which is one word"},
      {std::string(5000, 'x'), "is too long to be a token"},
  };
  for (const auto& [kept, why] : cases) {
    const auto refused = class_token_in(kept, "ci/class");
    ASSERT_FALSE(refused) << kept;
    EXPECT_EQ(refused.error().message, "the secret 'ci/class' " + why + cure);
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
  }
}

}  // namespace
}  // namespace muster::instance
