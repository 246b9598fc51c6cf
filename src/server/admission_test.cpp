#include "server/admission.hpp"

#include <gtest/gtest.h>

#include "base/crypto.hpp"

namespace muster::server {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kPerSecond = 100;
constexpr int kAtOnce = 2 * kPerSecond;
const std::string kSource = "/api/muster/v1/sources/" + std::string(64, '0');

class AdmissionTest : public testing::Test {
 protected:
  AdmissionTest() {
    store_ = *store::Store::open(directory_, 5min);
    EXPECT_TRUE(store_->catalog().create_class({"local/a"}));
    class_token_ = *store_->catalog().create_token({"local/a", ""}, WallTime{})->token;
    personal_ = *store_->catalog().create_token({"", ""}, WallTime{})->token;
    task_token_ = claim(1);
    other_task_token_ = claim(2);
  }
  ~AdmissionTest() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  // The token of a task that runs; its path, too.
  std::string claim(int nth) {
    const pipeline::Job job{.name = "j", .resource_class = "local/a"};
    store_->pipelines().create({.project = "p"}, {{{"j", job}}, {{"w", {{"j", "j", {}}}}}}, {});
    const auto claimed = store_->queue().claim("local/a", {std::to_string(nth), "r", "h", "v"}, {});
    task_ = "/api/muster/v1/tasks/" + (*claimed)->task_id + "/attempts/1";
    return (*claimed)->token;
  }

  static net::Request head(const std::string& method, const std::string& path,
                           const std::string& token, const std::string& length = "") {
    net::Request made{.method = method, .path = path, .peer = "10.0.0.1"};
    if (!token.empty()) made.headers.set("Authorization", "Bearer " + token);
    if (!length.empty()) made.headers.set("Content-Length", length);
    return made;
  }

  std::string begin_session(protocol::Role role) {
    const auto made = store_->catalog().create_token({"", "", std::nullopt, role}, wall_);
    return store_->sessions().begin(*store_->catalog().token(made->id), wall_).secret;
  }

  static net::Request with_cookie(const std::string& method, const std::string& path,
                                  const std::string& secret, const std::string& length = "") {
    auto made = head(method, path, "", length);
    made.headers.set("Cookie", "muster_session=" + secret);
    return made;
  }

  // 200: its body is read, and it is handled.
  int status(const net::Request& asked) {
    admitted_ = admission_.admit(*store_, asked, {now_, wall_});
    const auto* refused = std::get_if<net::Response>(&admitted_);
    return refused == nullptr ? 200 : refused->status;
  }
  const net::BodyPolicy& policy() const { return std::get<net::BodyPolicy>(admitted_); }

  std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("muster-admission-" + random_hex(6));
  std::unique_ptr<store::Store> store_;
  Admission admission_{kPerSecond};
  MonotonicTime now_{1000s};
  WallTime wall_ = *parse_rfc3339("2026-12-01T00:00:00Z");
  std::variant<net::BodyPolicy, net::Response> admitted_;
  std::string class_token_, personal_, task_token_, other_task_token_;
  std::string task_;  // of the second
};

TEST_F(AdmissionTest, SaysWhoIsNoStranger) {
  for (const auto& token : {class_token_, personal_, task_token_}) {
    ASSERT_EQ(status(head("GET", "/", token)), 200);
    EXPECT_TRUE(policy().known);
  }
  for (const auto& token : {std::string(), "x" + class_token_}) {
    ASSERT_EQ(status(head("GET", "/", token)), 200);
    EXPECT_FALSE(policy().known);
  }
}

TEST_F(AdmissionTest, ASourceIsTakenFromAPersonAlone) {
  EXPECT_EQ(status(head("PUT", kSource, personal_, "1000000")), 200);
  EXPECT_EQ(policy().limit, 1U << 30);
  EXPECT_EQ(policy().spool, store_->uploads());
  EXPECT_EQ(status(head("PUT", kSource, class_token_, "1000000")), 403);
  EXPECT_EQ(status(head("PUT", kSource, task_token_, "1000000")), 403);
  EXPECT_EQ(status(head("PUT", kSource, "mup_x", "1000000")), 401);
}

TEST_F(AdmissionTest, NothingElseIsSpooled) {
  for (const auto& [method, path] : {std::pair<std::string, std::string>{"POST", kSource},
                                     {"PUT", kSource + "/more"},
                                     {"PUT", "/api/muster/v1/sources/x"},
                                     {"PUT", "/api/muster/v1/sources/"}}) {
    EXPECT_EQ(status(head(method, path, personal_, "5")), 200) << path;
    EXPECT_FALSE(policy().spool) << path;
    EXPECT_EQ(policy().limit, 64U << 10) << path;
  }
}

TEST_F(AdmissionTest, ASubmissionIsTakenFromAPersonAlone) {
  const std::string path = "/api/muster/v1/pipelines";
  EXPECT_EQ(status(head("POST", path, personal_, "1000000")), 200);
  EXPECT_EQ(policy().limit, 8U << 20);
  EXPECT_EQ(status(head("POST", path, class_token_, "1000000")), 403);
  EXPECT_EQ(status(head("POST", path, task_token_, "1000000")), 403);
}

TEST_F(AdmissionTest, OutputIsTakenFromItsAttemptAlone) {
  const auto path = task_ + "/steps/0/output";
  EXPECT_EQ(status(head("PUT", path, other_task_token_, "1000000")), 200);
  EXPECT_EQ(policy().limit, 4U << 20);
  EXPECT_EQ(status(head("PUT", path, task_token_, "1000000")), 403) << "it is another one's";
  EXPECT_EQ(status(head("PUT", path, class_token_, "1000000")), 401);
  EXPECT_EQ(status(head("PUT", path, personal_, "1000000")), 401);
}

TEST_F(AdmissionTest, OfAStrangerNoBodyIsRead) {
  const std::string path = "/api/muster/v1/claim";
  EXPECT_EQ(status(head("POST", path, "", "5")), 401);
  EXPECT_EQ(status(head("POST", path, "muc_made-up", "5")), 401);
  auto chunked = head("POST", path, "");
  chunked.headers.set("Transfer-Encoding", "chunked");
  EXPECT_EQ(status(chunked), 401);
  EXPECT_EQ(status(head("POST", path, class_token_, "5")), 200);
  EXPECT_EQ(status(head("GET", "/api/muster/v1/health", "")), 200);
  EXPECT_EQ(status(head("GET", "/api/muster/v1/health", "", "0")), 200);
}

TEST_F(AdmissionTest, OfAStrangerWhoSignsInALittleIsRead) {
  const std::string path = "/api/muster/v1/session";
  EXPECT_EQ(status(head("POST", path, "", "5")), 200);
  EXPECT_EQ(policy().limit, 1U << 10);
  EXPECT_FALSE(policy().spool);
  EXPECT_FALSE(policy().known);
  EXPECT_EQ(status(head("PUT", path, "", "5")), 401);
  EXPECT_EQ(status(head("POST", path + "/more", "", "5")), 401);
}

TEST_F(AdmissionTest, WhoIsSignedInIsNoStranger) {
  const auto secret = begin_session(protocol::Role::run);
  EXPECT_EQ(status(with_cookie("GET", "/", secret)), 200);
  EXPECT_TRUE(policy().known);
  auto submission = with_cookie("POST", "/api/muster/v1/pipelines", secret, "1000000");
  EXPECT_EQ(status(submission), 403) << "another site could have had it sent";
  submission.headers.set("Muster-Request", "1");
  EXPECT_EQ(status(submission), 200);
  EXPECT_EQ(policy().limit, 8U << 20);
  EXPECT_EQ(status(with_cookie("POST", "/api/muster/v1/token", secret + "0", "5")), 401);
}

TEST_F(AdmissionTest, AReadersSubmissionIsNotRead) {
  auto submission = with_cookie("POST", "/api/muster/v1/pipelines",
                                begin_session(protocol::Role::read), "1000000");
  submission.headers.set("Muster-Request", "1");
  EXPECT_EQ(status(submission), 403);
}

TEST_F(AdmissionTest, TheCookieOfASessionIsNoToken) {
  const auto secret = begin_session(protocol::Role::admin);
  EXPECT_EQ(status(head("POST", "/api/muster/v1/token", secret, "5")), 401);
  EXPECT_EQ(status(with_cookie("POST", "/api/muster/v1/token", personal_, "5")), 401);
}

// A browser that knows the token as a password sends it along by itself.
TEST_F(AdmissionTest, BesideAPasswordTheCookieOfASessionThatLastsCounts) {
  auto both = with_cookie("GET", "/", "long over");
  both.headers.set("Authorization", "Basic " + base64_encode(personal_ + ":"));
  EXPECT_EQ(status(both), 200);
  EXPECT_TRUE(policy().known);
  both.headers.set("Authorization", "Basic " + base64_encode("mup_revoked:"));
  EXPECT_EQ(status(both), 200);
  EXPECT_FALSE(policy().known);
  both.headers.set("Cookie", "muster_session=" + begin_session(protocol::Role::read));
  EXPECT_EQ(status(both), 200);
  EXPECT_TRUE(policy().known);
  both.headers.set("Authorization", "Bearer mup_revoked");
  EXPECT_EQ(status(both), 200);
  EXPECT_FALSE(policy().known) << "a token that was put there counts alone";
}

TEST_F(AdmissionTest, AMadeUpTokenCountsForItsAddressAndNotForTheKnown) {
  int handled = 0;
  for (int i = 0; i < 10 * kAtOnce; ++i) {
    const auto token = (i % 2 == 0 ? "mup_" : "muc_") + std::to_string(i);
    handled += status(head("GET", "/", token)) == 200 ? 1 : 0;
  }
  EXPECT_EQ(handled, kAtOnce);
  EXPECT_EQ(status(head("GET", "/", "")), 429);
  for (const auto& path : {kSource, task_ + "/steps/0/output"}) {
    EXPECT_EQ(status(head("PUT", path, "mut_x.1.y", "1000000")), 429) << "refused heads count, too";
  }
  for (const auto& token : {personal_, class_token_, task_token_}) {
    EXPECT_EQ(status(head("GET", "/", token)), 200) << "others at a proxy's address";
  }
}

TEST_F(AdmissionTest, AKnownTokenHasARateOfItsOwn) {
  int handled = 0;
  for (int i = 0; i < 2 * kAtOnce; ++i) {
    handled += status(head("GET", "/", class_token_)) == 200 ? 1 : 0;
  }
  EXPECT_EQ(handled, kAtOnce);
  EXPECT_EQ(std::get<net::Response>(admitted_).headers.get("Retry-After"), "1");
  EXPECT_EQ(status(head("GET", "/", personal_)), 200);
}

TEST_F(AdmissionTest, ARevokedTokenIsAStrangersSoon) {
  const auto made = store_->catalog().create_token({"local/a", ""}, WallTime{});
  ASSERT_EQ(status(head("POST", "/api/muster/v1/claim", *made->token, "5")), 200);
  ASSERT_TRUE(store_->catalog().revoke_token(made->id, false));
  now_ += 10s;
  EXPECT_EQ(status(head("POST", "/api/muster/v1/claim", *made->token, "5")), 401);
}

}  // namespace
}  // namespace muster::server
