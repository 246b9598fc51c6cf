// `muster scale`: the autoscaler.

#include <signal.h>

#include <thread>

#include "base/log.hpp"
#include "cli/commands.hpp"
#include "cli/scale_config.hpp"
#include "cli/scale_memory.hpp"
#include "cli/scale_ports.hpp"
#include "fleet/loop.hpp"
#include "fleet/shift.hpp"
#include "process/child.hpp"
#include "process/supervisor.hpp"

namespace muster::cli {

namespace {

// How a scaler was asked to end.
enum class End { stop, reload };

// Turns the first signal into a stop, and notes what it meant; ends when `over` is requested.
void end_on_signal(process::SignalWatch& signals, std::stop_source& stop, End& end,
                   std::stop_token over) {
  while (!over.stop_requested()) {
    const auto signal = signals.wait(Millis(200));
    if (!signal) continue;
    end = *signal == SIGHUP ? End::reload : End::stop;
    stop.request_stop();
    return;
  }
}

// For cron. One that does nothing because another scaler is in charge must not look like one that
// works.
Result<void> one_pass(fleet::Loop& loop, std::stop_token stop) {
  const auto pass = loop.run_once(stop);
  if (auto verdict = fleet::verdict_of(pass); !verdict) return verdict;
  if (pass->stood_by) return Error{ErrorKind::conflict, "stood by: " + pass->trouble};
  return ok();
}

// Until a signal, or for one pass.
Result<End> scale(const ScaleConfig& config, const ScaleOptions& options,
                  process::SignalWatch& signals) {
  const auto memory = open_memory(config);
  if (!memory) return memory.error();
  const auto capacity = make_capacity(config, Purpose::scale);
  if (!capacity) return capacity.error();
  const auto queue = make_queue(config);
  const auto observer = make_observer(config);
  fleet::Loop loop(config.managed_classes(),
                   {*queue, **capacity, (*memory)->ledger(), *observer, system_clock()});

  std::stop_source stop;
  auto end = End::stop;
  {
    const std::jthread watcher(
        [&](std::stop_token over) { end_on_signal(signals, stop, end, over); });
    if (options.once) {
      const auto passed = one_pass(loop, stop.get_token());
      (*memory)->ledger().hand_over({});
      if (!passed) return passed.error();
      return End::stop;
    }
    log::info("scaling", {{"config", options.config_file}, {"queue", queue_in_words(config)}});
    process::tell_supervisor("READY=1");
    loop.run(stop.get_token());
  }
  (*memory)->ledger().hand_over({});
  return end;
}

// A file that has become wrong changes nothing.
ScaleConfig reloaded(ScaleConfig before, const std::string& file) {
  process::tell_supervisor("RELOADING=1");
  auto config = load_scale_config(file);
  if (config) return std::move(*config);
  log::error("the configuration is wrong; the one before stays in force", {{"config", file}});
  return before;
}

}  // namespace

int run(const ScaleOptions& options) {
  process::SignalWatch signals({SIGTERM, SIGINT, SIGHUP});
  auto config = load_scale_config(options.config_file);
  if (!config) return config.error();
  for (;;) {
    const auto end = scale(*config, options, signals);
    if (end && *end == End::stop) return 0;
    if (!end) {
      // The only conflicts here are another scaler, and a state directory of a newer version.
      const auto& error = end.error();
      return error.kind == ErrorKind::conflict ? report_obstacle(error) : report(error);
    }
    *config = reloaded(std::move(*config), options.config_file);
  }
}

}  // namespace muster::cli
