#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <thread>

#include <fmt/format.h>

#include "base/log.hpp"
#include "cli/commands.hpp"
#include "cli/log_format.hpp"
#include "process/child.hpp"
#include "process/supervisor.hpp"
#include "process/system.hpp"
#include "server/server.hpp"

namespace muster::cli {
namespace {

std::optional<server::TlsFiles> tls_files(const ServerOptions& options) {
  if (options.tls_certificate.empty()) return std::nullopt;
  return server::TlsFiles{options.tls_certificate, options.tls_key};
}

// SIGHUP ends a server that was started on a terminal without TLS, when that is closed. Where there
// is something to read again, or a supervisor may send it all the same, it does not.
process::SignalWatch watch_signals(bool has_tls) {
  if (has_tls || process::is_supervised()) return {SIGTERM, SIGINT, SIGHUP};
  return {SIGTERM, SIGINT};
}

void reload(server::Server& server) {
  process::tell_supervisor(server.reload() ? "STATUS="
                                           : "STATUS=certificate and key cannot be used; those "
                                             "from before go on");
}

// For who started it by hand. Elsewhere standard output is a log, which has no secret in it: there
// 'muster token link' makes one.
void tell_sign_in_link(server::Server& server) {
  if (::isatty(STDOUT_FILENO) != 1) return;
  const auto link = server.make_sign_in_link();
  if (!link) {
    log::warn("no link to sign in could be made", {{"reason", link.error().message}});
  } else if (*link) {
    fmt::print("Sign in, once, within ten minutes: {}\n", **link);
    std::fflush(stdout);
  }
}

}  // namespace

int run(const ServerOptions& options) {
  if (auto used = use_log_format(options.log_format); !used) return report(used.error());
  if (options.data_directory.empty()) {
    return report(
        {ErrorKind::invalid, "no directory to keep data in: give --data DIR, or set $HOME"});
  }
  const auto tls = tls_files(options);
  auto signals = watch_signals(tls.has_value());
  auto server = server::Server::open({.data_directory = options.data_directory,
                                      .address = options.address,
                                      .port = options.port,
                                      .tls = tls,
                                      .plain_beyond_loopback = options.insecure_plain_http,
                                      .lease = options.lease,
                                      .requests_per_second = options.request_rate,
                                      .open_files = process::raise_open_files()});
  if (!server) return report_obstacle(server.error());
  log::info("listening", {{"url", (*server)->url()},
                          {"data", options.data_directory.string()},
                          {"connections", std::to_string((*server)->connection_limit())},
                          {"token_file", (options.data_directory / "token").string()}});
  tell_sign_in_link(**server);
  process::tell_supervisor("READY=1");

  std::jthread stopper([&](const std::stop_token& done) {
    auto signal = signals.wait(done);
    for (; signal == SIGHUP; signal = signals.wait(done)) reload(**server);
    if (!signal) return;
    log::info("stopping; agents carry on and come back");
    process::tell_supervisor("STOPPING=1");
    (*server)->stop();
  });
  (*server)->run();
  return 0;
}

}  // namespace muster::cli
