// Requests to the server, one after another, as its handlers see them: admission, routes, access,
// the store on disk. An input has for each request a line and a body, up to a line of two hyphens:
//
//   POST /api/muster/v1/claim class
//   {"request_id":"a","name":"r","hostname":"h","version":"v"}
//   --
//   POST /api/muster/v1/tasks/@task/attempts/1/finish task
//   {"result":"success"}
//
// The third word says whose token is sent; a fourth is the header Range. @task and the like stand
// for ids that nobody can guess. Every request is answered once, and none by a fault of ours.

#include <fstream>

#include <fmt/core.h>

#include "base/log.hpp"
#include "fuzz/check.hpp"
#include "fuzz/scratch.hpp"
#include "protocol/json.hpp"
#include "server/admission.hpp"
#include "server/dispatcher.hpp"
#include "server/fake_loop_for_tests.hpp"

namespace muster::fuzz {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow{std::chrono::sys_days{std::chrono::year{2024} / 5 / 15}};
constexpr std::size_t kMostRequests = 20;

// A server with a class, tokens, and a pipeline: of its tasks one runs, one waits and one is
// blocked.
class World {
 public:
  World() {
    auto opened = store::Store::open(scratch_.path() / "data", 5min);
    check(opened.has_value(), "a store can be opened");
    store_ = *std::move(opened);
    server::Router router;
    server::add_runner_routes(router);
    server::add_agent_routes(router);
    server::add_pipeline_routes(router);
    server::add_scaler_routes(router);
    server::add_session_routes(router, false);
    server::add_audit_routes(router);
    server::add_drain_routes(router);
    server::add_pages(router);
    dispatcher_.emplace(*store_, std::move(router), clock_, loop_.handle());
    fill();
    made_ = writes();
  }

  void request(std::string_view line, std::string body);
  bool changed() { return writes() != made_; }

 private:
  void fill();
  std::int64_t writes() {
    auto rows = store_->database().query("SELECT total_changes()");
    rows.next();
    return rows.integer(0);
  }
  std::string with_ids(std::string text) const;
  net::Response answer(net::Request request);

  Scratch scratch_;
  ManualClock clock_{kNow};
  server::FakeLoop loop_{clock_};
  std::unique_ptr<store::Store> store_;
  std::optional<server::Dispatcher> dispatcher_;
  server::Admission admission_{0};
  std::map<std::string, std::string> ids_;     // "@task"
  std::map<std::string, std::string> tokens_;  // "class"
  std::int64_t made_ = 0;
};

void World::fill() {
  db::Transaction transaction(store_->database());
  ids_["@class"] = store_->catalog().create_class({"local/a"})->id;
  tokens_["class"] = *store_->catalog().create_token({"local/a", ""}, kNow)->token;
  tokens_["personal"] =
      *store_->catalog().create_token({"", "", std::nullopt, protocol::Role::admin}, kNow)->token;
  ids_["@token"] = store_->catalog().tokens("local/a").front().id;

  pipeline::Job job{.name = "j", .resource_class = "local/a", .parallelism = 2};
  job.steps.emplace_back(pipeline::RunStep{.name = "s", .command = "true"});
  const pipeline::Config config{{{"j", job}}, {{"w", {{"j", "j", {}}, {"k", "j", {"j"}}}}}};
  ids_["@pipeline"] = store_->pipelines().create({.project = "p"}, config, kNow).id;
  const auto claimed = store_->queue().claim("local/a", {"claim-1", "r", "h", "v"}, {kNow, {}});
  check(claimed && *claimed, "a task can be claimed");
  ids_["@task"] = (*claimed)->task_id;
  tokens_["task"] = (*claimed)->token;
  const store::OutputKey step{(*claimed)->task_id, 1, 0};
  check(store_->outputs().append(step, 0, "hello\n").has_value(), "output can be kept");

  const auto pack = store_->uploads() / "pack";
  std::ofstream(pack) << "pack";
  ids_["@source"] = sha256_hex("pack");
  check(store_->sources().accept(pack, ids_["@source"], ids_["@source"]).has_value(),
        "a source can be kept");
  transaction.commit();
}

std::string World::with_ids(std::string text) const {
  for (const auto& [name, id] : ids_) {
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + id.size())) {
      text.replace(at, name.size(), id);
    }
  }
  return text;
}

// As the HTTP server does it: admission, the body, the handler; and all time that it wants.
net::Response World::answer(net::Request request) {
  auto admitted = admission_.admit(*store_, request, {clock_.monotonic(), clock_.wall()});
  if (auto* refusal = std::get_if<net::Response>(&admitted)) return std::move(*refusal);
  const auto& policy = std::get<net::BodyPolicy>(admitted);
  if (request.body.size() > policy.limit) return {.status = 413};
  if (policy.spool) {
    request.body_file = *policy.spool / "body";
    std::ofstream(*request.body_file, std::ios::binary) << request.body;
    request.body_sha256 = sha256_hex(request.body);
    request.body.clear();
  }
  const auto exchange = std::make_shared<server::FakeExchange>();
  dispatcher_->submit(std::move(request), exchange);
  loop_.run();
  for (int waited = 0; exchange->sent == 0 && waited < 3; ++waited) loop_.advance(60s);
  check(exchange->sent == 1, "a request is answered once, in time");
  check(dispatcher_->parked() == 0, "nothing stays parked");
  return exchange->response;
}

void check_answer(const net::Response& response) {
  const int status = response.status;
  check(status >= 200 && status < 500, "a request is no fault of ours", response.body);
  for (const auto& [name, value] : response.headers.all()) {
    check(net::is_one_line(value), "a header is one line", value);
  }
  check_harmless(response.body, "an answer is text without control characters");
  if (status >= 400 && status != 413 && response.body.starts_with('{')) {
    const auto message = protocol::from_json<protocol::Message>(response.body);
    const auto size = protocol::from_json<protocol::OutputAnswer>(response.body);
    check(message || (status == 416 && size), "an error is a message", response.body);
  }
  if (status != 206) return;
  check(response.file && response.file->length > 0, "a part of a file is not empty");
  const auto range = response.headers.get("Content-Range").value_or("");
  const auto last = response.file->offset + response.file->length - 1;
  check(range.starts_with(fmt::format("bytes {}-{}/", response.file->offset, last)),
        "a part of a file is as it says", range);
}

void World::request(std::string_view line, std::string body) {
  const auto words = split(line, ' ');
  if (words.size() < 2) return;
  const auto target = with_ids(words[1]);
  const auto mark = std::min(target.find('?'), target.size());
  const auto path = net::decode_component(std::string_view(target).substr(0, mark));
  if (!path || !path->starts_with('/')) return;
  net::Request request{.method = words[0],
                       .path = *path,
                       .query = target.substr(std::min(mark + 1, target.size())),
                       .body = with_ids(std::move(body)),
                       .peer = "127.0.0.1"};
  if (words.size() > 2 && tokens_.contains(words[2])) {
    request.headers.set("Authorization", "Bearer " + tokens_.at(words[2]));
  }
  if (words.size() > 3 && net::is_one_line(words[3])) request.headers.set("Range", words[3]);
  check_answer(answer(std::move(request)));
}

// The lines up to one of two hyphens, which are taken off `text`.
std::pair<std::string_view, std::string> take_request(std::string_view& text) {
  constexpr std::string_view kEnd = "\n--\n";
  const auto end = std::min(text.find(kEnd), text.size());
  const auto request = text.substr(0, end);
  text.remove_prefix(std::min(end + kEnd.size(), text.size()));
  const auto line_end = std::min(request.find('\n'), request.size());
  return {request.substr(0, line_end),
          std::string(request.substr(std::min(line_end + 1, request.size())))};
}

}  // namespace
}  // namespace muster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster;
  static const bool quiet = log::configure({.format = log::Format::none}).has_value();
  fuzz::check(quiet, "the log can be set");
  static std::optional<fuzz::World> world;
  if (!world || world->changed()) {  // each input finds the same
    world.reset();
    world.emplace();
  }
  auto text = fuzz::text_of(data, size);
  for (std::size_t count = 0; !text.empty() && count < fuzz::kMostRequests; ++count) {
    auto [line, body] = fuzz::take_request(text);
    world->request(line, std::move(body));
  }
  return 0;
}
