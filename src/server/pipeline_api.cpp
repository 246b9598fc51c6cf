// What a client says: sources and pipelines in, their status and output out.

#include <tuple>

#include <fmt/core.h>

#include "base/log.hpp"
#include "base/text.hpp"
#include "pipeline/compile.hpp"
#include "server/access.hpp"
#include "server/answers.hpp"
#include "server/audit.hpp"
#include "server/router.hpp"
#include "server/topics.hpp"

namespace muster::server {
namespace {

using protocol::Role;

constexpr std::int64_t kMostPipelines = 100;
constexpr std::uint64_t kLongestSlice = 8 << 20;  // of output, in one answer
constexpr std::size_t kLongestName = 500;
constexpr std::int64_t kMostQueued = 50'000;  // tasks, when another pipeline is submitted

Result<Outcome> accept_source(Call& call) {
  const auto& sha256 = call.parameter("sha256");
  if (!store::is_sha256(sha256)) {
    return Error{ErrorKind::invalid, "a source is named by its SHA-256, in lower-case hex"};
  }
  if (!call.request.body_file) return Error{ErrorKind::invalid, "the source is empty"};
  const auto& [body_file, body_sha256] = std::tie(call.request.body_file, call.request.body_sha256);
  if (auto kept = call.store.sources().accept(*body_file, body_sha256, sha256); !kept) {
    return kept.error();
  }
  return json_response(201, R"({"message":"Accepted."})");
}

net::Response refuse_config(const yaml::Problems& problems) {
  protocol::ConfigRefused refused{yaml::to_error(problems).message, {}};
  for (const auto& problem : problems) {
    refused.errors.push_back({problem.at.line, problem.at.column, problem.path, problem.message});
  }
  return answer(400, refused);
}

// Where the text says it, so that a person finds it: jobs.NAME.resource_class.
yaml::Position position_of_class(const yaml::Value& document, const std::string& job) {
  const auto* jobs = document.find("jobs");
  const auto* named = jobs == nullptr ? nullptr : jobs->find(job);
  const auto* value = named == nullptr ? nullptr : named->find("resource_class");
  return value == nullptr ? yaml::Position{} : value->at;
}

yaml::Problems unknown_classes(const Call& call, const std::string& text,
                               const pipeline::Config& config) {
  yaml::Problems problems;
  for (const auto& [name, job] : config.jobs) {
    if (call.store.catalog().has_class(job.resource_class)) continue;
    const auto document = yaml::parse_located(text, {.bytes = pipeline::kLongestConfig});
    problems.push_back(
        {document ? position_of_class(*document, name) : yaml::Position{},
         fmt::format("jobs.{}.resource_class", name),
         fmt::format("there is no class {0}; make it with 'muster resource-class create {0}'",
                     job.resource_class)});
  }
  return problems;
}

Result<void> check_submission(const Call& call, const protocol::SubmitPipeline& submission) {
  const bool hex = submission.revision.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (submission.revision.size() != 40 || !hex) {
    return Error{ErrorKind::invalid, "revision is a commit id: 40 lower-case hex digits"};
  }
  if (submission.project.size() > kLongestName || submission.branch.size() > kLongestName ||
      submission.subject.size() > kLongestName) {
    return Error{ErrorKind::invalid,
                 fmt::format("project, branch and subject have at most {} bytes", kLongestName)};
  }
  if (!call.store.sources().has(submission.source_sha256)) {
    return Error{ErrorKind::invalid, "the source is not here; upload it before the pipeline"};
  }
  return ok();
}

// So that what is forgotten, or sent by a loop, does not make every answer about the queue slow.
Result<void> check_queue(const Call& call) {
  if (call.store.queue().queued_at_least(kMostQueued)) {
    return Error{ErrorKind::conflict,
                 fmt::format("the queue is full: {} tasks wait already; let some be run, or cancel "
                             "their pipelines with 'muster pipeline cancel ID'",
                             kMostQueued)};
  }
  return ok();
}

Result<Outcome> create_pipeline(Call& call) {
  const auto submission = body_of<protocol::SubmitPipeline>(call);
  if (!submission) return submission.error();
  const auto compiled = pipeline::compile(submission->config);
  if (const auto* problems = std::get_if<yaml::Problems>(&compiled)) {
    return refuse_config(*problems);
  }
  if (auto good = check_submission(call, *submission); !good) return good.error();
  if (auto room = check_queue(call); !room) return room.error();
  const auto& config = std::get<pipeline::Config>(compiled);
  if (const auto problems = unknown_classes(call, submission->config, config); !problems.empty()) {
    return refuse_config(problems);
  }
  const auto created = call.store.pipelines().create(*submission, config, call.now.wall);
  note(call, "pipeline.submitted", created.id,
       fmt::format("number {}, {}, {}", created.number, printable(submission->project, 80),
                   printable(submission->branch, 80)));
  call.store.after_commit([created, project = submission->project] {
    log::info("pipeline created", {{"pipeline", created.id},
                                   {"number", std::to_string(created.number)},
                                   {"project", project}});
  });
  return answer(201, created);
}

Result<std::string> known_pipeline(const Call& call) {
  const auto id = call.store.pipelines().find(call.parameter("id"));
  if (!id) {
    return Error{ErrorKind::not_found,
                 fmt::format("there is no pipeline {}", printable(call.parameter("id")))};
  }
  return *id;
}

Result<Outcome> list_pipelines(Call& call) {
  const auto limit = parse_int(call.query("limit").value_or("20")).value_or(20);
  return answer(200, protocol::PipelineList{call.store.pipelines().newest(
                         std::clamp<std::int64_t>(limit, 1, kMostPipelines))});
}

Result<Outcome> show_pipeline(Call& call) {
  const auto id = known_pipeline(call);
  if (!id) return id.error();
  auto& pipelines = call.store.pipelines();
  if (call.query("expected") == "true") {
    return answer(200, pipelines.foreseen_status(*id, call.now.wall));
  }
  return answer_when_new(call, pipelines.status(*id), {topic::pipeline(*id)});
}

Result<Outcome> cancel_pipeline(Call& call) {
  const auto id = known_pipeline(call);
  if (!id) return id.error();
  if (call.store.pipelines().cancel(*id, call.now.wall)) {
    note(call, "pipeline.canceled", *id);
    call.store.after_commit([id = *id] { log::info("pipeline canceled", {{"pipeline", id}}); });
  }
  return answer(202, protocol::Message{"Accepted."});
}

Result<Outcome> rerun_pipeline(Call& call) {
  const auto id = known_pipeline(call);
  if (!id) return id.error();
  const auto rerun = body_of<protocol::Rerun>(call);
  if (!rerun) return rerun.error();
  if (auto room = check_queue(call); !room) return room.error();
  auto& pipelines = call.store.pipelines();
  if (auto done = pipelines.rerun(*id, {rerun->workflow_id, rerun->from_failed}, call.now.wall);
      !done) {
    return done.error();
  }
  note(call, "pipeline.rerun", *id, rerun->from_failed ? "from failed" : "");
  call.store.after_commit([id = *id] { log::info("pipeline run again", {{"pipeline", id}}); });
  return answer(202, protocol::Message{"Accepted."});
}

// --- Output ---------------------------------------------------------------------------------

net::Response output_response(const store::OutputFiles& outputs, const store::OutputKey& key,
                              std::uint64_t first, std::uint64_t length, bool partial,
                              bool terminal) {
  net::Response response{.status = partial ? 206 : 200};
  if (length > 0) response.file = net::FileSlice{outputs.path(key), first, length};
  if (partial) {
    response.headers.set("Content-Range", fmt::format("bytes {}-{}/{}", first, first + length - 1,
                                                      outputs.size(key)));
  }
  response.headers.set("Content-Type", "text/plain; charset=utf-8");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Cache-Control", "no-store");
  if (terminal) response.headers.set("X-Terminal", "true");
  return response;
}

Result<Outcome> read_output(Call& call) {
  const auto step = parse_int(call.parameter("step"));
  const auto latest = call.store.queue().latest_attempt(call.parameter("task"));
  const Error nowhere{ErrorKind::not_found, "there is no such step"};
  if (!step || *step < 0 || !latest) return nowhere;

  const store::OutputKey key{latest->attempt.task_id, latest->attempt.number, *step};
  const auto& outputs = call.store.outputs();
  const auto size = outputs.size(key);
  if (size == 0 && !call.store.queue().has_step(*latest, *step)) return nowhere;
  const auto header = call.request.headers.get("Range");
  const auto range = header ? net::parse_range(*header) : std::nullopt;
  const auto first = range ? range->first : 0;
  const bool ended = call.store.queue().has_step_ended(*latest, *step);

  if (first > size) {
    auto response = answer(416, protocol::OutputAnswer{static_cast<std::int64_t>(size)});
    response.headers.set("Content-Range", fmt::format("bytes */{}", size));
    return response;
  }
  if (first == size && range) {
    const auto patience = patience_left(call, wait_asked(call));
    if (!ended && patience > Millis(0)) return Park{{topic::output(key.task_id)}, patience};
    auto response = no_content();
    if (ended) response.headers.set("X-Terminal", "true");
    return response;
  }
  auto length = size - first;
  if (range) {
    if (range->last && *range->last - first < length) length = *range->last - first + 1;
    length = std::min(length, kLongestSlice);
  }
  return output_response(outputs, key, first, length, range.has_value(),
                         ended && first + length == size);
}

}  // namespace

void add_pipeline_routes(Router& router) {
  router.add("PUT", "/api/muster/v1/sources/{sha256}", for_person(Role::run, accept_source));
  router.add("POST", "/api/muster/v1/pipelines", for_person(Role::run, create_pipeline));
  router.add("GET", "/api/muster/v1/pipelines", for_person(Role::read, list_pipelines));
  router.add("GET", "/api/muster/v1/pipelines/{id}", for_person(Role::read, show_pipeline));
  router.add("POST", "/api/muster/v1/pipelines/{id}/cancel",
             for_person(Role::run, cancel_pipeline));
  router.add("POST", "/api/muster/v1/pipelines/{id}/rerun", for_person(Role::run, rerun_pipeline));
  router.add("GET", "/api/muster/v1/tasks/{task}/steps/{step}/output",
             for_person(Role::read, read_output));
}

}  // namespace muster::server
