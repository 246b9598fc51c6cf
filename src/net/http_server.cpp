#include "net/http_server.hpp"

#include <cerrno>

#include <fmt/core.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/log.hpp"
#include "base/text.hpp"
#include "net/http_session.hpp"

namespace muster::net {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

std::string name_of(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address().to_string();
  return fmt::format(fmt::runtime(endpoint.address().is_v6() ? "[{}]:{}" : "{}:{}"), address,
                     endpoint.port());
}

Error cannot_listen(const tcp::endpoint& endpoint, const error_code& failure) {
  auto error = system_error(failure.value(), fmt::format("cannot listen on {}", name_of(endpoint)));
  if (failure.value() == EADDRINUSE) {
    error.message += "; stop what uses it or choose another --port";
  }
  return error;
}

bool is_shortage(const error_code& failure) {
  const int number = failure.value();
  return number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM;
}

}  // namespace

struct HttpServer::State {
  explicit State(std::shared_ptr<Hub> shared)
      : hub(std::move(shared)), acceptor(hub->io), pause(hub->io) {}
  ~State();

  Result<void> open();
  void accept();
  void on_accept(error_code failure, tcp::socket socket);
  void admit(tcp::socket socket);
  void close_strangers();
  bool too_many() const;
  void accept_after_shortage(const error_code& failure);
  void begin_stop(const std::function<void()>& on_stop, Millis patience);
  template <class Action>
  void for_each_session(Action action);

  std::shared_ptr<Hub> hub;
  tcp::acceptor acceptor;
  asio::steady_timer pause;  // of accepting; in the end, the patience
  std::uint16_t port = 0;
  bool shortage_logged = false;
  std::function<void()> on_stop_request;  // set by run()
};

// What is pending refers to us, or keeps the hub alive that it waits in: all of it ends here.
HttpServer::State::~State() {
  hub->ended = true;
  error_code ignored;
  acceptor.close(ignored);
  pause.cancel();
  for_each_session([](Session& session) { session.close(); });
  hub->io.restart();
  hub->io.poll();
  hub->handler = nullptr;
  hub->admit = nullptr;
}

// A session may leave the list while it is walked through.
template <class Action>
void HttpServer::State::for_each_session(Action action) {
  const auto sessions = hub->open;
  for (const auto& [_, weak] : sessions) {
    if (const auto session = weak.lock()) action(*session);
  }
}

Result<void> HttpServer::State::open() {
  error_code failure;
  const auto address = asio::ip::make_address(hub->settings.address, failure);
  if (failure) {
    return Error{ErrorKind::invalid, fmt::format("'{}' is not an IP address to listen on",
                                                 printable(hub->settings.address))};
  }
  const tcp::endpoint endpoint(address, hub->settings.port);
  acceptor.open(endpoint.protocol(), failure);
  if (!failure) acceptor.set_option(tcp::acceptor::reuse_address(true), failure);
  if (!failure) acceptor.bind(endpoint, failure);
  if (!failure) acceptor.listen(tcp::acceptor::max_listen_connections, failure);
  if (!failure) acceptor.non_blocking(true, failure);
  if (!failure) port = acceptor.local_endpoint(failure).port();
  if (failure) return cannot_listen(endpoint, failure);
  return ok();
}

void HttpServer::State::accept() {
  acceptor.async_accept([this](const error_code& failure, tcp::socket socket) {
    on_accept(failure, std::move(socket));
  });
}

// Takes all that have come by now, or the first of many, so that what they ask is handled together
// and shares a commit.
void HttpServer::State::on_accept(error_code failure, tcp::socket socket) {
  constexpr int kTakenAtOnce = 64;
  for (int taken = 0; acceptor.is_open(); ++taken) {
    if (is_shortage(failure)) return accept_after_shortage(failure);
    if (!failure) {
      shortage_logged = false;
      admit(std::move(socket));
    }
    if (taken == kTakenAtOnce) break;
    socket = acceptor.accept(failure);
    if (failure == asio::error::would_block) break;
  }
  if (acceptor.is_open()) accept();
}

void HttpServer::State::admit(tcp::socket socket) {
  constexpr std::size_t kRefusedAtOnce = 128;  // they take room too, for a moment
  if (hub->turned_away >= kRefusedAtOnce) return;
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  const auto session = make_session(hub, std::move(socket));
  close_strangers();
  if (!too_many()) return session->start();
  session->turn_away(503, "Too many connections. Try again.");
}

bool HttpServer::State::too_many() const {
  return hub->open.size() - hub->turned_away > hub->settings.connection_limit;
}

// So that nobody keeps others out by connections alone: who comes, and soon shows a token, stays.
void HttpServer::State::close_strangers() {
  while (too_many() && !hub->strangers.empty()) {
    const auto session = hub->open.at(hub->strangers.front()).lock();
    session->close();  // it leaves both
  }
}

void HttpServer::State::accept_after_shortage(const error_code& failure) {
  if (!std::exchange(shortage_logged, true)) {
    log::error("cannot take new connections for now", {{"reason", failure.message()}});
  }
  pause.expires_after(std::chrono::milliseconds(100));
  pause.async_wait([this](const error_code& cancelled) {
    if (!cancelled && acceptor.is_open()) accept();
  });
}

HttpServer::HttpServer(std::shared_ptr<State> state) : state_(std::move(state)) {}
HttpServer::~HttpServer() = default;
HttpServer::HttpServer(HttpServer&&) noexcept = default;
HttpServer& HttpServer::operator=(HttpServer&&) noexcept = default;

Result<HttpServer> HttpServer::listen(const ServerSettings& settings, Admission admit,
                                      Handler handler) {
  auto state = std::make_shared<State>(
      std::make_shared<Hub>(settings, std::move(admit), std::move(handler)));
  if (auto opened = state->open(); !opened) return opened.error();
  return HttpServer(std::move(state));
}

std::uint16_t HttpServer::port() const {
  return state_->port;
}

std::size_t HttpServer::connections() const {
  return state_->hub->open.size();
}

void HttpServer::State::begin_stop(const std::function<void()>& on_stop, Millis patience) {
  if (std::exchange(hub->stopping, true)) return;
  error_code ignored;
  acceptor.close(ignored);
  if (on_stop) on_stop();
  for_each_session([](Session& session) { session.wind_down(); });
  if (hub->open.empty()) return hub->io.stop();
  pause.expires_after(patience);
  pause.async_wait([this](const error_code& cancelled) {
    if (!cancelled) for_each_session([](Session& session) { session.close(); });
  });
}

void HttpServer::run(std::function<void()> on_stop, Millis patience) {
  auto& io = state_->hub->io;
  const auto stay = asio::make_work_guard(io);
  state_->on_stop_request = [this, &on_stop, patience] { state_->begin_stop(on_stop, patience); };
  state_->accept();
  io.run();
  state_->hub->ended = true;
}

void HttpServer::stop() {
  post([state = state_.get()] { state->on_stop_request(); });
}

void HttpServer::use(TlsIdentity identity) {
  post([hub = state_->hub.get(), identity = std::move(identity)] { hub->settings.tls = identity; });
}

void HttpServer::post(std::function<void()> task) {
  asio::post(state_->hub->io, [hub = state_->hub.get(), task = std::move(task)] {
    if (!hub->ended) task();
  });
}

namespace {

class SteadyTimer final : public HttpServer::Timer {
 public:
  SteadyTimer(std::shared_ptr<Hub> hub, Millis delay, std::function<void()> task)
      : hub_(std::move(hub)), timer_(hub_->io, delay) {
    // The task may already be due when the handle is dropped: it must not run then either.
    timer_.async_wait([hub = hub_.get(), wanted = std::weak_ptr<void>(wanted_),
                       task = std::move(task)](const error_code& cancelled) {
      if (!cancelled && !wanted.expired() && !hub->ended) task();
    });
  }

 private:
  std::shared_ptr<Hub> hub_;
  std::shared_ptr<void> wanted_ = std::make_shared<char>();
  asio::steady_timer timer_;
};

}  // namespace

std::unique_ptr<HttpServer::Timer> HttpServer::after(Millis delay, std::function<void()> task) {
  return std::make_unique<SteadyTimer>(state_->hub, delay, std::move(task));
}

}  // namespace muster::net
