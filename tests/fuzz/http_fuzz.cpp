// What arrives on a connection of the server, up to a handler and back: the session, over a pair of
// sockets. The peer sends all of it and closes its sending half. Its answers do not depend on how
// the bytes are cut on their way, and in the end nothing of the connection is left.

#include <sys/socket.h>

#include <array>

#include <boost/asio/ip/tcp.hpp>

#include "base/file.hpp"
#include "base/log.hpp"
#include "fuzz/check.hpp"
#include "fuzz/scratch.hpp"
#include "net/http_session.hpp"

namespace muster::fuzz {
namespace {

constexpr std::uint64_t kLongestBody = 2000;
constexpr std::size_t kLongestInput = 64 << 10;

// A path that begins so has its body spooled.
std::variant<net::BodyPolicy, net::Response> admit(const net::Request& head) {
  static const Scratch scratch;
  if (head.path.starts_with("/refused")) return net::Response{.status = 401, .body = "no"};
  const bool spooled = head.path.starts_with("/spool");
  return net::BodyPolicy{kLongestBody, spooled ? std::optional(scratch.path()) : std::nullopt};
}

void check_request(const net::Request& request) {
  check(!request.method.empty(), "a request has a method");
  check(request.path.starts_with('/'), "a path begins with a slash", request.path);
  check(request.body.size() <= kLongestBody, "a body is bounded");
  check(request.headers.all().size() <= 100, "header fields are bounded");
  for (const auto& [name, value] : request.headers.all()) {
    check(!name.empty() && net::is_one_line(name), "a header has a name", name);
    check(net::is_one_line(value), "a header is one line", value);
  }
  if (!request.body_file) return;
  check(std::filesystem::file_size(*request.body_file) <= kLongestBody, "a file is bounded");
}

// What a request was understood to be, so that two readings of it can be compared.
void handle(const net::Request& request, const std::shared_ptr<net::Exchange>& exchange) {
  check_request(request);
  if (request.path.starts_with("/dropped")) return;
  auto seen = request.method + " " + request.path + "?" + request.query + "\n";
  for (const auto& [name, value] : request.headers.all()) seen += name + ": " + value + "\n";
  const auto size = request.body_file ? std::filesystem::file_size(*request.body_file) : 0;
  exchange->send({.body = seen + request.body + std::to_string(size)});
}

// Without what may differ between two readings: the time; who waits to be asked for the body is
// asked only if it has not sent it already; and a head that is malformed, and cut off by the peer's
// end, may be seen to be either first.
std::string comparable(std::string text) {
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  for (auto at = text.find(kContinue); at != std::string::npos; at = text.find(kContinue, at)) {
    text.erase(at, kContinue.size());
  }
  constexpr std::string_view kMalformed = "{\"message\":\"The request is not well-formed HTTP.\"}";
  if (text.ends_with(kMalformed)) text.erase(text.rfind("HTTP/1.1 400 "));
  constexpr std::string_view kDate = "\r\nDate: ";
  for (auto at = text.find(kDate); at != std::string::npos; at = text.find(kDate, at)) {
    text.erase(at, text.find('\n', at + kDate.size()) - at);
  }
  return text;
}

std::string receive(int peer) {
  std::string received;
  std::array<char, 8192> buffer{};
  for (ssize_t got = 0; (got = ::recv(peer, buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0;) {
    received.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return received;
}

// What comes back for `input`, which is sent in pieces of at most so many bytes.
std::string converse(std::string_view input, std::size_t piece) {
  std::array<int, 2> ends{};
  check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0, "socketpair");
  const UniqueFd peer(ends[0]);
  const auto hub = std::make_shared<net::Hub>(net::ServerSettings{}, admit, handle);
  boost::asio::ip::tcp::socket socket(hub->io);
  socket.assign(boost::asio::ip::tcp::v4(), ends[1]);
  net::make_session(hub, std::move(socket))->start();

  std::string received;
  bool sent_all = false;
  // As nothing takes time, what is still there after many turns in which nothing happened hangs.
  constexpr int kPatience = 20;
  for (int idle = 0; !hub->open.empty(); ++idle) {
    check(idle < kPatience, "a connection whose peer has closed ends");
    const auto next = input.substr(0, piece);
    const auto sent =
        next.empty() ? 0
                     : ::send(peer.get(), next.data(), next.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) input.remove_prefix(static_cast<std::size_t>(sent)), idle = 0;
    if (input.empty() && !std::exchange(sent_all, true)) ::shutdown(peer.get(), SHUT_WR), idle = 0;
    hub->io.restart();
    if (hub->io.poll() > 0) idle = 0;
    received += receive(peer.get());
  }
  received += receive(peer.get());
  hub->ended = true;
  hub->io.restart();
  hub->io.poll();
  hub->handler = nullptr, hub->admit = nullptr;
  check(received.empty() || received.starts_with("HTTP/1.1 "), "an answer is HTTP", received);
  return comparable(std::move(received));
}

}  // namespace
}  // namespace muster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster;
  static const bool quiet = log::configure({.format = log::Format::none}).has_value();
  fuzz::check(quiet, "the log can be set");
  const auto input = fuzz::text_of(data, std::min(size, fuzz::kLongestInput));
  const auto whole = fuzz::converse(input, input.size());
  const auto cut = fuzz::converse(input, 1 + input.size() / 7);
  fuzz::check(whole == cut, "the answers are the same however the bytes are cut", whole);
  return 0;
}
