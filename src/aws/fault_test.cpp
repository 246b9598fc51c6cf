#include "aws/fault.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/core.h>

namespace muster::aws {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kAction = "autoscaling:SetDesiredCapacity";
constexpr const char* kWho = "access key AKIDEXAMPLE from the environment";

Fault xml(int status, std::string_view code, std::string_view message) {
  return read_fault({.status = status,
                     .body = fmt::format("<ErrorResponse xmlns='urn:x'><Error><Type>Sender</Type>"
                                         "<Code>{}</Code><Message>{}</Message></Error>"
                                         "<RequestId>r-1</RequestId></ErrorResponse>",
                                         code, message)});
}

Fault json(int status, std::string_view type, std::string_view message) {
  net::ClientResponse response{
      .status = status, .body = fmt::format(R"({{"__type":"{}","Message":"{}"}})", type, message)};
  response.headers.set("x-amzn-RequestId", "r-2");
  return read_fault(response);
}

TEST(Fault, IsReadFromXmlOfBothKinds) {
  const auto fault = xml(400, "ValidationError", "No such group");
  EXPECT_EQ(fault.code, "ValidationError");
  EXPECT_EQ(fault.message, "No such group");
  EXPECT_EQ(fault.request_id, "r-1");
  const auto ec2 = read_fault(
      {.status = 403,
       .body = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>No</Message>"
               "</Error></Errors><RequestID>r-3</RequestID></Response>"});
  EXPECT_EQ(ec2.code, "UnauthorizedOperation");
  EXPECT_EQ(ec2.request_id, "r-3");
}

TEST(Fault, IsReadFromJsonAndHeaders) {
  const auto fault = json(400, "com.amazonaws.ssm#ParameterNotFound", "none");
  EXPECT_EQ(fault.code, "ParameterNotFound");
  EXPECT_EQ(fault.message, "none");
  EXPECT_EQ(fault.request_id, "r-2");
  net::ClientResponse bare{.status = 400, .body = ""};
  bare.headers.set("X-Amzn-ErrorType", "ThrottlingException:http://internal.amazon.com/x");
  EXPECT_EQ(read_fault(bare).code, "ThrottlingException");
}

TEST(Fault, SurvivesRubbish) {
  for (const auto* body : {"<html>Service Unavailable", "", "}{", "[1]", "<Error/>"}) {
    const auto fault = read_fault({.status = 503, .body = body});
    EXPECT_TRUE(is_transient(fault));
    EXPECT_EQ(describe(fault, kAction, kWho).message,
              std::string(kAction) +
                  " failed with status 503: if it stays so, see whether AWS is well "
                  "(https://health.aws.amazon.com), and the proxies on the way to it");
  }
}

TEST(Fault, IsOfTheKindThatItsCodeSays) {
  const std::pair<Fault, ErrorKind> cases[] = {
      {xml(400, "Throttling", "Rate exceeded"), ErrorKind::unavailable},
      {xml(500, "InternalFailure", ""), ErrorKind::unavailable},
      {xml(403, "AccessDenied", ""), ErrorKind::forbidden},
      {xml(403, "ExpiredToken", ""), ErrorKind::unauthenticated},
      {xml(403, "InvalidClientTokenId", ""), ErrorKind::unauthenticated},
      {xml(403, "SignatureDoesNotMatch", ""), ErrorKind::unauthenticated},
      {json(400, "RequestExpired", ""), ErrorKind::unauthenticated},
      {json(400, "ResourceNotFoundException", ""), ErrorKind::not_found},
      {json(400, "ConditionalCheckFailedException", ""), ErrorKind::conflict},
      {xml(400, "ScalingActivityInProgress", ""), ErrorKind::conflict},
      {xml(400, "ValidationError", ""), ErrorKind::invalid},
      {xml(404, "", ""), ErrorKind::invalid},
  };
  for (const auto& [fault, kind] : cases) {
    EXPECT_EQ(describe(fault, kAction, kWho).kind, kind) << fault.code;
  }
}

TEST(Fault, TooManyCallsAreThrottlingWhateverTheCode) {
  for (const auto* code : {"", "Throttled", "X"}) {
    EXPECT_TRUE(is_throttling(xml(429, code, ""))) << code;
    EXPECT_FALSE(is_throttling(xml(400, code, ""))) << code;
  }
}

TEST(Fault, WithoutWordsOfAwsHasACureOfItsOwn) {
  const std::tuple<int, const char*, const char*> cases[] = {
      {500, "", ": if it stays so, see whether AWS is well"},
      {503, "ServiceUnavailable", ": if it stays so, see whether AWS is well"},
      {500, "InternalFailure", ": if it stays so, see whether AWS is well"},
      {301, "", ": this may not be AWS: correct the endpoint if one is set, and see the proxies"},
      {403, "", ": this may not be AWS: correct the endpoint if one is set, and see the proxies"},
      {404, "", ": this may not be AWS: correct the endpoint if one is set, and see the proxies"},
      {407, "", ": give the proxy's address the user and the password that it wants, or let"},
      {400, "InvalidAction", ": set the endpoint, if one is set, to that of the service"},
      {400, "UnknownOperationException", ": set the endpoint, if one is set, to that of the"},
      {403, "OptInRequired", ": complete the account's sign-up with AWS, and enable the region"},
  };
  for (const auto& [status, code, cure] : cases) {
    EXPECT_THAT(describe(xml(status, code, ""), kAction, kWho).message, HasSubstr(cure)) << code;
  }
  EXPECT_THAT(describe(xml(404, "NoSuchThing", ""), kAction, kWho).message,
              Not(HasSubstr("not be AWS")));
}

TEST(Fault, ADenialNamesActionAndResource) {
  const auto error = describe(
      xml(403, "AccessDenied",
          "User: arn:aws:sts::1:assumed-role/ci/i is not authorized to perform: "
          "autoscaling:SetDesiredCapacity on resource: arn:aws:autoscaling:eu-west-1:1:g because "
          "no identity-based policy allows the autoscaling:SetDesiredCapacity action"),
      kAction, kWho);
  EXPECT_THAT(error.message, HasSubstr("arn:aws:sts::1:assumed-role/ci/i is not authorized"));
  EXPECT_THAT(error.message, HasSubstr("request r-1"));
  EXPECT_THAT(error.message, HasSubstr(": allow autoscaling:SetDesiredCapacity on "
                                       "arn:aws:autoscaling:eu-west-1:1:g in the policy of the "
                                       "role ci"));
  const auto terse = describe(json(400, "AccessDeniedException", "No."), kAction, kWho);
  EXPECT_THAT(terse.message,
              HasSubstr(": allow autoscaling:SetDesiredCapacity in the policy of the caller"));
}

TEST(Fault, ADenialNamesTheKindOfPolicyThatDoesNotAllow) {
  for (const auto* kind : {"permissions boundary", "service control policy", "session policy"}) {
    const auto error = describe(
        xml(403, "AccessDenied",
            fmt::format(
                "User: arn:aws:sts::1:assumed-role/ci/i is not authorized to perform: {0} on "
                "resource: arn:aws:x because no {1} allows the {0} action",
                kAction, kind)),
        kAction, kWho);
    EXPECT_THAT(error.message, testing::EndsWith(fmt::format(
                                   ": allow {} on arn:aws:x in the {} that holds for the role ci",
                                   kAction, kind)));
  }
}

TEST(Fault, WhatIsDeniedExplicitlyIsNotToBeAllowed) {
  const std::pair<const char*, const char*> cases[] = {
      {"with an explicit deny in a service control policy", "in a service control policy, as"},
      {"with an explicit deny in an identity-based policy.", "in an identity-based policy, as"},
      {"with an explicit deny in a service control policy: arn:aws:organizations::1:policy/x",
       "in a service control policy, as"},
      {"with an explicit deny", "in a policy, as"},
  };
  for (const auto& [words, where] : cases) {
    const auto error = describe(
        json(400, "AccessDeniedException",
             fmt::format("User: arn:aws:sts::1:assumed-role/r/f is not authorized to perform: "
                         "dynamodb:GetItem on resource: arn:aws:dynamodb:eu-west-1:1:table/m {}",
                         words)),
        "dynamodb:GetItem", kWho);
    EXPECT_THAT(error.message, HasSubstr(std::string(": remove the deny of dynamodb:GetItem on "
                                                     "arn:aws:dynamodb:eu-west-1:1:table/m ") +
                                         where));
    EXPECT_THAT(error.message, Not(HasSubstr(": allow ")));
  }
}

struct Trouble {
  const char* action;
  const char* code;
  const char* message;
  const char* cure;
};

TEST(Fault, OfAKeeperSaysWhatToDo) {
  constexpr auto kSecret = "secretsmanager:GetSecretValue";
  const Trouble cases[] = {
      {kSecret, "AccessDeniedException", "Access to KMS is not allowed",
       ": allow kms:Decrypt on the secret's KMS key, in the caller's policy and in the key's"},
      {kSecret, "DecryptionFailure", "Secrets Manager can't decrypt the protected secret text",
       ": see that the secret's KMS key is enabled, and that kms:Decrypt on it is allowed"},
      {kSecret, "InvalidRequestException",
       "You can't perform this operation on the secret because it was marked for deletion.",
       "deletion (request r-2): restore it with 'aws secretsmanager restore-secret', or name "},
      {"dynamodb:PutItem", "ProvisionedThroughputExceededException",
       "The level of configured provisioned throughput for the table was exceeded.",
       ": set the table's capacity to on-demand (PAY_PER_REQUEST), or provide more of it"},
      {"dynamodb:PutItem", "ValidationException", "Item size has exceeded the maximum allowed size",
       ": delete this item of the table: a new one is made"},
  };
  for (const auto& [action, code, message, cure] : cases) {
    EXPECT_THAT(describe(json(400, code, message), action, kWho).message, HasSubstr(cure));
  }
}

TEST(Fault, RefusedCredentialsAreNamedWithTheCure) {
  EXPECT_EQ(
      describe(xml(403, "ExpiredToken", "The security token is expired"), kAction, kWho).message,
      "autoscaling:SetDesiredCapacity failed with ExpiredToken: The security token is expired "
      "(access key AKIDEXAMPLE from the environment, request r-1): renew the credentials");
}

TEST(Fault, AWrongSignatureIsNotQuoted) {
  const auto error =
      describe(xml(403, "SignatureDoesNotMatch",
                   "The Canonical String should have been 'x-amz-security-token:hush'"),
               kAction, kWho);
  EXPECT_THAT(error.message, Not(HasSubstr("hush")));
  EXPECT_THAT(error.message, HasSubstr("the secret does not belong to this key: use the two"));
}

TEST(Fault, AWrongRegionIsNoWrongSecret) {
  const auto error =
      describe(xml(403, "SignatureDoesNotMatch",
                   "Credential should be scoped to a valid region, not 'eu-west-9'. "),
               kAction, kWho);
  EXPECT_EQ(error.message,
            "autoscaling:SetDesiredCapacity failed with SignatureDoesNotMatch: Credential should "
            "be scoped to a valid region, not 'eu-west-9' (access key AKIDEXAMPLE from the "
            "environment, request r-1): set the region, and the endpoint if one is set, to those "
            "of the service that is asked");
}

TEST(Fault, AKeyThatIsNotKnownMayBeAWrongSessionToken) {
  const auto error = describe(
      xml(403, "InvalidClientTokenId", "The security token included in the request is invalid."),
      kAction, kWho);
  EXPECT_THAT(error.message,
              HasSubstr(": use a key, secret and session token that were issued together"));
}

TEST(Fault, ADenialOfADescribeActionNamesAllResources) {
  const auto error =
      describe(xml(403, "AccessDenied",
                   "User: arn:aws:iam::1:user/ci is not authorized to perform: "
                   "autoscaling:DescribeAutoScalingGroups because no identity-based policy allows "
                   "the autoscaling:DescribeAutoScalingGroups action"),
               "autoscaling:DescribeAutoScalingGroups", kWho);
  EXPECT_THAT(error.message,
              HasSubstr(": allow autoscaling:DescribeAutoScalingGroups on * in the policy of the "
                        "user ci"));
}

TEST(Fault, ASecretThatIsQuotedIsReplaced) {
  const net::ClientResponse response{.status = 400,
                                     .body = R"({"__type":"X","message":"hush, I said hush"})"};
  EXPECT_EQ(read_fault(response, {"hush", ""}).message, "***, I said ***");
}

TEST(Fault, CannotForgeALine) {
  const auto error = describe(xml(400, "X", "one\nERROR two"), kAction, kWho);
  EXPECT_THAT(error.message, Not(HasSubstr("\n")));
}

}  // namespace
}  // namespace muster::aws
