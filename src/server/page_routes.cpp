// The paths of the status page. A browser signs in with the personal token as the user name.

#include <fcntl.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "server/access.hpp"
#include "server/answers.hpp"
#include "server/pages.hpp"
#include "server/router.hpp"

namespace muster::server {
namespace {

constexpr std::int64_t kPipelinesShown = 20;
constexpr std::uint64_t kOutputShown = 256 << 10;

const Error kNoSuchStep{ErrorKind::not_found, "there is no such step"};

net::Response html(std::string page) {
  net::Response response{.body = std::move(page)};
  response.headers.set("Content-Type", "text/html; charset=utf-8");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("Content-Security-Policy",
                       "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Referrer-Policy", "no-referrer");
  return response;
}

std::set<std::string> busy_runners(Call& call) {
  std::set<std::string> names;
  for (const auto& item : call.store.catalog().classes(std::nullopt)) {
    for (const auto& runner : call.store.runners().activity(item.resource_class, call.now.wall)) {
      if (runner.busy) names.insert(runner.name);
    }
  }
  return names;
}

Result<Outcome> overview(Call& call) {
  const auto now = call.now.wall;
  return html(overview_page({.fleet = fleet_status(call),
                             .runners = {call.store.runners().list({}, now)},
                             .busy = busy_runners(call),
                             .pipelines = {call.store.pipelines().newest(kPipelinesShown)}},
                            now));
}

Result<Outcome> pipeline(Call& call) {
  const auto id = call.store.pipelines().find(call.parameter("id"));
  if (!id) return Error{ErrorKind::not_found, "there is no such pipeline"};
  return html(pipeline_page(call.store.pipelines().status(*id), call.now.wall));
}

std::string read_end(const std::filesystem::path& path, std::uint64_t from, std::uint64_t length) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text(length, '\0');
  const ssize_t got = file ? ::pread(file.get(), text.data(), length, static_cast<off_t>(from)) : 0;
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return text;
}

Result<Outcome> output(Call& call) {
  const auto& task_id = call.parameter("task");
  const auto latest = call.store.queue().latest_attempt(task_id);
  const auto place = call.store.pipelines().place(task_id);
  const auto position = parse_int(call.parameter("step"));
  if (!latest || !place || !position) return kNoSuchStep;
  const auto step = std::find_if(place->steps.begin(), place->steps.end(),
                                 [&](const auto& one) { return one.index == *position; });
  if (step == place->steps.end()) return kNoSuchStep;

  const store::OutputKey key{task_id, latest->attempt.number, *position};
  const auto size = call.store.outputs().size(key);
  const auto length = std::min(size, kOutputShown);
  return html(output_page({.pipeline_number = place->pipeline_number,
                           .job = place->job,
                           .slice = place->slice,
                           .step = step->name,
                           .text = read_end(call.store.outputs().path(key), size - length, length),
                           .omitted = size - length}));
}

// Who is not known is asked for the token by the browser itself. Other answers say nothing that it
// would ask for: a page that asks by script has a form of its own.
Handler page(Handler handler) {
  return [inner =
              for_person(protocol::Role::read, std::move(handler))](Call& call) -> Result<Outcome> {
    auto outcome = inner(call);
    if (outcome || outcome.error().kind != ErrorKind::unauthenticated) return outcome;
    auto response = error_response(outcome.error());
    response.headers.set("WWW-Authenticate", R"(Basic realm="muster: the token is the user name")");
    return response;
  };
}

}  // namespace

void add_pages(Router& router) {
  router.add("GET", "/", page(overview));
  router.add("GET", "/pipelines/{id}", page(pipeline));
  router.add("GET", "/tasks/{task}/steps/{step}", page(output));
}

}  // namespace muster::server
