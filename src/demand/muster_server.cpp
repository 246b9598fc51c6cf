#include "demand/muster_server.hpp"

#include <algorithm>
#include <random>

#include <fmt/core.h>

#include "base/sleep.hpp"
#include "base/text.hpp"
#include "demand/peer_clock.hpp"
#include "net/call_count.hpp"
#include "protocol/json.hpp"
#include "protocol/messages.hpp"

namespace muster::demand {

namespace {

constexpr std::string_view kPath = "/api/muster/v1/demand?";
constexpr Millis kReadTimeout = std::chrono::seconds(10);
constexpr Millis kLongestPoll = std::chrono::seconds(60);  // what the protocol allows
constexpr Millis kAnswerTime = std::chrono::seconds(10);   // for the answer to a poll to arrive
constexpr Millis kFirstPause{250};
constexpr Millis kLongestPause = std::chrono::seconds(5);
constexpr std::size_t kLongestReason = 300;

std::string query_for(const std::vector<std::string>& classes) {
  std::string query;
  for (const auto& name : classes) {
    if (!query.empty()) query += '&';
    query += "resource-class=" + net::encode_component(name);
  }
  return query;
}

using Foreseen = std::vector<protocol::ForeseenTasks>;

struct Told {
  protocol::Demand demand;
  std::optional<WallTime> at;  // by the server's clock
};

Result<Told> get(net::HttpClient& client, const ServerAccess& access, const std::string& query,
                 Millis timeout, std::stop_token stop) {
  auto request = authorized(access, "GET", std::string(kPath) + query);
  if (!request) return request.error();
  request->timeout = timeout;
  request->connect_timeout = std::min(timeout, request->connect_timeout);
  const auto response = client.send(*request, stop);
  net::count_call("muster", response);
  const auto answer = net::expect_success(response);
  if (!answer) return answer.error().within(access.url);
  auto demand = protocol::from_json<protocol::Demand>(answer->body);
  if (!demand) return demand.error().within(access.url + " answered something else than demand");
  return Told{std::move(*demand), net::parse_http_date(answer->headers.get("Date").value_or(""))};
}

// `lead`: see peer_clock.hpp.
fleet::ClassDemand as_port(const protocol::ClassDemand& told, WallTime now, Millis lead) {
  fleet::ClassDemand demand;
  demand.demand = scaling::DemandReading{told.unclaimed, told.running, now};
  for (const auto& runner : told.runners) {
    demand.runners->push_back({.name = runner.name,
                               .busy = runner.busy,
                               .ever_claimed = runner.tasks_claimed > 0,
                               .first_connected = runner.first_connected + lead,
                               .last_connected = runner.last_connected + lead,
                               .draining = runner.draining.value_or(false)});
  }
  for (const auto& [expected_at, tasks, freed] : told.foreseen.value_or(Foreseen())) {
    demand.foreseen.push_back({expected_at + lead, tasks, freed});
  }
  return demand;
}

// Only their names are of interest: an instance of ours may have been given another class's token.
void add_others(std::map<std::string, fleet::ClassDemand>& demand,
                const std::vector<protocol::OtherRunner>& others) {
  for (const auto& runner : others) {
    const auto [one, added] = demand.try_emplace(
        runner.resource_class, fleet::ClassDemand{scaling::DemandUnknown{"not asked for"}});
    if (added || std::holds_alternative<scaling::DemandUnknown>(one->second.demand)) {
      one->second.runners->push_back({runner.name, std::nullopt, false});
    }
  }
}

}  // namespace

MusterServer::MusterServer(ServerAccess access, const std::vector<std::string>& resource_classes,
                           const Clock& clock)
    : access_(std::move(access)),
      classes_(resource_classes),
      query_(query_for(resource_classes)),
      clock_(clock) {}

std::map<std::string, fleet::ClassDemand> MusterServer::read(std::stop_token stop) {
  std::map<std::string, fleet::ClassDemand> demand;
  auto failure = read_into(demand, classes_, stop);
  // One class that does not exist must not keep the others from being read.
  if (failure && failure->kind == ErrorKind::not_found && classes_.size() > 1) {
    for (const auto& name : classes_) read_into(demand, {name}, stop);
    remember_version("");
  }
  return demand;
}

std::optional<Error> MusterServer::read_into(std::map<std::string, fleet::ClassDemand>& demand,
                                             const std::vector<std::string>& classes,
                                             std::stop_token stop) {
  // Before the call: a reading is never taken for younger than it is.
  const auto now = clock_.wall();
  const auto query = query_for(classes) + "&others=true";
  const auto answer = get(reading_, access_, query, kReadTimeout, stop);
  remember_version(answer ? answer->demand.version : "");
  for (const auto& name : classes) {
    const auto why =
        answer ? fmt::format("{} says nothing of {}", access_.url, name) : answer.error().message;
    demand[name].demand = scaling::DemandUnknown{printable(why, kLongestReason)};
  }
  if (!answer) return answer.error();
  const auto lead = lead_over(answer->at, clock_.wall());
  for (const auto& told : answer->demand.classes) {
    const auto found = demand.find(told.resource_class);
    if (found != demand.end()) found->second = as_port(told, now, lead);
  }
  add_others(demand, answer->demand.others.value_or(std::vector<protocol::OtherRunner>()));
  return std::nullopt;
}

void MusterServer::remember_version(std::string version) {
  const std::lock_guard lock(mutex_);
  version_ = std::move(version);
}

void MusterServer::wait_for_change(Millis patience, std::stop_token stop) {
  std::string seen;
  {
    const std::lock_guard lock(mutex_);
    seen = version_;
  }
  // Nothing could be read: what we wait for is that it can.
  if (seen.empty()) return back_off(stop);

  const auto wait = std::clamp(patience, Millis(0), kLongestPoll);
  const auto query =
      fmt::format("{}&seen={}&wait_ms={}", query_, net::encode_component(seen), wait.count());
  const auto begun = clock_.monotonic();
  const auto answer = get(waiting_, access_, query, wait + kAnswerTime, stop);
  if (stop.stop_requested()) return;
  const bool unheld =
      answer && answer->demand.version == seen && clock_.monotonic() - begun < wait / 2;
  if (!answer || unheld) return back_off(stop);
  failures_ = 0;
}

// With jitter, so that many scalers do not come back to a restarted server at once.
void MusterServer::back_off(std::stop_token stop) {
  static thread_local std::minstd_rand dice{std::random_device{}()};
  const auto pause = std::min(kFirstPause * (1 << std::min(failures_, 10)), kLongestPause);
  ++failures_;
  std::uniform_int_distribution<Millis::rep> some(pause.count() / 2, pause.count());
  sleep_for(Millis(some(dice)), stop);
}

}  // namespace muster::demand
