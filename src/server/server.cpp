#include "server/server.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/token_file.hpp"
#include "protocol/sign_in_link.hpp"
#include "server/access.hpp"
#include "server/admission.hpp"
#include "server/dispatcher.hpp"
#include "server/metrics.hpp"
#include "server/readiness.hpp"
#include "server/router.hpp"

namespace muster::server {
namespace {

constexpr Millis kTick = std::chrono::seconds(1);
constexpr Millis kPatienceAtStop = std::chrono::seconds(5);
constexpr int kTicksPerServiceTime = 5;
constexpr int kTicksPerHistory = 10;
constexpr int kTicksPerUse = 60;  // of sessions
constexpr int kTicksPerCleaning = 600;
constexpr int kTicksPerDay = 86'400;

Router make_router(bool https) {
  Router router;
  add_runner_routes(router);
  add_agent_routes(router);
  add_pipeline_routes(router);
  add_scaler_routes(router);
  add_history_routes(router);
  add_event_routes(router);
  add_session_routes(router, https);
  add_audit_routes(router);
  add_drain_routes(router);
  add_pages(router);
  return router;
}

bool is_administrators(const protocol::TokenItem& token) {
  return token.role == protocol::Role::admin;
}

// Also where the last one was revoked, as nobody else could make another.
Result<void> leave_first_token(store::Store& store, WallTime now) {
  const auto file = store.directory() / "token";
  const auto tokens = store.catalog().tokens("");
  if (std::any_of(tokens.begin(), tokens.end(), is_administrators)) return ok();
  db::Transaction transaction(store.database());
  const auto made =
      store.catalog().create_token({"", "first", std::nullopt, protocol::Role::admin}, now);
  if (!made) return made.error();
  store.audit().add({.actor = "muster server",
                     .action = "token.created",
                     .subject = made->id,
                     .detail = "personal, admin, first"},
                    now);
  if (auto kept = write_file_atomically(file, *made->token + "\n", 0600); !kept) return kept;
  transaction.commit();
  log::info("made a personal token for this user", {{"file", file.string()}});
  return ok();
}

// With the token that the commands of this user find.
Result<std::optional<std::string>> make_code(store::Store& store, WallTime now) {
  const auto token = read_token_file((store.directory() / "token").string());
  const auto owner = token ? store.catalog().authenticate(*token) : std::nullopt;
  if (!owner || !owner->resource_class.empty()) return std::nullopt;
  db::Transaction transaction(store.database());
  const auto made = store.sessions().make_code(owner->token_id, now);
  store.audit().add(
      {.actor = "muster server", .action = "code.created", .subject = owner->token_id}, now);
  transaction.commit();
  return std::optional(made.code);
}

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || address == "localhost";
}

// A connection may have a file open as well; and the database, uploads and those who are told that
// they are too many need some. Whoever finds no file left gets no answer at all.
std::size_t connections_for(std::size_t open_files) {
  constexpr std::size_t kReserved = 256;
  constexpr std::size_t kLeast = 16;
  const auto spare = kReserved + open_files / 8;
  const auto left = open_files > spare ? open_files - spare : 0;
  return std::clamp(left, kLeast, net::ServerSettings{}.connection_limit);
}

Result<void> check_exposure(const Settings& settings) {
  if (settings.tls || settings.plain_beyond_loopback || is_loopback(settings.address)) return ok();
  return Error{
      ErrorKind::invalid,
      fmt::format("listening on {} without TLS would let others read tokens on their way: give "
                  "--tls-cert and --tls-key; or listen on 127.0.0.1, behind a proxy with TLS; or, "
                  "if nobody but such a proxy can reach that address, --insecure-plain-http",
                  printable(settings.address))};
}

}  // namespace

struct Server::Parts {
  std::optional<TlsFiles> tls_files;
  std::optional<net::TlsIdentity> identity;  // as shown; of the server's thread
  std::unique_ptr<store::Store> store;
  std::optional<net::HttpServer> http;
  Metrics metrics;
  Readiness readiness;
  std::optional<Dispatcher> dispatcher;
  std::string url;
  std::size_t connection_limit = 0;
  Admission admission{0};
  std::unique_ptr<net::HttpServer::Timer> tick;
  int ticks = 0;

  Result<void> read_identity_at_start(const Settings& settings) {
    tls_files = settings.tls;
    if (!tls_files) return ok();
    auto read = read_identity(*tls_files);
    if (!read) return read.error();
    identity = *std::move(read);
    warn_of_validity(*identity, system_clock().wall());
    return ok();
  }

  bool read_identity_again() {
    if (!tls_files) {
      log::info("asked to read certificate and key again, and there are none");
      return true;
    }
    auto read = read_identity(*tls_files);
    if (!read) {
      log::error("certificate and key cannot be used; those from before go on",
                 {{"reason", read.error().message}});
      return false;
    }
    log::info("certificate and key were read again",
              {{"until", format_rfc3339(read->valid_until())}});
    warn_of_validity(*read, system_clock().wall());
    http->use(*read);
    http->post([this, renewed = *read] { identity = renewed; });
    return true;
  }

  Result<void> listen(const Settings& settings) {
    connection_limit = connections_for(settings.open_files);
    admission = Admission(settings.requests_per_second);
    auto listening = net::HttpServer::listen(
        {.address = settings.address,
         .port = settings.port,
         .tls = identity,
         .connection_limit = connection_limit},
        [this](const net::Request& head) { return admit(head); },
        [this](net::Request request, std::shared_ptr<net::Exchange> exchange) {
          handle(std::move(request), std::move(exchange));
        });
    if (!listening) return listening.error();
    http.emplace(*std::move(listening));
    return ok();
  }

  std::variant<net::BodyPolicy, net::Response> admit(const net::Request& head) {
    const Admission::Time now{system_clock().monotonic(), system_clock().wall()};
    auto admitted = admission.admit(*store, head, now);
    if (const auto* refusal = std::get_if<net::Response>(&admitted)) {
      metrics.refused(refusal->status);
    }
    return admitted;
  }

  // Who asks whether we live or can serve is not to wait for a group, nor to undo one.
  void handle(net::Request request, std::shared_ptr<net::Exchange> exchange) {
    switch (probe_of(request)) {
      case Probe::health:
        return exchange->send(alive());
      case Probe::readiness:
        return exchange->send(readiness.answer(*store, system_clock().monotonic()));
      case Probe::none:
        return dispatcher->submit(std::move(request), std::move(exchange));
    }
  }

  Result<void> open_store(const Settings& settings) {
    auto opened = store::Store::open(settings.data_directory, settings.lease);
    if (!opened) return opened.error();
    store = *std::move(opened);
    try {
      if (auto left = leave_first_token(*store, system_clock().wall()); !left) return left;
      prepare_dispatcher();
    } catch (const db::Failure& failure) {
      return failure.error().within(settings.data_directory.string());
    }
    return ok();
  }

  void prepare_dispatcher() {
    auto router = make_router(identity.has_value());
    router.add("GET", "/metrics",
               for_person(protocol::Role::read, [this](Call& call) { return show_metrics(call); }));
    dispatcher.emplace(*store, std::move(router), system_clock(),
                       Dispatcher::Loop{[this](auto task) { http->post(std::move(task)); },
                                        [this](Millis delay, auto task) {
                                          return http->after(delay, std::move(task));
                                        }});
    dispatcher->watched_by(metrics);
  }

  Result<Outcome> show_metrics(Call& call) {
    net::Response response;
    response.body = metrics.text(call.store,
                                 {.effort = dispatcher->effort(),
                                  .parked = dispatcher->parked() - dispatcher->parked_streams(),
                                  .streams = dispatcher->streams(),
                                  .connections = http->connections(),
                                  .connection_limit = connection_limit},
                                 call.now.wall);
    response.headers.set("Content-Type", std::string(muster::metrics::kContentType));
    response.headers.set("Cache-Control", "no-store");
    return response;
  }

  Result<void> tell_address(const Settings& settings) {
    const bool v6 = settings.address.find(':') != std::string::npos;
    url = fmt::format("{}://{}{}{}:{}", identity ? "https" : "http", v6 ? "[" : "",
                      settings.address, v6 ? "]" : "", http->port());
    if (!identity && !is_loopback(settings.address)) {
      log::warn("listening beyond this machine without TLS: tokens can be read on the way",
                {{"address", settings.address}});
    }
    const auto file = settings.data_directory / "address";
    auto written = write_file_atomically(file, url + "\n", 0600);
    if (written || written.error().kind != ErrorKind::exhausted) return written;
    std::error_code ignored;
    std::filesystem::remove(file, ignored);  // it leads to where somebody else may listen by now
    log::warn("the address could not be written down: clients must be told it",
              {{"reason", written.error().message}});
    return ok();  // rather that than no server
  }

  static void keep_history(store::Store& open, const store::Now& now) {
    open.fleet_history().keep(now);
    open.decisions().keep();
  }

  // Leases first: what else there is to do by the clock comes rarely.
  void on_tick() {
    ++ticks;
    dispatcher->drop_abandoned();
    if (identity && ticks % kTicksPerDay == 0) warn_of_validity(*identity, system_clock().wall());
    dispatcher->submit([this](store::Store& open, const store::Now& now) {
      open.queue().end_lapsed(now);
      if (ticks % kTicksPerServiceTime == 0 && open.queue().is_anything_running()) {
        open.keep_service_time(now.service);
      }
      if (ticks % kTicksPerHistory == 0) keep_history(open, now);
      if (ticks % kTicksPerUse == 0) open.sessions().keep_uses();
      if (ticks % kTicksPerCleaning == 0) {
        open.queue().forget_old_claims(now.wall);
        open.runners().forget_unseen(now.wall);
        open.sessions().forget_ended(now.wall);
        open.audit().forget_old(now.wall);
        open.fleet_history().forget_old(now.wall);
        open.decisions().forget_old(now.wall);
      }
    });
    tick = http->after(kTick, [this] { on_tick(); });
  }

  void on_stop() {
    tick.reset();
    dispatcher->submit([](store::Store& open, const store::Now& now) {
      open.keep_service_time(now.service);
      open.sessions().keep_uses();
      keep_history(open, now);
    });
    dispatcher->drain();
  }

  void tell_effort() {
    const auto effort = dispatcher->effort();
    log::info("requests were answered in groups, each committed as one",
              {{"requests", std::to_string(effort.requests)},
               {"groups", std::to_string(effort.groups)},
               {"largest", std::to_string(effort.largest)},
               {"fsyncs", std::to_string(effort.syncs)}});
  }
};

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::open(const Settings& settings) {
  if (auto safe = check_exposure(settings); !safe) return safe.error();
  auto parts = std::make_unique<Parts>();
  if (auto done = parts->read_identity_at_start(settings); !done) return done.error();
  // Listening comes first, so that an address that is taken leaves no data directory behind.
  // Nobody is served before run().
  if (auto done = parts->listen(settings); !done) return done.error();
  if (auto done = parts->open_store(settings); !done) return done.error();
  if (auto done = parts->tell_address(settings); !done) return done.error();
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

const std::string& Server::url() const {
  return parts_->url;
}

std::size_t Server::connection_limit() const {
  return parts_->connection_limit;
}

Result<std::optional<std::string>> Server::make_sign_in_link() {
  try {
    auto code = make_code(*parts_->store, system_clock().wall());
    if (!code || !*code) return code;
    return std::optional(protocol::sign_in_link(parts_->url, **code));
  } catch (const db::Failure& failure) {
    return failure.error();
  }
}

void Server::run() {
  parts_->http->post([parts = parts_.get()] { parts->on_tick(); });
  parts_->http->run([parts = parts_.get()] { parts->on_stop(); }, kPatienceAtStop);
  parts_->tell_effort();
  std::error_code ignored;
  std::filesystem::remove(parts_->store->directory() / "address", ignored);
}

void Server::stop() {
  parts_->http->stop();
}

bool Server::reload() {
  return parts_->read_identity_again();
}

}  // namespace muster::server
