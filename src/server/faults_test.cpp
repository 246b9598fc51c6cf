// Faults below SQLite, at every call that it makes while requests are answered: each answer is
// true, a change that was refused is wholly absent, and all goes on when the fault is over.

#include <fstream>
#include <limits>

#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "db/faulty_vfs_for_tests.hpp"
#include "protocol/json.hpp"
#include "server/admission.hpp"
#include "server/answers.hpp"
#include "server/dispatcher.hpp"
#include "server/fake_loop_for_tests.hpp"

namespace muster::server {
namespace {

using namespace std::chrono_literals;
using db::Fault;

constexpr int kUntilHealed = std::numeric_limits<int>::max();
constexpr Millis kLease = 5min;
constexpr Millis kWait = 2s;  // of a request that waits; the clock's step, too
const std::string kClass = "local/a";
const std::string kSource(64, '0');
constexpr std::string_view kConfig =
    R"({"version": 2.1, "jobs": {"j": {"machine": true, "resource_class": "local/a",
        "parallelism": 3, "steps": [{"run": "true"}]}}, "workflows": {"w": {"jobs": ["j"]}}})";

// A request, and how to see whether what it asks for has happened.
struct Operation {
  net::Request request;
  int success = 200;
  std::function<bool()> there;
  std::shared_ptr<FakeExchange> exchange;

  bool done() const { return exchange->response.status == success; }
};

struct Case {
  const char* name;
  std::vector<std::string> operations;
  Fault fault;
  int times;
};

std::vector<Case> cases() {
  const std::vector<std::pair<const char*, std::vector<std::string>>> groups = {
      {"WaitingHeartbeat", {"waiting heartbeat"}},
      {"WaitingClaim", {"waiting claims", "submit"}},
      {"Finish", {"finish"}},
      {"Group", {"output", "heartbeat", "upload", "claim", "step", "submit", "finish"}}};
  std::vector<Case> all;
  for (const auto& [name, operations] : groups) {
    for (const auto fault : {Fault::busy, Fault::io_error, Fault::full, Fault::short_write}) {
      for (const int times : {1, kUntilHealed}) all.push_back({name, operations, fault, times});
    }
  }
  return all;
}

std::string name_of(const testing::TestParamInfo<Case>& info) {
  constexpr const char* kFaults[] = {"Busy", "IoError", "Full", "ShortWrite"};
  return std::string(info.param.name) + kFaults[static_cast<int>(info.param.fault)] +
         (info.param.times == 1 ? "Once" : "UntilHealed");
}

class FaultsTest : public testing::TestWithParam<Case> {
 protected:
  static void SetUpTestSuite() { EXPECT_TRUE(log::configure({.format = log::Format::none})); }

  FaultsTest() {
    open();
    EXPECT_TRUE(store_->catalog().create_class({kClass}));
    token_ = *store_->catalog().create_token({kClass, ""}, clock_.wall())->token;
    personal_ = *store_->catalog().create_token({"", ""}, clock_.wall())->token;
    std::ofstream(store_->sources().path(kSource)) << "PACK";
  }
  ~FaultsTest() override {
    dispatcher_.reset();
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  void open() {
    auto opened = store::Store::open(directory_, kLease);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
    Router router;
    add_agent_routes(router);
    add_pipeline_routes(router);
    dispatcher_.emplace(*store_, std::move(router), clock_, loop_.handle());
  }

  void reopen() {
    store_->keep_service_time(dispatcher_->now().service);
    dispatcher_.reset();
    store_.reset();
    open();
  }

  std::int64_t number(std::string_view sql, const std::string& argument) {
    auto rows = store_->database().query(sql, argument);
    return rows.next() ? rows.integer(0) : 0;
  }

  static net::Request request(const std::string& method, const std::string& path,
                              const std::string& token, std::string body) {
    net::Request made{.method = method, .path = path, .body = std::move(body)};
    made.headers.set("Authorization", "Bearer " + token);
    return made;
  }

  static net::Request about(const protocol::ClaimedTask& task, const std::string& method,
                            const std::string& what, std::string body) {
    return request(method,
                   "/api/muster/v1/tasks/" + task.task_id + "/attempts/" +
                       std::to_string(task.attempt) + "/" + what,
                   task.token, std::move(body));
  }

  Operation submit(const std::string& subject) {
    const protocol::SubmitPipeline pipeline{"p",     "main",  std::string(40, 'a'),
                                            kSource, subject, std::string(kConfig)};
    return {request("POST", "/api/muster/v1/pipelines", personal_, protocol::to_json(pipeline)),
            201, [this, subject] {
              return number("SELECT count(*) FROM pipeline WHERE subject = ?", subject) == 1;
            }};
  }

  Operation claim(Millis wait) {
    const protocol::ClaimRequest asked{new_uuid(), "r", "h", "v", wait.count()};
    return {request("POST", "/api/muster/v1/claim", token_, protocol::to_json(asked)), 200,
            [this, id = asked.request_id] {
              return number(
                         "SELECT count(*) FROM claim JOIN task ON task.id = claim.task_id "
                         "WHERE request_id = ? AND task.state = 'running'",
                         id) == 1;
            }};
  }

  Operation heartbeat(const protocol::ClaimedTask& task, Millis wait) {
    const auto lease = [this, id = task.task_id] {
      return number("SELECT lease_until FROM task WHERE id = ?", id);
    };
    // As time stands still after a fault, it may be renewed to no more than it was.
    store_->database().execute("UPDATE task SET lease_until = lease_until - 1 WHERE id = ?",
                               task.task_id);
    return {about(task, "POST", "heartbeat",
                  protocol::to_json(protocol::HeartbeatRequest{wait.count()})),
            200, [lease, before = lease()] { return lease() > before; }};
  }

  Operation step(const protocol::ClaimedTask& task) {
    const protocol::StepUpdate update{.name = "s", .state = protocol::StepState::running};
    return {about(task, "POST", "steps/0", protocol::to_json(update)), 204,
            [this, id = task.task_id] {
              return number("SELECT count(*) FROM step WHERE task_id = ?", id) == 1;
            }};
  }

  Operation output(const protocol::ClaimedTask& task) {
    auto asked = about(task, "PUT", "steps/0/output", "hello");
    asked.query = "offset=0";
    return {std::move(asked), 200, [this, key = store::OutputKey{task.task_id, task.attempt, 0}] {
              return store_->outputs().size(key) == 5;
            }};
  }

  // Files are in no transaction: one that a group had taken before it was undone is kept.
  Operation upload() {
    const auto sha256 = sha256_hex(new_uuid());
    auto asked = request("PUT", "/api/muster/v1/sources/" + sha256, personal_, "");
    asked.body_file = store_->uploads() / sha256;
    asked.body_sha256 = sha256;
    return {std::move(asked), 201, [this, sha256] { return store_->sources().has(sha256); }};
  }

  Operation source(const protocol::ClaimedTask& task) {
    return {about(task, "GET", "source", ""), 200, [] { return true; }};
  }

  Operation finish(const protocol::ClaimedTask& task) {
    return {about(task, "POST", "finish",
                  protocol::to_json(protocol::FinishRequest{protocol::TaskResult::success, ""})),
            204, [this, id = task.task_id] {
              return number("SELECT state = 'success' FROM task WHERE id = ?", id) == 1;
            }};
  }

  void ask(Operation& operation) {
    operation.exchange = std::make_shared<FakeExchange>();
    if (const auto& body = operation.request.body_file) std::ofstream(*body) << "PACK";
    dispatcher_->submit(operation.request, operation.exchange);
  }

  protocol::ClaimedTask claimed() {
    auto operation = claim(0s);
    ask(operation);
    loop_.run();
    EXPECT_EQ(operation.exchange->response.status, 200) << operation.exchange->response.body;
    return *protocol::from_json<protocol::ClaimedTask>(operation.exchange->response.body);
  }

  // A pipeline of three tasks, of which two run; and what is to be asked about them.
  std::vector<Operation> prepare(const std::vector<std::string>& names) {
    auto pipeline = submit(new_uuid());
    ask(pipeline);
    loop_.run();
    const auto first = claimed();
    const auto second = claimed();
    loop_.advance(kWait);
    std::vector<Operation> operations;
    for (const auto& name : names) {
      if (name == "submit") operations.push_back(submit(new_uuid()));
      if (name == "claim") operations.push_back(claim(0s));
      if (name == "heartbeat") operations.push_back(heartbeat(first, 0s));
      if (name == "waiting heartbeat") operations.push_back(heartbeat(first, kWait));
      if (name == "step") operations.push_back(step(first));
      if (name == "output") operations.push_back(output(first));
      if (name == "upload") operations.push_back(upload());
      if (name == "source") operations.push_back(source(first));
      if (name == "finish") operations.push_back(finish(second));
      if (name == "waiting claims") {
        while (store_->queue().unclaimed(kClass) > 0) claimed();
        for (int i = 0; i < 2; ++i) operations.push_back(claim(kWait));
      }
    }
    return operations;
  }

  void expect_whole() {
    auto& database = store_->database();
    {
      auto rows = database.query("PRAGMA integrity_check");
      rows.next();
      EXPECT_EQ(rows.text(0), "ok");
    }
    EXPECT_FALSE(database.query("PRAGMA foreign_key_check").next());
    EXPECT_EQ(number("SELECT count(*) FROM pipeline WHERE 3 != (SELECT count(*) FROM task "
                     "JOIN job ON job.id = task.job_id JOIN workflow ON workflow.id = "
                     "job.workflow_id WHERE workflow.pipeline_id = pipeline.id) AND ? = ''",
                     ""),
              0);
    EXPECT_EQ(number("SELECT count(*) FROM task WHERE state = 'running' AND NOT EXISTS (SELECT 1 "
                     "FROM claim WHERE task_id = task.id AND claim.attempt = task.attempt) "
                     "AND ? = ''",
                     ""),
              0);
  }

  void expect_true_answers(const std::vector<Operation>& operations) {
    for (const auto& operation : operations) {
      SCOPED_TRACE(operation.request.path);
      EXPECT_EQ(operation.exchange->sent, 1);
      const bool file = operation.request.method == "PUT";  // files are in no transaction
      if (operation.done() || !file) {
        EXPECT_EQ(operation.done(), operation.there()) << operation.exchange->response.body;
      }
    }
  }

  // What was refused is asked again, as whoever asked would.
  void expect_it_goes_on(std::vector<Operation>& operations) {
    std::vector<Operation> refused;
    for (const auto& operation : operations) {
      if (!operation.done()) refused.push_back(operation);
    }
    for (auto& operation : refused) ask(operation);
    loop_.run();
    loop_.advance(kWait);
    for (const auto& operation : refused) {
      EXPECT_TRUE(operation.done()) << operation.exchange->response.body;
    }
    expect_true_answers(refused);
  }

  // One more turn of the test: whether the fault has come to be.
  bool turn(int nth) {
    auto operations = prepare(GetParam().operations);
    store_->database().run_script("PRAGMA shrink_memory");  // so that it reads, too
    vfs_.fail(GetParam().fault, nth, GetParam().times);
    for (auto& operation : operations) ask(operation);
    loop_.run();
    const bool struck = vfs_.struck();
    vfs_.heal();
    loop_.advance(kWait);

    expect_true_answers(operations);
    expect_whole();
    if (nth % 2 == 0) reopen();
    if (nth % 2 == 0) expect_true_answers(operations);
    expect_it_goes_on(operations);
    expect_whole();
    return struck;
  }

  std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("muster-faults-" + random_hex(6));
  db::FaultyVfs vfs_;
  ManualClock clock_;
  FakeLoop loop_{clock_};
  std::unique_ptr<store::Store> store_;
  std::optional<Dispatcher> dispatcher_;
  std::string token_, personal_;
};

TEST_P(FaultsTest, EachAnswerIsTrue) {
  int nth = 1;
  while (!HasFailure()) {
    SCOPED_TRACE("the fault is at call " + std::to_string(nth));
    if (!turn(nth)) break;
    ++nth;
  }
  EXPECT_GT(nth, 1) << "no call was hindered";
}

// 401, 403, 404 and 409 tell an agent that its attempt is over. No fault of ours may say so.
TEST_P(FaultsTest, NoFaultTellsAnAgentThatItsAttemptIsOver) {
  const auto heads = prepare({"output", "claim"});  // who asks is looked up for the second alone
  const auto& head = heads[1].request;
  EXPECT_TRUE(std::holds_alternative<net::BodyPolicy>(
      Admission(0).admit(*store_, heads[0].request, {clock_.monotonic(), clock_.wall()})));
  int nth = 1;
  for (bool struck = true; struck && nth < 100; ++nth) {
    store_->database().run_script("PRAGMA shrink_memory");
    vfs_.fail(GetParam().fault, nth, GetParam().times);
    const auto admitted = Admission(0).admit(*store_, head, {clock_.monotonic(), clock_.wall()});
    struck = vfs_.struck();
    vfs_.heal();
    if (const auto* refused = std::get_if<net::Response>(&admitted)) {
      EXPECT_GE(refused->status, 500) << refused->body;
    }
  }
}

using OutputFaultsTest = FaultsTest;

TEST_P(OutputFaultsTest, NorDoesAFileThatCannotBeOpened) {
  auto operation = prepare({"output"})[0];
  const auto parts = split(operation.request.path, '/');
  const auto place = store_->directory() / "output" / parts.at(5);
  std::filesystem::create_directories(place);
  std::filesystem::create_symlink("nowhere/at/all", place / "1.0.log");
  ask(operation);
  loop_.run();
  EXPECT_EQ(operation.exchange->response.status, 500) << operation.exchange->response.body;
}

using FullDiskTest = FaultsTest;

TEST_P(FullDiskTest, WhatOnlyReadsIsAnswered) {
  auto operations = prepare({"finish", "source"});
  vfs_.fail(Fault::full, 1, kUntilHealed);
  for (auto& operation : operations) ask(operation);
  loop_.run();
  EXPECT_EQ(operations[0].exchange->response.status, 507);
  EXPECT_EQ(operations[1].exchange->response.status, 200);
}

TEST_P(FullDiskTest, WhatOnlyReadsIsAnsweredBesideATickThatCannotWrite) {
  auto source = prepare({"source"})[0];
  vfs_.fail(Fault::full, 1, kUntilHealed);
  dispatcher_->submit(
      [](store::Store& open, const store::Now& now) { open.keep_service_time(now.service); });
  ask(source);
  loop_.run();
  EXPECT_EQ(source.exchange->response.status, 200);
}

TEST_P(FullDiskTest, WhoIsSignedInStillReads) {
  const auto owner = store_->catalog().authenticate(personal_);
  const auto begun = store_->sessions().begin(*owner, clock_.wall());
  vfs_.fail(Fault::full, 1, kUntilHealed);
  clock_.advance(1h);  // so that it is a use that was not yet written down
  dispatcher_->submit([](store::Store& open, const store::Now&) { open.sessions().keep_uses(); });
  const auto exchange = std::make_shared<FakeExchange>();
  net::Request reading{.method = "GET", .path = "/api/muster/v1/pipelines"};
  reading.headers.set("Cookie", "muster_session=" + begun.secret);
  dispatcher_->submit(std::move(reading), exchange);
  loop_.run();
  EXPECT_EQ(exchange->response.status, 200);
}

TEST_P(FullDiskTest, NoLeaseGrowsOlder) {
  auto heartbeat = prepare({"heartbeat"})[0];
  const auto tick = [](store::Store& open, const store::Now& now) {
    open.queue().end_lapsed(now);
    open.keep_service_time(now.service);
  };
  const auto pass = [&](Millis time) {
    for (; time > 0s; time -= 1s) {
      dispatcher_->submit(tick);
      loop_.advance(1s);
    }
  };
  vfs_.fail(Fault::full, 1, kUntilHealed);
  pass(2 * kLease);
  ask(heartbeat);
  loop_.run();
  EXPECT_EQ(heartbeat.exchange->response.status, 507);
  vfs_.heal();
  pass(kLease / 2);
  ask(heartbeat);
  loop_.run();
  EXPECT_EQ(heartbeat.exchange->response.status, 200);
  pass(kLease + 1s);
  ask(heartbeat);
  loop_.run();
  EXPECT_EQ(heartbeat.exchange->response.status, 409) << "then it is counted again";
}

INSTANTIATE_TEST_SUITE_P(One, FullDiskTest, testing::Values(cases()[0]), name_of);
INSTANTIATE_TEST_SUITE_P(One, OutputFaultsTest, testing::Values(cases()[0]), name_of);
INSTANTIATE_TEST_SUITE_P(Every, FaultsTest, testing::ValuesIn(cases()), name_of);

}  // namespace
}  // namespace muster::server
