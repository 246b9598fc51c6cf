// `muster scale`: the autoscaler, over a Muster server's queue and local processes.

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "base/log.hpp"
#include "cli/commands.hpp"
#include "cli/scale_config.hpp"
#include "cli/scale_ports.hpp"
#include "fleet/loop.hpp"
#include "fleet/sqlite_ledger.hpp"
#include "fleet/state_lock.hpp"
#include "process/child.hpp"

namespace muster::cli {

namespace {

// Turns the first signal into a stop; ends when `over` is requested.
void stop_on_signal(process::SignalWatch& signals, std::stop_source& stop, std::stop_token over) {
  while (!over.stop_requested()) {
    if (signals.wait(Millis(200))) {
      stop.request_stop();
      return;
    }
  }
}

// Held or half done is no success: whoever runs this by cron must learn of it.
Result<void> one_pass(fleet::Loop& loop, std::stop_token stop) {
  const auto pass = loop.run_once(stop);
  if (!pass) return pass.error();
  if (pass->held)
    return Error{ErrorKind::unavailable,
                 "the queue or the instances could not be read; see the log"};
  if (pass->incomplete || pass->fell_short) {
    return Error{ErrorKind::unavailable, "not everything could be done; see the log"};
  }
  return ok();
}

Result<void> scale(const ScaleConfig& config, const ScaleOptions& options,
                   process::SignalWatch& signals) {
  // Traversable for root's job user, whose working directories lie below.
  const auto mode = ::geteuid() == 0 ? 0711 : 0700;
  if (auto made = make_directory(config.state_directory, mode); !made) return made;
  const auto lock = fleet::StateLock::acquire(config.state_directory);
  if (!lock) return lock.error();
  auto ledger = fleet::SqliteLedger::open(config.state_directory / "scaler.db");
  if (!ledger) return ledger.error();
  const auto capacity = make_capacity(config, Purpose::scale);
  if (!capacity) return capacity.error();
  const auto queue = make_queue(config);
  const auto observer = make_observer(config);
  fleet::Loop loop(config.managed_classes(),
                   {*queue, **capacity, *ledger, *observer, system_clock()});
  std::stop_source stop;
  const std::jthread watcher([&](std::stop_token over) { stop_on_signal(signals, stop, over); });
  if (options.once) return one_pass(loop, stop.get_token());
  log::info("scaling", {{"config", options.config_file}, {"queue", queue_in_words(config)}});
  loop.run(stop.get_token());
  return ok();
}

}  // namespace

int run(const ScaleOptions& options) {
  process::SignalWatch signals({SIGTERM, SIGINT});
  const auto config = load_scale_config(options.config_file);
  if (!config) return config.error();
  const auto done = scale(*config, options, signals);
  if (done) return 0;
  // The only conflicts here are another scaler, and a state directory of a newer version.
  const auto& error = done.error();
  return error.kind == ErrorKind::conflict ? report_obstacle(error) : report(error);
}

}  // namespace muster::cli
