#pragma once

// A blocking HTTP client over libcurl. Connections are kept and used again.
//
// One thread at a time may use a client; give each thread its own. A call returns when it has an
// answer, has failed, is out of time, or `stop` is requested (ErrorKind::cancelled, within
// milliseconds). Any status is an answer; see expect_success().

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "net/http.hpp"

namespace muster::net {

// Whose certificate an https server may have.
struct Authorities {
  std::filesystem::path file;  // PEM: of these and no others; empty: those that the system trusts
  std::string setting;         // where a person names the file, for messages; empty: nowhere
};

struct ClientRequest {
  std::string method = "GET";
  std::string url;
  Headers headers;
  std::string body;
  std::optional<std::filesystem::path> body_file;  // sent instead of `body`
  Authorities authorities;
  bool direct = false;  // not through a proxy, whatever the environment says; so is any loopback
  Millis connect_timeout = std::chrono::seconds(10);
  Millis timeout = std::chrono::seconds(30);         // for the whole call
  std::uint64_t answer_limit = 16 << 20;             // bytes kept; a longer answer is an error
  std::optional<std::filesystem::path> answer_file;  // a 2xx body goes there, whatever its size
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;

  // No answer at all gives ErrorKind::unavailable, timeout or cancelled.
  Result<ClientResponse> send(const ClientRequest& request, std::stop_token stop = {});

  // Whether the last request may have arrived: there was a connection to send it on.
  bool may_have_arrived() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// "localhost", "127.…" or "[::1]", as in an address. Nothing is looked up.
bool is_loopback(const std::string& host);

// "Sun, 06 Nov 1994 08:49:37 GMT", or one of the older forms (RFC 9110, 5.6.7).
std::optional<WallTime> parse_http_date(const std::string& text);

// The error kind that a status stands for (400 invalid, 401 unauthenticated, 403 forbidden, 404
// not_found, 409 conflict, 413 too_large, 416 out_of_range, 507 exhausted, 429 and 5xx
// unavailable), so that both ends speak of the same thing. The inverse is in the server.
ErrorKind kind_of_status(int status);

// 2xx passes; else an error with the peer's own {"message"} where it sent one.
Result<ClientResponse> expect_success(Result<ClientResponse> response);

}  // namespace muster::net
