#include <csignal>
#include <thread>

#include "base/log.hpp"
#include "cli/commands.hpp"
#include "process/child.hpp"
#include "process/supervisor.hpp"
#include "process/system.hpp"
#include "server/server.hpp"

namespace muster::cli {

int run(const ServerOptions& options) {
  if (options.data_directory.empty()) {
    return report(
        {ErrorKind::invalid, "no directory to keep data in: give --data DIR, or set $HOME"});
  }
  process::SignalWatch signals{SIGTERM, SIGINT};
  auto server = server::Server::open({.data_directory = options.data_directory,
                                      .address = options.address,
                                      .port = options.port,
                                      .lease = options.lease,
                                      .open_files = process::raise_open_files()});
  if (!server) return report_obstacle(server.error());
  log::info("listening", {{"url", (*server)->url()},
                          {"data", options.data_directory.string()},
                          {"connections", std::to_string((*server)->connection_limit())},
                          {"token_file", (options.data_directory / "token").string()}});
  process::tell_supervisor("READY=1");

  std::jthread stopper([&](const std::stop_token& done) {
    if (!signals.wait(done)) return;
    log::info("stopping; agents carry on and come back");
    process::tell_supervisor("STOPPING=1");
    (*server)->stop();
  });
  (*server)->run();
  return 0;
}

}  // namespace muster::cli
