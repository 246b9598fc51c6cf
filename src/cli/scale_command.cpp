// `muster scale`: the autoscaler.

#include <signal.h>

#include <thread>

#include "base/log.hpp"
#include "base/stop_after.hpp"
#include "cli/clear_text.hpp"
#include "cli/commands.hpp"
#include "cli/log_format.hpp"
#include "cli/metrics_endpoint.hpp"
#include "cli/scale_config.hpp"
#include "cli/scale_memory.hpp"
#include "cli/scale_ports.hpp"
#include "fleet/loop.hpp"
#include "fleet/scaler_metrics.hpp"
#include "fleet/shift.hpp"
#include "net/call_count.hpp"
#include "process/child.hpp"
#include "process/supervisor.hpp"

namespace muster::cli {

namespace {

constexpr Millis kHandOver = std::chrono::seconds(5);  // at most; the lease ends by itself too

// How a scaler was asked to end.
enum class End { stop, reload };

// Turns the first signal into a stop, notes what it meant and tells of an end; ends when `over` is
// requested.
void end_on_signal(process::SignalWatch& signals, std::stop_source& stop, End& end,
                   const std::stop_token& over) {
  const auto signal = signals.wait(over);
  if (!signal) return;
  end = *signal == SIGHUP ? End::reload : End::stop;
  if (end == End::stop) process::tell_supervisor("STOPPING=1");
  stop.request_stop();
}

// For cron. One that does nothing because another scaler is in charge must not look like one that
// works.
Result<void> one_pass(fleet::Loop& loop, std::stop_token stop) {
  const auto pass = loop.run_once(stop);
  if (auto verdict = fleet::verdict_of(pass); !verdict) return verdict;
  if (pass->stood_by) return Error{ErrorKind::conflict, "stood by: " + pass->trouble};
  return ok();
}

// What a configuration names, opened.
struct Parts {
  ScaleConfig config;
  std::unique_ptr<ScaleMemory> memory;
  std::unique_ptr<fleet::CapacityProvider> capacity;
  std::unique_ptr<fleet::DemandSource> queue;
  std::unique_ptr<fleet::DecisionObserver> observer;
};

Result<Parts> open_parts(ScaleConfig config) {
  log_clear_text(config);
  auto memory = open_memory(config);
  if (!memory) return memory.error();
  auto capacity = make_capacity(config, Purpose::scale);
  if (!capacity) return capacity.error();
  auto queue = make_queue(config);
  auto observer = make_observer(config);
  return Parts{std::move(config), std::move(*memory), std::move(*capacity), std::move(queue),
               std::move(observer)};
}

void hand_over(const Parts& parts) {
  const StopAfter patience(kHandOver);
  parts.memory->ledger().hand_over(patience.token());
}

// What outlives the parts.
struct Surroundings {
  const ScaleOptions& options;
  process::SignalWatch& signals;
  fleet::ScalerMetrics& metrics;
};

// Until a signal, or for one pass.
Result<End> scale(const Parts& parts, const Surroundings& surroundings) {
  const auto& [options, signals, metrics] = surroundings;
  if (const auto* circleci = std::get_if<CircleCiQueue>(&parts.config.queue)) {
    metrics.limit_calls("circleci", circleci->requests_per_minute);
  }
  metrics.use_prices(parts.config.prices);
  fleet::Observers observers({parts.observer.get(), &metrics});
  fleet::Loop loop(
      parts.config.managed_classes(),
      {*parts.queue, *parts.capacity, parts.memory->ledger(), observers, system_clock()},
      parts.config.plan_limit());
  std::stop_source stop;
  auto end = End::stop;
  {
    const std::jthread watcher([&, &watched = signals](const std::stop_token& over) {
      end_on_signal(watched, stop, end, over);
    });
    if (options.once) {
      const auto passed = one_pass(loop, stop.get_token());
      hand_over(parts);
      if (!passed) return passed.error();
      return End::stop;
    }
    log::info("scaling",
              {{"config", options.config_file}, {"queue", queue_in_words(parts.config)}});
    process::tell_supervisor("READY=1");
    loop.run(stop.get_token());
  }
  log::info(end == End::stop ? "stopped; instances are left running and end by themselves"
                             : "reading the configuration again; instances are left running",
            {{"instances", std::to_string(loop.instances())}});
  hand_over(parts);
  return end;
}

// A file that has become wrong changes nothing. The parts from before are closed by now: they keep
// other scalers away, and so also new parts.
Result<Parts> open_again(ScaleConfig before, const std::string& file) {
  process::tell_supervisor("RELOADING=1\nSTATUS=");
  if (auto config = load_scale_config(file)) {
    auto parts = open_parts(std::move(*config));
    if (parts) return parts;
    log::error("the configuration cannot be used; the one before stays in force",
               {{"config", file}, {"error", parts.error().message}});
  } else {
    log::error("the configuration is wrong; the one before stays in force", {{"config", file}});
  }
  process::tell_supervisor(
      "STATUS=the configuration could not be read again; the one before stays in force");
  return open_parts(std::move(before));
}

// The only conflicts here are another scaler, and a state directory of a newer version.
int report_end(const Error& error) {
  return error.kind == ErrorKind::conflict ? report_obstacle(error) : report(error);
}

}  // namespace

int run(const ScaleOptions& options) {
  if (auto used = use_log_format(options.log_format); !used) return report(used.error());
  process::SignalWatch signals({SIGTERM, SIGINT, SIGHUP});
  auto config = load_scale_config(options.config_file);
  if (!config) return config.error();
  fleet::ScalerMetrics metrics;
  const auto shown = show(options.metrics_listen, {[&] { return metrics.text(net::call_counts()); },
                                                   [&] { return metrics.ready(); }});
  if (!shown) return report_obstacle(shown.error());
  auto parts = open_parts(std::move(*config));
  while (parts) {
    const auto end = scale(*parts, {options, signals, metrics});
    if (!end) return report_end(end.error());
    if (*end == End::stop) return 0;
    auto before = std::move(parts->config);
    parts = Error{};
    parts = open_again(std::move(before), options.config_file);
  }
  return report_end(parts.error());
}

}  // namespace muster::cli
