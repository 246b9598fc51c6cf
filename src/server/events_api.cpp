// Readings as server-sent events: each when it is new, for as long as somebody looks on
// (https://html.spec.whatwg.org/multipage/server-sent-events.html).

#include <set>

#include <fmt/core.h>

#include "base/text.hpp"
#include "protocol/messages.hpp"
#include "server/access.hpp"
#include "server/answers.hpp"
#include "server/router.hpp"
#include "server/topics.hpp"

namespace muster::server {
namespace {

constexpr std::size_t kMostWatched = 8;
constexpr std::int64_t kPipelinesTold = 100;
// A comment then shows both ends, and what is between them, that the other is still there.
constexpr Millis kLongestSilence = std::chrono::seconds(15);
constexpr Millis kTryAgainAfter = std::chrono::seconds(1);

Reading reading(std::string json, std::string topic) {
  auto version = version_of(json);
  return {std::move(json), std::move(version), std::move(topic)};
}

Reading fleet(Call& call) {
  return reading(protocol::to_json(fleet_status(call)), topic::fleet());
}

Reading pipelines(Call& call) {
  const protocol::PipelineList newest{call.store.pipelines().newest(kPipelinesTold)};
  return reading(protocol::to_json(newest), topic::pipelines());
}

Result<Reading> pipeline(Call& call, const std::string& named) {
  const auto id = call.store.pipelines().find(named);
  if (!id) {
    return Error{ErrorKind::not_found, fmt::format("there is no pipeline {}", printable(named))};
  }
  return reading(protocol::to_json(call.store.pipelines().status(*id)), topic::pipeline(*id));
}

Result<Reading> read(Call& call, const std::string& watched) {
  constexpr std::string_view kPipeline = "pipeline:";
  if (watched == "fleet") return fleet(call);
  if (watched == "pipelines") return pipelines(call);
  if (watched.starts_with(kPipeline)) return pipeline(call, watched.substr(kPipeline.size()));
  return Error{
      ErrorKind::invalid,
      fmt::format("cannot watch {}: watch=fleet, pipelines, or pipeline:ID", printable(watched))};
}

// The versions of what was told, in the order in which it is watched. It is the id of each event,
// so that whoever was cut off says with Last-Event-ID what it knows.
using Versions = std::vector<std::string>;

Versions versions_seen(const Call& call, std::size_t count) {
  const auto last = call.seen ? call.seen : call.request.headers.get("Last-Event-ID");
  auto versions = split(last.value_or(""), '.');
  if (versions.size() != count) return Versions(count);  // it is of something else
  return versions;
}

std::string event(const std::string& watched, const std::string& id, const std::string& json) {
  return fmt::format("event: {}\nid: {}\ndata: {}\n\n", watched, id, json);
}

net::Response stream_of(std::string text) {
  net::Response response{.body = std::move(text)};
  response.headers.set("Content-Type", "text/event-stream");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Accel-Buffering", "no");  // nginx: pass it on at once
  return response;
}

Result<Outcome> events(Call& call) {
  const auto watched = net::query_values(call.request.query, "watch");
  if (watched.empty() || watched.size() > kMostWatched) {
    return Error{ErrorKind::invalid,
                 fmt::format("name 1 to {} readings: watch=fleet", kMostWatched)};
  }
  if (std::set<std::string>(watched.begin(), watched.end()).size() != watched.size()) {
    return Error{ErrorKind::invalid, "name each reading once"};
  }
  auto versions = versions_seen(call, watched.size());
  Park park{{}, kLongestSilence};
  std::string text;
  for (std::size_t i = 0; i < watched.size(); ++i) {
    const auto found = call.readings.get(watched[i], [&] { return read(call, watched[i]); });
    if (!found) return found.error();
    const auto& reading = **found;
    park.topics.push_back(reading.topic);
    if (reading.version == versions[i]) continue;
    versions[i] = reading.version;
    text += event(watched[i], join(versions, "."), reading.json);
  }
  const bool first = !call.seen;
  if (text.empty() && !first && !call.last_chance) return park;
  if (first) text.insert(0, fmt::format("retry: {}\n\n", kTryAgainAfter.count()));
  if (text.empty()) text = ":\n\n";
  return Piece{stream_of(std::move(text)), join(versions, "."), std::move(park),
               call.person->token_id};
}

}  // namespace

void add_event_routes(Router& router) {
  router.add("GET", "/api/muster/v1/events", for_person(protocol::Role::read, events));
}

}  // namespace muster::server
