#include "aws/client.hpp"

#include "aws/test_world.hpp"
#include "net/test_peer.hpp"

namespace muster::aws {
namespace {

using std::chrono::hours;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr Service kScaling{"auto_scaling", "autoscaling", "autoscaling"};
constexpr const char* kVersion = "2011-01-01";

net::Response fault(int status, std::string_view code, std::string_view message = "No.") {
  return {.status = status,
          .body = fmt::format("<ErrorResponse><Error><Code>{}</Code><Message>{}</Message></Error>"
                              "<RequestId>r-1</RequestId></ErrorResponse>",
                              code, message)};
}

const net::Response kDone{.body = "<DoResponse><DoResult><A>1</A></DoResult></DoResponse>"};

class ClientTest : public testing::Test {
 protected:
  ClientTest() {
    machine_.set("AWS_ENDPOINT_URL", service_.url());
    machine_.set("AWS_REGION", "eu-west-1");
    machine_.write(".aws/credentials",
                   "[default]\naws_access_key_id = AKIDEXAMPLE00000\naws_secret_access_key = "
                   "hush-secret\naws_session_token = hush-token\n");
  }

  void open() {
    auto client = Client::open(
        session_, http_, kScaling, "", {},
        {.random = [] { return 1.0; },
         .sleep = [this](Millis pause, const std::stop_token&) { pauses_.push_back(pause); }});
    ASSERT_TRUE(client) << client.error().message;
    client_.emplace(std::move(*client));
  }
  Result<Node> call(Repeat repeat = Repeat::always) {
    if (!client_) open();
    const auto told = [](const auto& answer) {
      EXPECT_THAT(answer ? "" : answer.error().message, Not(HasSubstr("hush")));
      return answer;
    };
    const Parameters parameters{{"Name", "a b"}};
    const auto stop = stop_.get_token();
    if (repeat == Repeat::always) {
      return told(client_->query("Do", kVersion, parameters, "A", stop));
    }
    const auto done = told(client_->query_unanswered("Do", kVersion, parameters, stop, repeat));
    return done ? Result<Node>(Node{}) : done.error();
  }
  std::string error(Repeat repeat = Repeat::always) {
    const auto answer = call(repeat);
    return answer ? "" : answer.error().message;
  }
  std::size_t calls() const { return service_.requests().size(); }

  TestMachine machine_;
  TestService service_;
  ManualClock clock_{parse_rfc3339("2026-01-02T03:04:05Z").value()};
  net::HttpClient http_;
  Session session_{machine_.environment(), clock_};
  std::optional<Client> client_;
  std::vector<Millis> pauses_;
  std::stop_source stop_;
};

TEST_F(ClientTest, SendsASignedFormAndReadsTheResult) {
  service_.answer_with({kDone});
  const auto answer = call();
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->text_at("A"), "1");

  const auto asked = service_.requests().at(0);
  EXPECT_EQ(asked.method, "POST");
  EXPECT_EQ(asked.path, "/");
  EXPECT_EQ(asked.body, "Action=Do&Version=2011-01-01&Name=a+b");
  EXPECT_EQ("http://" + asked.headers.get("Host").value_or(""), service_.url());
  EXPECT_EQ(asked.headers.get("X-Amz-Date"), "20260102T030405Z");
  EXPECT_EQ(asked.headers.get("X-Amz-Security-Token"), "hush-token");
  EXPECT_THAT(asked.headers.get("Authorization").value_or(""),
              HasSubstr("AKIDEXAMPLE00000/20260102/eu-west-1/autoscaling/aws4_request, "
                        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token,"));
}

TEST_F(ClientTest, WhatHasNotTheResultIsNoAnswerOfAws) {
  for (const auto* body : {"<DoResponse/>", "<DoResponse><DoResult/></DoResponse>",
                           "<html><A>1</A></html>", "<R><OtherResult><A/></OtherResult></R>"}) {
    service_.answer_with({{.body = body}});
    const auto answer = call();
    ASSERT_FALSE(answer) << body;
    EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
    EXPECT_THAT(answer.error().message,
                ContainsRegex("^autoscaling:Do: what 127.0.0.1:[0-9]+ answers is not AWS's answer; "
                              "if it stays so, see whether what AWS_ENDPOINT_URL names is AWS"));
  }
  service_.answer_with({{.body = "<DoResponse/>"}});
  EXPECT_TRUE(call(Repeat::when_refused)) << "who answers nothing says no more";
}

TEST_F(ClientTest, SendsJsonToItsTarget) {
  service_.answer_with({{.body = R"({"SecretString":"x"})"}});
  open();
  const auto answer = client_->json("GetSecretValue", "secretsmanager", "{}", {});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->text_at("SecretString"), "x");
  const auto asked = service_.requests().at(0);
  EXPECT_EQ(asked.headers.get("X-Amz-Target"), "secretsmanager.GetSecretValue");
  EXPECT_EQ(asked.headers.get("Content-Type"), "application/x-amz-json-1.1");
  EXPECT_THAT(asked.headers.get("Authorization").value_or(""), HasSubstr("x-amz-target"));
}

TEST_F(ClientTest, AnEndpointMayHaveAPath) {
  machine_.set("AWS_ENDPOINT_URL_AUTO_SCALING", service_.url() + "/aws/");
  service_.answer_with({kDone});
  EXPECT_TRUE(call());
  EXPECT_EQ(service_.requests().at(0).path, "/aws/");
}

TEST_F(ClientTest, TriesAgainAfterLongerAndLongerPauses) {
  service_.answer_with({fault(400, "Throttling"), {.status = 503, .body = "<html>"}, kDone});
  EXPECT_TRUE(call());
  EXPECT_THAT(pauses_, ElementsAre(Millis(1000), Millis(2000)));
}

TEST_F(ClientTest, GivesUpAfterThreeAttempts) {
  service_.answer_with({fault(503, "ServiceUnavailable")});
  EXPECT_EQ(error(),
            "autoscaling:Do failed with ServiceUnavailable: No (request r-1): if it stays so, see "
            "whether AWS is well (https://health.aws.amazon.com), and the proxies on the way to it "
            "(attempt 3)");
  EXPECT_EQ(calls(), 3);
}

TEST_F(ClientTest, ThrottlingAfterTheLastAttemptIsToldWithItsCure) {
  service_.answer_with({fault(400, "Throttling", "Rate exceeded")});
  EXPECT_EQ(error(),
            "autoscaling:Do failed with Throttling: Rate exceeded (request r-1): if it stays so, "
            "see who else calls autoscaling so often in this account and region, or have AWS raise "
            "its limit (Service Quotas) (attempt 3)");
}

TEST_F(ClientTest, TheNumberOfAttemptsIsASetting) {
  machine_.set("AWS_MAX_ATTEMPTS", "1");
  service_.answer_with({fault(400, "Throttling")});
  EXPECT_EQ(call().error().kind, ErrorKind::unavailable);
  EXPECT_EQ(calls(), 1);
  machine_.set("AWS_MAX_ATTEMPTS", "0");
  const auto refused = Client::open(session_, http_, kScaling, "", {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "AWS_MAX_ATTEMPTS must be a number from 1 to 20, and is '0'");
}

TEST_F(ClientTest, DoesNotRepeatWhatAwsRefuses) {
  service_.answer_with({fault(400, "ValidationError")});
  EXPECT_EQ(call().error().kind, ErrorKind::invalid);
  EXPECT_EQ(calls(), 1);
}

// A table or a secret that is not there is told by this kind, and to create one cures nothing here.
TEST_F(ClientTest, CredentialsThatAreNotThereAreNothingElseThatIsNotThere) {
  machine_.write(".aws/credentials", "");
  machine_.set("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token");
  machine_.set("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/scaler");
  const auto answer = call();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::unauthenticated);
  EXPECT_THAT(answer.error().message, HasSubstr("cannot open /nowhere/token"));
}

TEST_F(ClientTest, AnAnswerThatIsCutShortIsAskedForAgain) {
  service_.answer_with({{.body = "<DoResponse><DoRes"}, kDone});
  EXPECT_TRUE(call());
  service_.answer_with({{.body = "<DoResponse><DoRes"}});
  const auto told = error();
  EXPECT_THAT(told, HasSubstr("autoscaling:Do: the answer: this is not whole XML"));
  EXPECT_THAT(told, EndsWith("; if it stays so, see whether what AWS_ENDPOINT_URL names is AWS, "
                             "and well (attempt 3)"));
}

TEST_F(ClientTest, WhatMayHaveBeenDoneIsNotRepeatedIfThatWouldHarm) {
  service_.answer_with({fault(500, "InternalFailure")});
  EXPECT_THAT(error(Repeat::when_refused), HasSubstr("InternalFailure"));
  EXPECT_EQ(calls(), 1);
  service_.answer_with({fault(400, "Throttling"), kDone});
  EXPECT_TRUE(call(Repeat::when_refused));
}

TEST_F(ClientTest, WhatIsRightOnlyNowIsNotDoneLater) {
  for (const auto& refused : {fault(400, "Throttling"), fault(500, "InternalFailure")}) {
    service_.answer_with({refused, kDone});
    EXPECT_THAT(error(Repeat::not_later), Not(HasSubstr("attempt")));
  }
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(ClientTest, ALostAnswerIsNotAskedForAgainIfThatWouldHarm) {
  net::TestListener listener;
  std::jthread reader([&] {
    auto peer = listener.accept();
    peer.receive_until("a+b");
  });
  machine_.set("AWS_ENDPOINT_URL", fmt::format("http://127.0.0.1:{}", listener.port()));
  EXPECT_THAT(error(Repeat::when_refused),
              ContainsRegex("closed the connection .*; if it stays so, see whether what AWS_"));
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(ClientTest, SaysWhereNobodyAnswers) {
  machine_.set("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
  // What never left may be sent again, whatever it is.
  for (const auto repeat : {Repeat::always, Repeat::when_refused}) {
    EXPECT_THAT(error(repeat), HasSubstr("autoscaling:Do in eu-west-1: cannot reach 127.0.0.1:1"));
  }
  EXPECT_EQ(pauses_.size(), 4);
}

TEST_F(ClientTest, AServiceInTroubleIsNotAskedEverMore) {
  service_.answer_with({fault(503, "ServiceUnavailable")});
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(call());  // 100 second attempts cost all 500 tokens
  const auto before = calls();
  EXPECT_FALSE(call());
  EXPECT_EQ(calls(), before + 1);
}

TEST_F(ClientTest, AWrongClockIsCorrectedFromTheAnswerAndStaysSo) {
  clock_.jump_wall(hours(-2));
  auto skewed = fault(403, "SignatureDoesNotMatch", "Signature expired");
  skewed.headers.set("Date", "Fri, 02 Jan 2026 03:04:05 GMT");
  auto done = kDone;
  done.headers.set("Date", "Fri, 02 Jan 2026 03:04:05 GMT");
  service_.answer_with({skewed, done});
  EXPECT_TRUE(call());
  EXPECT_TRUE(call());
  const auto asked = service_.requests();
  ASSERT_EQ(asked.size(), 3);
  EXPECT_EQ(asked[0].headers.get("X-Amz-Date"), "20260102T010405Z");
  EXPECT_EQ(asked[1].headers.get("X-Amz-Date"), "20260102T030405Z");
  EXPECT_EQ(asked[2].headers.get("X-Amz-Date"), "20260102T030405Z");
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(ClientTest, EveryAnswerTellsTheTime) {
  auto done = kDone;
  done.headers.set("Date", "Fri, 02 Jan 2026 03:02:05 GMT");  // two minutes behind
  service_.answer_with({done});
  EXPECT_TRUE(call());
  EXPECT_TRUE(call());
  EXPECT_EQ(service_.requests().back().headers.get("X-Amz-Date"), "20260102T030205Z");
}

TEST_F(ClientTest, AWrongSecretIsNotTakenForAWrongClock) {
  auto refused = fault(403, "SignatureDoesNotMatch", "x-amz-security-token:hush-token");
  refused.headers.set("Date", "Fri, 02 Jan 2026 03:04:06 GMT");
  service_.answer_with({refused});
  EXPECT_EQ(
      error(),
      "autoscaling:Do failed with SignatureDoesNotMatch (access key AKIDEXAMPLE00000 from the "
      "profile 'default', request r-1): the secret does not belong to this key: use the "
      "two that were issued together");
  EXPECT_EQ(calls(), 1);
}

TEST_F(ClientTest, ExpiredCredentialsAreLookedForAnewOnce) {
  service_.answer_with({kDone});
  EXPECT_TRUE(call());
  service_.answer_with({fault(403, "ExpiredToken"), kDone});
  machine_.write(
      ".aws/credentials",
      "[default]\naws_access_key_id = AKIDNEW000000000\naws_secret_access_key = hush-new\n");
  EXPECT_TRUE(call());
  EXPECT_THAT(service_.requests().at(2).headers.get("Authorization").value_or(""),
              HasSubstr("Credential=AKIDNEW000000000/"));
  service_.answer_with({fault(403, "ExpiredToken")});
  EXPECT_THAT(error(),
              HasSubstr("access key AKIDNEW000000000 from the profile 'default', request r-1): "
                        "renew the credentials"));
  EXPECT_EQ(calls(), 4);
}

TEST_F(ClientTest, SecretsThatAwsQuotesAreHidden) {
  service_.answer_with({fault(400, "X", "bad header hush-token, bad key hush-secret")});
  EXPECT_THAT(error(), HasSubstr("bad header ***, bad key ***"));
}

TEST_F(ClientTest, ASecretInThePlaceOfTheKeyIsHidden) {
  machine_.write(
      ".aws/credentials",
      "[default]\naws_access_key_id = hush-secret\naws_secret_access_key = AKIDEXAMPLE\n");
  service_.answer_with({fault(403, "InvalidClientTokenId", "there is no hush-secret")});
  EXPECT_THAT(error(), HasSubstr("there is no *** (an access key id that is none, from the profile "
                                 "'default', request r-1): use a key, secret and session token"));
}

TEST_F(ClientTest, AStopEndsThePauses) {
  service_.answer_with({fault(503, "ServiceUnavailable")});
  open();
  stop_.request_stop();
  EXPECT_EQ(call().error().kind, ErrorKind::cancelled);
}

TEST(Session, AsksForTheRegionOnce) {
  TestMachine machine;
  TestService instance({{.body = "token"}, {.body = "ap-south-1"}});
  machine.unset("AWS_EC2_METADATA_DISABLED");
  machine.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", instance.url());
  Session session(machine.environment());
  EXPECT_EQ(session.region({}).value_or(""), "ap-south-1");
  EXPECT_EQ(session.region({}).value_or(""), "ap-south-1");
  EXPECT_EQ(instance.requests().size(), 2);
}

TEST(Session, DoesWithoutARegionOnlyUntilThereIsOne) {
  TestMachine machine;
  Session session(machine.environment());
  EXPECT_FALSE(session.region({}));
  machine.set("AWS_REGION", "eu-west-1");
  EXPECT_EQ(session.region({}).value_or(""), "eu-west-1");
}

TEST(RetryQuota, IsPaidForAndGivenBack) {
  RetryQuota quota;
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(quota.take(RetryQuota::kTimeoutCost));
  EXPECT_FALSE(quota.take(RetryQuota::kUsualCost));
  quota.give_back(0);
  EXPECT_FALSE(quota.take(RetryQuota::kUsualCost));
  quota.give_back(RetryQuota::kUsualCost);
  EXPECT_TRUE(quota.take(RetryQuota::kUsualCost));
}

TEST(PauseAfter, GrowsToABound) {
  EXPECT_EQ(pause_after(1, 1), Millis(1'000));
  EXPECT_EQ(pause_after(3, 1), Millis(4'000));
  EXPECT_EQ(pause_after(19, 1), Millis(20'000));
  EXPECT_EQ(pause_after(19, 0), Millis(0));
  const auto usual = usual_patience();
  const auto random = usual.random();
  EXPECT_TRUE(random >= 0 && random <= 1);
}

}  // namespace
}  // namespace muster::aws
