#include "cli/metrics_endpoint.hpp"

#include <fmt/core.h>

#include "base/log.hpp"
#include "base/text.hpp"
#include "metrics/registry.hpp"

namespace muster::cli {
namespace {

net::Response page_of(const Shown& shown) {
  net::Response response{.body = shown.metrics()};
  response.headers.set("Content-Type", std::string(metrics::kContentType));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

net::Response verdict_of(const Shown& shown) {
  const auto ready = shown.ready();
  return ready ? net::plain_text(200, "ready") : net::plain_text(503, ready.error().message);
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
  constexpr std::int64_t kMostPort = 65'535;
  Endpoint endpoint;
  auto port = text;
  if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
    auto address = text.substr(0, colon);
    port = text.substr(colon + 1);
    const bool in_brackets = address.starts_with('[') && address.ends_with(']');
    if (in_brackets) address = address.substr(1, address.size() - 2);
    const bool is_v6 = address.find(':') != std::string_view::npos;
    if (address.empty() || in_brackets != is_v6) port = {};
    endpoint.address = address;
  }
  const auto number = parse_int(port);
  if (!number || *number < 0 || *number > kMostPort) {
    return Error{ErrorKind::invalid,
                 fmt::format("'{}' is no place to listen at: PORT, ADDRESS:PORT or [IPV6]:PORT",
                             printable(text, 100))};
  }
  endpoint.port = static_cast<std::uint16_t>(*number);
  return endpoint;
}

Result<std::unique_ptr<net::SideServer>> show(const std::string& listen, Shown shown) {
  if (listen.empty()) return nullptr;
  const auto endpoint = parse_endpoint(listen);
  if (!endpoint) return endpoint.error();
  const auto kept = std::make_shared<const Shown>(std::move(shown));
  auto server = net::SideServer::open(endpoint->address, endpoint->port,
                                      {{"/metrics", [kept] { return page_of(*kept); }},
                                       {"/healthz", [] { return net::plain_text(200, "ok"); }},
                                       {"/readyz", [kept] { return verdict_of(*kept); }}});
  if (!server) return server.error().within("--metrics-listen");
  const bool is_v6 = endpoint->address.find(':') != std::string::npos;
  log::info("metrics are shown",
            {{"url", fmt::format("http://{}{}{}:{}/metrics", is_v6 ? "[" : "", endpoint->address,
                                 is_v6 ? "]" : "", (*server)->port())}});
  return server;
}

}  // namespace muster::cli
