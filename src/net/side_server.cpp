#include "net/side_server.hpp"

#include <signal.h>

#include <thread>

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::net {
namespace {

constexpr std::size_t kConnections = 64;
constexpr std::uint32_t kHeaderLimit = 8 << 10;
constexpr Millis kIdle = std::chrono::minutes(2);  // Prometheus asks more often on its connection
constexpr Millis kPatienceAtStop{500};

Response answer(const std::map<std::string, SideServer::Page>& pages, const Request& request) {
  const auto page = pages.find(request.path);
  if (page == pages.end()) {
    return plain_text(404, fmt::format("there is nothing at {}", printable(request.path)));
  }
  if (request.method == "GET" || request.method == "HEAD") return page->second();
  auto response = plain_text(405, fmt::format("{} takes GET and HEAD", request.path));
  response.headers.set("Allow", "GET, HEAD");
  return response;
}

// A thread that gets no signals: they are for who waits for them elsewhere.
std::thread start_deaf(std::function<void()> work) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(work));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

Response plain_text(int status, std::string_view sentence) {
  Response response{.status = status, .body = std::string(sentence) + "\n"};
  response.headers.set("Content-Type", "text/plain; charset=utf-8");
  response.headers.set("Cache-Control", "no-store");
  return response;
}

struct SideServer::State {
  explicit State(HttpServer listening)
      : http(std::move(listening)),
        thread(start_deaf([this] { http.run([] {}, kPatienceAtStop); })) {}

  HttpServer http;
  std::thread thread;
};

Result<std::unique_ptr<SideServer>> SideServer::open(const std::string& address, std::uint16_t port,
                                                     std::map<std::string, Page> pages) {
  const ServerSettings settings{.address = address,
                                .port = port,
                                .header_limit = kHeaderLimit,
                                .idle_timeout = kIdle,
                                .connection_limit = kConnections};
  auto http = HttpServer::listen(
      settings, [](const Request&) { return BodyPolicy{.limit = 0}; },
      [pages = std::move(pages)](const Request& request,
                                 const std::shared_ptr<Exchange>& exchange) {
        exchange->send(answer(pages, request));
      });
  if (!http) return http.error();
  return std::unique_ptr<SideServer>(new SideServer(std::make_unique<State>(*std::move(http))));
}

SideServer::SideServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

SideServer::~SideServer() {
  state_->http.stop();
  state_->thread.join();
}

std::uint16_t SideServer::port() const {
  return state_->http.port();
}

}  // namespace muster::net
