#include "demand/fleet_reporter.hpp"

#include "base/log.hpp"
#include "net/call_count.hpp"
#include "net/http_client.hpp"
#include "protocol/json.hpp"
#include "protocol/messages.hpp"

namespace muster::demand {

namespace {

constexpr Millis kTimeout = std::chrono::seconds(2);
constexpr Millis kKeepAlive = std::chrono::seconds(10);

protocol::ClassFleet report_of(const fleet::ClassPass& pass) {
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
  return report;
}

void send(net::HttpClient& client, const ServerAccess& access, const std::string& report,
          std::stop_token stop) {
  auto request = authorized(access, "PUT", "/api/muster/v1/fleet");
  if (!request) {
    log::debug("cannot report the fleet", {{"error", request.error().message}});
    return;
  }
  request->headers.set("Content-Type", "application/json");
  request->body = report;
  request->timeout = request->connect_timeout = kTimeout;
  const auto response = client.send(*request, stop);
  net::count_call("muster", response);
  const auto answer = net::expect_success(response);
  if (!answer) log::debug("cannot report the fleet", {{"error", answer.error().message}});
}

}  // namespace

FleetReporter::FleetReporter(ServerAccess access)
    : access_(std::move(access)), thread_([this](std::stop_token stop) { run(stop); }) {}

void FleetReporter::decided(const std::vector<fleet::ClassPass>& classes) {
  protocol::FleetReport report;
  for (const auto& pass : classes) report.classes.push_back(report_of(pass));
  auto text = protocol::to_json(report);
  const std::lock_guard lock(mutex_);
  if (text == latest_) return;
  latest_ = std::move(text);
  unsent_ = true;
  changed_.notify_all();
}

void FleetReporter::run(std::stop_token stop) {
  net::HttpClient client;
  while (!stop.stop_requested()) {
    std::string report;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, stop, kKeepAlive, [&] { return unsent_; });
      unsent_ = false;
      report = latest_;
    }
    if (!report.empty() && !stop.stop_requested()) send(client, access_, report, stop);
  }
}

}  // namespace muster::demand
