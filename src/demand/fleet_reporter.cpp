#include "demand/fleet_reporter.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "net/call_count.hpp"
#include "net/http_client.hpp"
#include "protocol/json.hpp"
#include "protocol/messages.hpp"

namespace muster::demand {

namespace {

constexpr Millis kTimeout = std::chrono::seconds(2);
constexpr Millis kKeepAlive = std::chrono::seconds(10);

constexpr std::size_t kLongestReport = 60 << 10;  // bytes: a server takes 64 KiB

bool limits(const scaling::Reason& reason) {
  using scaling::Rule;
  switch (reason.rule) {
    case Rule::plan:
    case Rule::maximum:
    case Rule::launch_rate:
    case Rule::spend_cap:
    case Rule::shortage:
      return reason.allowed < reason.wanted;
    default:
      return false;
  }
}

// What does not change from pass to pass while nothing else does: else each would be news.
void add_what_keeps_it_small(protocol::ClassFleet& report, const fleet::ClassPass& pass) {
  const auto& [name, snapshot, decision, ended_unused] = pass;
  const auto& until = decision.next.backoff_until;
  if (until && *until > snapshot.now) report.backoff_until = until;
  for (const auto& instance : snapshot.instances) {
    if (instance.state != scaling::InstanceState::booting) continue;
    const auto first = report.booting_since.value_or(instance.launched_at);
    report.booting_since = std::min(first, instance.launched_at);
  }
  for (const auto& reason : decision.reasons) {
    if (limits(reason)) report.limited_by = describe(reason);
  }
}

protocol::ClassFleet report_of(const fleet::ClassPass& pass, const fleet::Prices& prices) {
  const auto& [name, snapshot, decision, ended_unused] = pass;
  const auto& counts = decision.counts;
  protocol::ClassFleet report;
  report.resource_class = name;
  report.desired = decision.desired;
  report.live = counts.live();
  report.booting = counts.booting;
  report.idle = counts.idle;
  report.busy = counts.busy;
  report.draining = counts.draining + counts.spent + counts.lost;  // they take nothing any more
  report.min = kept_at_rest(snapshot.policy);
  report.max = snapshot.policy.max;
  for (const auto& reason : decision.reasons) report.reasons.push_back(describe(reason));
  add_what_keeps_it_small(report, pass);
  if (const auto price = prices.find(name); price != prices.end()) {
    report.price_per_hour = protocol::Money{price->second.millionths};
    report.currency = price->second.currency;
  }
  return report;
}

// Whether the decisions in it need not be sent again: they are there, or will never be taken.
bool send(net::HttpClient& client, const ServerAccess& access, const std::string& report,
          std::stop_token stop) {
  auto request = authorized(access, "PUT", "/api/muster/v1/fleet");
  if (!request) {
    log::debug("cannot report the fleet", {{"error", request.error().message}});
    return false;
  }
  request->headers.set("Content-Type", "application/json");
  request->body = report;
  request->timeout = request->connect_timeout = kTimeout;
  const auto response = client.send(*request, stop);
  net::count_call("muster", response);
  const auto answer = net::expect_success(response);
  if (answer) return true;
  log::debug("cannot report the fleet", {{"error", answer.error().message}});
  return answer.error().kind == ErrorKind::invalid || answer.error().kind == ErrorKind::too_large;
}

}  // namespace

FleetReporter::FleetReporter(ServerAccess access, fleet::Prices prices)
    : access_(std::move(access)),
      prices_(std::move(prices)),
      thread_([this](std::stop_token stop) { run(stop); }) {}

void FleetReporter::decided(const std::vector<fleet::ClassPass>& classes) {
  protocol::FleetReport report;
  for (const auto& pass : classes) report.classes.push_back(report_of(pass, prices_));
  auto text = protocol::to_json(report);
  const std::lock_guard lock(mutex_);
  bool is_news = text != latest_text_;
  for (const auto& pass : classes) is_news = untold_.add(pass) || is_news;
  if (!is_news) return;
  latest_ = std::move(report);
  latest_text_ = std::move(text);
  unsent_ = true;
  changed_.notify_all();
}

void FleetReporter::run(std::stop_token stop) {
  net::HttpClient client;
  while (!stop.stop_requested()) {
    protocol::FleetReport report;
    std::uint64_t mark = 0;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, stop, kKeepAlive, [&] { return unsent_; });
      unsent_ = false;
      report = latest_;
      const auto size = std::min(latest_text_.size(), kLongestReport);
      mark = untold_.put_into(report, kLongestReport - size);
    }
    if (report.classes.empty() || stop.stop_requested()) continue;
    if (send(client, access_, protocol::to_json(report), stop)) note_told(mark);
  }
}

// What did not fit into that report goes with the next, at once.
void FleetReporter::note_told(std::uint64_t mark) {
  const std::lock_guard lock(mutex_);
  if (mark == 0) return;
  untold_.told(mark);
  if (!untold_.empty()) unsent_ = true;
}

}  // namespace muster::demand
