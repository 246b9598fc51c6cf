#include "aws/sign.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <filesystem>

#include "base/crypto.hpp"
#include "base/file.hpp"

namespace muster::aws {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

std::string text(const json::value& object, const char* member) {
  return json::value_to<std::string>(object.at(member));
}

// AWS's own cases (testdata/NOTICE).
class PublishedVector : public testing::TestWithParam<json::value> {};

json::array published_vectors() {
  const auto file = std::filesystem::path(MUSTER_AWS_TESTDATA) / "signing_vectors.json";
  return json::parse(read_file(file, 1 << 20).value_or("[]")).as_array();
}

RequestToSign request_of(const json::value& vector, const std::string& body) {
  RequestToSign request{.method = text(vector, "method"),
                        .path = text(vector, "path"),
                        .query = text(vector, "query"),
                        .headers = {},
                        .body = body};
  for (const auto& header : vector.at("headers").as_array()) {
    request.headers.emplace_back(json::value_to<std::string>(header.at(0)),
                                 json::value_to<std::string>(header.at(1)));
  }
  if (vector.at("sign_body").as_bool()) {
    request.headers.emplace_back("x-amz-content-sha256", sha256_hex(body));
  }
  return request;
}

TEST_P(PublishedVector, IsSignedAsPublished) {
  const auto& vector = GetParam();
  const auto& key = vector.at("credentials").as_object();
  const Credentials credentials{.access_key_id = text(key, "access_key_id"),
                                .secret_access_key = text(key, "secret_access_key"),
                                .session_token = key.contains("token") ? text(key, "token") : ""};
  const SigningScope scope{
      .region = text(vector, "region"),
      .service = text(vector, "service"),
      .path_form = vector.at("normalize").as_bool() ? PathForm::normalized : PathForm::as_sent};
  const auto body = text(vector, "body");

  const auto added = sign(request_of(vector, body), credentials, scope,
                          parse_rfc3339(text(vector, "timestamp")).value());

  EXPECT_EQ(added.get("Authorization"), text(vector, "authorization"));
  EXPECT_EQ(added.get("X-Amz-Date"), "20150830T123600Z");
  EXPECT_EQ(added.get("X-Amz-Security-Token").has_value(), key.contains("token"));
}

INSTANTIATE_TEST_SUITE_P(Aws, PublishedVector, testing::ValuesIn(published_vectors()),
                         [](const auto& test) {
                           auto name = text(test.param, "name");
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(Sign, KnowsAllPublishedVectors) {
  EXPECT_EQ(published_vectors().size(), 38);
}

// The signature is taken from botocore 1.44's SigV4Auth for the same request.
TEST(Sign, EscapesTwiceWhatIsEscapedInAPath) {
  const RequestToSign request{
      .method = "POST",
      .path = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Af/invocations",
      .query = "b=2&a=x%20y&a=",
      .headers = {{"Host", "localhost:4566"}},
      .body = "{}"};
  const Credentials credentials{.access_key_id = "AKIDEXAMPLE", .secret_access_key = "secret"};

  const auto added = sign(request, credentials, {.region = "eu-west-1", .service = "lambda"},
                          parse_rfc3339("2026-01-02T03:04:05Z").value());

  EXPECT_THAT(
      added.get("Authorization").value_or(""),
      HasSubstr("Signature=e6cd092641fec0ec44c0b49cc59bdf22fe445e3eacd4614d635d42b1d672a0e6"));
}

TEST(Sign, NeverShowsTheSecret) {
  const Credentials credentials{
      .access_key_id = "AKIDEXAMPLE", .secret_access_key = "hush", .session_token = "token"};
  const auto added =
      sign({.method = "GET", .headers = {{"Host", "h"}}}, credentials, {"r", "s"}, WallTime{});
  for (const auto& [name, value] : added.all()) EXPECT_THAT(value, Not(HasSubstr("hush"))) << name;
  EXPECT_EQ(added.get("X-Amz-Security-Token"), "token");
}

}  // namespace
}  // namespace muster::aws
