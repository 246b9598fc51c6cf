#include "aws/identity.hpp"

#include "aws/test_world.hpp"

namespace muster::aws {
namespace {

using testing::HasSubstr;

class IdentityTest : public testing::Test {
 protected:
  IdentityTest() {
    machine_.set("AWS_ENDPOINT_URL", service_.url());
    machine_.set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    machine_.set("AWS_SECRET_ACCESS_KEY", "hush");
  }
  Result<std::string> arn() { return caller_arn(session_, http_, "eu-west-1", {}); }

  TestMachine machine_;
  TestService service_;
  net::HttpClient http_;
  Session session_{machine_.environment()};
};

std::string answer(std::string_view arn) {
  return fmt::format(
      "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
      "<GetCallerIdentityResult><Arn>{}</Arn><UserId>AROA:s</UserId><Account>1</Account>"
      "</GetCallerIdentityResult></GetCallerIdentityResponse>",
      arn);
}

TEST_F(IdentityTest, IsWhomAwsTakesTheCallerFor) {
  service_.answer_with({{.body = answer("arn:aws:sts::1:assumed-role/scaler/s")}});
  EXPECT_EQ(arn().value_or(""), "arn:aws:sts::1:assumed-role/scaler/s");
  const auto asked = service_.requests().at(0);
  EXPECT_EQ(asked.body, "Action=GetCallerIdentity&Version=2011-06-15");
  EXPECT_THAT(asked.headers.get("Authorization").value_or(""), HasSubstr("/eu-west-1/sts/aws4"));
}

TEST_F(IdentityTest, IsNotGuessedFromAnAnswerWithoutIt) {
  for (const auto* told : {"", "root", "arn:aws:iam::1"}) {
    service_.answer_with({{.body = answer(told)}});
    ASSERT_FALSE(arn()) << told;
    EXPECT_EQ(arn().error().kind, ErrorKind::unavailable);
  }
  service_.answer_with({{.status = 403,
                         .body = "<ErrorResponse><Error><Code>ExpiredToken</Code></Error>"
                                 "</ErrorResponse>"}});
  EXPECT_THAT(arn().error().message, HasSubstr("sts:GetCallerIdentity failed with ExpiredToken"));
}

TEST(PolicyHolder, IsTheRoleOrTheUser) {
  const std::pair<const char*, const char*> cases[] = {
      {"arn:aws:sts::1:assumed-role/runners-ScalerRole-1X/me@example,x",
       "the role "
       "runners-ScalerRole-1X"},
      {"arn:aws-cn:sts::1:assumed-role/r/i-0123", "the role r"},
      {"arn:aws:iam::1:user/ci", "the user ci"},
      {"arn:aws:iam::1:user/of/a/path/ci", "the user ci"},
      {"arn:aws:iam::1:root", "arn:aws:iam::1:root"},
      {"arn:aws:sts::1:federated-user/ci", "arn:aws:sts::1:federated-user/ci"},
      {"anybody\n", "anybody\\x0a"},
  };
  for (const auto& [arn, holder] : cases) EXPECT_EQ(policy_holder(arn), holder);
}

}  // namespace
}  // namespace muster::aws
