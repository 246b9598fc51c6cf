#include "aws/credential_sources.hpp"

#include "aws/credential_cache.hpp"
#include "aws/test_world.hpp"

namespace muster::aws {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kJson =
    R"({"Code":"Success","AccessKeyId":"ASIAROLE","SecretAccessKey":"hush","Token":"hush-token",)"
    R"("Expiration":"2026-01-02T03:04:05Z"})";
constexpr const char* kStsXml =
    "<AssumeRoleWithWebIdentityResponse xmlns='urn:x'><AssumeRoleWithWebIdentityResult>"
    "<Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>hush</SecretAccessKey>"
    "<SessionToken>hush-token</SessionToken><Expiration>2026-01-02T03:04:05Z</Expiration>"
    "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";

class CredentialSourcesTest : public testing::Test {
 protected:
  Credentials find() {
    const auto found = find_credentials(machine_.environment(), http_, {});
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(Credentials{});
  }
  // What is wrong; never with a secret in it.
  std::string error() {
    const auto found = find_credentials(machine_.environment(), http_, {});
    if (found) return "there are credentials from " + found->source;
    EXPECT_THAT(found.error().message, Not(HasSubstr("hush")));
    return found.error().message;
  }
  void expect_role(const Credentials& credentials) {
    EXPECT_EQ(credentials.access_key_id, "ASIAROLE");
    EXPECT_EQ(credentials.secret_access_key, "hush");
    EXPECT_EQ(credentials.session_token, "hush-token");
    EXPECT_EQ(credentials.expires_at, parse_rfc3339("2026-01-02T03:04:05Z").value());
  }
  void use_instance(const TestService& service) {
    machine_.unset("AWS_EC2_METADATA_DISABLED");
    machine_.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", service.url());
  }

  TestMachine machine_;
  net::HttpClient http_;
};

TEST_F(CredentialSourcesTest, WithoutAnyEachSourceSaysWhy) {
  for (const auto* part :
       {"there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a",
        "environment: AWS_ACCESS_KEY_ID is not set",
        "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set", "profile: there is no profile",
        "/.aws/credentials", "container: neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "instance: AWS_EC2_METADATA_DISABLED is true"}) {
    EXPECT_THAT(error(), HasSubstr(part));
  }
}

TEST_F(CredentialSourcesTest, TheEnvironmentGoesFirst) {
  machine_.write(".aws/credentials",
                 "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = hush\n");
  EXPECT_EQ(find().access_key_id, "AKIDFILE");
  EXPECT_EQ(find().source, "the profile 'default'");
  machine_.set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  EXPECT_THAT(error(), HasSubstr("AWS_SECRET_ACCESS_KEY is not: set both, or neither"));
  machine_.set("AWS_SECRET_ACCESS_KEY", "hush");
  machine_.set("AWS_SESSION_TOKEN", "token");
  const Credentials expected{"AKIDEXAMPLE", "hush", "token", std::nullopt, "the environment"};
  EXPECT_EQ(find(), expected);
}

TEST_F(CredentialSourcesTest, OddCharactersAreToldBeforeAnythingIsSigned) {
  machine_.set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE\n");
  machine_.set("AWS_SECRET_ACCESS_KEY", "hush");
  EXPECT_THAT(error(), HasSubstr("the access key id from the environment has a blank, a line "
                                 "break or another odd character in it: set it anew, without"));
  machine_.set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  machine_.set("AWS_SECRET_ACCESS_KEY", "hush ");
  EXPECT_THAT(error(), HasSubstr("the secret access key from the environment"));
  machine_.set("AWS_SECRET_ACCESS_KEY", "hush");
  machine_.set("AWS_SESSION_TOKEN", "hush\r");
  EXPECT_THAT(error(), HasSubstr("the session token from the environment"));
}

TEST_F(CredentialSourcesTest, AProfileThatDoesNotWorkIsNotPassedOver) {
  TestService instance({{.body = "token"}, {.body = "ci"}, {.body = kJson}});
  use_instance(instance);
  for (const auto& [settings, wrong] : std::initializer_list<std::pair<const char*, const char*>>{
           {"aws_access_key_id = AKID", "aws_secret_access_key: set both, or neither"},
           {"aws_secret_access_key = hush", "only one of"},
           {"role_arn = r\nsource_profile = base", "by source_profile"},
           {"role_arn = r\ncredential_source = Environment", "by credential_source"},
           {"sso_session = s", "by sso_session"},
           {"login_session = s", "by login_session"},
           {"credential_process = echo hush", "by credential_process"}}) {
    machine_.write(".aws/config", fmt::format("[default]\n{}\n", settings));
    EXPECT_THAT(error(), HasSubstr(wrong));
  }
  machine_.set("AWS_PROFILE", "work");
  machine_.write(".aws/config", "[profile work]\nsso_session = s\n");
  EXPECT_THAT(error(), HasSubstr("log in with 'aws sso login', and run: eval \"$(aws configure "
                                 "export-credentials --profile 'work' --format env)\""));
  machine_.unset("AWS_PROFILE");
  machine_.write(".aws/config", "[default]\nregion = eu-west-1\n");
  expect_role(find());
}

TEST_F(CredentialSourcesTest, AContainersAgentIsAskedWithItsToken) {
  TestService agent({{.body = kJson}});
  machine_.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url() + "/v1/credentials?a=b");
  machine_.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "old");
  machine_.set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", machine_.write("token", "bearer-hush\n"));
  expect_role(find());
  const auto asked = agent.requests().at(0);
  EXPECT_EQ(asked.path, "/v1/credentials");
  EXPECT_EQ(asked.query, "a=b");
  EXPECT_EQ(asked.headers.get("Authorization"), "bearer-hush");

  agent.answer_with({{.status = 500, .body = "hush"}});
  EXPECT_THAT(error(), HasSubstr("the container's credentials: it answered with status 500"));
  agent.answer_with({{.body = R"({"code":"x","SecretAccessKey":"hush"})"}});
  EXPECT_THAT(error(), HasSubstr("no credentials"));
  machine_.write("token", "bearer\nhush");
  EXPECT_THAT(error(), HasSubstr("line break"));
}

TEST_F(CredentialSourcesTest, AContainersTokenGoesToNoOtherMachineInTheClear) {
  for (const auto* url :
       {"http://example.com/", "http://169.254.170.99/", "http://localhost@example.com/",
        "http://127.0.0.1\\@example.com/", "ftp://localhost/", "localhost", "http://[::2]/",
        "http://localhost.example.com/"}) {
    machine_.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
    EXPECT_THAT(error(), HasSubstr("must be https://, or http:// to this machine")) << url;
  }
  machine_.set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@example.com/");
  EXPECT_THAT(error(), HasSubstr("must begin with /"));
}

TEST_F(CredentialSourcesTest, AWebIdentityIsTradedForARole) {
  TestService sts({{.body = kStsXml}});
  machine_.set("AWS_ENDPOINT_URL_STS", sts.url());
  machine_.set("AWS_WEB_IDENTITY_TOKEN_FILE", machine_.write("jwt", "hush.jwt\n"));
  EXPECT_THAT(error(), HasSubstr("AWS_ROLE_ARN is not"));
  machine_.set("AWS_ROLE_ARN", "arn:aws:iam::1:role/ci");
  machine_.set("AWS_ROLE_SESSION_NAME", "pod");
  expect_role(find());
  const auto asked = sts.requests().at(0);
  EXPECT_EQ(asked.method, "POST");
  EXPECT_EQ(asked.body,
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&"
            "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fci&RoleSessionName=pod&"
            "WebIdentityToken=hush.jwt");
  EXPECT_EQ(asked.headers.get("Authorization"), std::nullopt);

  sts.answer_with(
      {{.status = 400,
        .body = "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>Not "
                "hush.jwt</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"}});
  EXPECT_THAT(error(), HasSubstr("sts:AssumeRoleWithWebIdentity failed with InvalidIdentityToken: "
                                 "Not *** (request r-1)"));
}

TEST_F(CredentialSourcesTest, AProfileMayHoldAWebIdentity) {
  TestService sts({{.body = kStsXml}});
  machine_.set("AWS_ENDPOINT_URL_STS", sts.url());
  machine_.write(".aws/config", fmt::format("[default]\nrole_arn = arn:r\n"
                                            "web_identity_token_file = {}\n",
                                            machine_.write("jwt", "hush")));
  expect_role(find());
  EXPECT_EQ(find().source, "the role arn:r");
}

TEST_F(CredentialSourcesTest, AnInstanceIsAskedForItsRoleWithAToken) {
  TestService instance({{.body = "t-1"}, {.body = "ci-role\n"}, {.body = kJson}});
  use_instance(instance);
  expect_role(find());
  const auto asked = instance.requests();
  ASSERT_EQ(asked.size(), 3);
  EXPECT_EQ(asked[1].path, "/latest/meta-data/iam/security-credentials/");
  EXPECT_EQ(asked[2].path, "/latest/meta-data/iam/security-credentials/ci-role");
  EXPECT_EQ(asked[2].headers.get("X-aws-ec2-metadata-token"), "t-1");
}

TEST_F(CredentialSourcesTest, AnInstanceWithoutARoleSaysSo) {
  TestService instance({{.body = "t-1"}, {.status = 404}});
  use_instance(instance);
  EXPECT_THAT(error(), HasSubstr("instance: asked for iam/security-credentials/, it answered with "
                                 "status 404; an instance needs an instance profile"));
  instance.answer_with({{.status = 403}});
  EXPECT_THAT(error(), HasSubstr("instance: asked for a token, it answered with status 403"));
}

TEST(InstanceMetadata, GetsANewTokenWhenTheOldHasRunOut) {
  TestMachine machine;
  TestService service(
      {{.body = "t-1"}, {.body = "a"}, {.status = 401}, {.body = "t-2"}, {.body = "b"}});
  machine.unset("AWS_EC2_METADATA_DISABLED");
  machine.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", service.url());
  net::HttpClient http;
  InstanceMetadata instance(machine.environment(), http);
  EXPECT_EQ(instance.get("x", {}).value_or(""), "a");
  EXPECT_EQ(instance.get("x", {}).value_or(""), "b");
  EXPECT_EQ(service.requests().at(4).headers.get("X-aws-ec2-metadata-token"), "t-2");
}

}  // namespace
}  // namespace muster::aws
