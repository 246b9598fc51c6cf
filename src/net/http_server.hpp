#pragma once

// An HTTP/1.1 server: the only asynchronous code of the project (Boost.Beast, in
// http_session.cpp).
//
// Everything happens on the one thread that calls run(): the handler, every reply, every timer.
// Only stop(), use() and post() may be called from other threads.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/result.hpp"
#include "base/time.hpp"
#include "net/http.hpp"
#include "net/tls_identity.hpp"

namespace muster::net {

struct Request {
  std::string method;
  std::string path;   // decoded
  std::string query;  // as sent
  Headers headers;
  std::string body;
  // Where a spooled body lies. Move it away to keep it: it is deleted with the Exchange.
  std::optional<std::filesystem::path> body_file;
  std::string body_sha256;  // of what is in body_file: lower-case hex
  std::string peer;         // the address it came from
};

// Part of a file as a body. The bytes must be there when the answer is sent.
struct FileSlice {
  std::filesystem::path path;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  std::optional<FileSlice> file;  // sent instead of `body`
};

// The answer to one request. Call send() or begin() once, now or later; an Exchange that is dropped
// without an answer closes the connection.
class Exchange {
 public:
  // Runs when all of a piece has been handed to the system; never, if the peer has gone.
  using Taken = std::function<void()>;

  virtual ~Exchange() = default;
  virtual void send(Response response) = 0;

  // An answer that goes on: its head, and the first piece as its body. Then any number of others,
  // each once the one before is taken. It ends, with the connection, when the Exchange is dropped.
  virtual void begin(Response head, Taken taken) = 0;
  virtual void add(std::string piece, Taken taken) = 0;

  // The peer has closed the connection: nobody will read the answer, or the rest of it. Noticed
  // while the request is parked, and between pieces; costs nothing to ask.
  virtual bool abandoned() const = 0;
};

using Handler = std::function<void(Request, std::shared_ptr<Exchange>)>;

// What to do with a request's body.
struct BodyPolicy {
  std::uint64_t limit = 1 << 20;               // bytes; a longer body gets 413
  std::optional<std::filesystem::path> spool;  // write the body to a new file in this folder
  bool known = false;                          // it is no stranger's: see connection_limit
};
// Asked when the head of a request is read, before its body: a Response refuses the request.
using Admission = std::function<std::variant<BodyPolicy, Response>(const Request& head)>;

struct ServerSettings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8480;              // 0: any free one
  std::uint32_t header_limit = 16 << 10;  // bytes; more gets 431
  // Absent: plain HTTP. Else nothing but HTTPS is spoken.
  std::optional<TlsIdentity> tls;
  // For the head of a request once it has begun, and for each 64 KiB of its body; then 408. Also
  // for all of the handshake of TLS.
  Millis read_timeout = std::chrono::seconds(30);
  Millis idle_timeout = std::chrono::minutes(5);    // between requests
  Millis write_timeout = std::chrono::seconds(60);  // for each piece of an answer to be taken
  // Bytes of bodies in memory that are not whole yet, of all connections together, without the
  // first 64 KiB of each; then 503, until some are.
  std::uint64_t half_bodies_limit = 256 << 20;
  // Past it a stranger's is closed, that of whom was served longest ago; if there is none, the new
  // one is answered 503 and closed.
  std::size_t connection_limit = 20'000;
};

class HttpServer {
 public:
  // Listens at once, so that an address in use is an error here.
  static Result<HttpServer> listen(const ServerSettings& settings, Admission admit,
                                   Handler handler);
  ~HttpServer();
  HttpServer(HttpServer&&) noexcept;
  HttpServer& operator=(HttpServer&&) noexcept;

  std::uint16_t port() const;

  // So many connections are open. Call on the server's thread.
  std::size_t connections() const;

  // Serves until stop(). Then no new connection or request is taken, `on_stop` runs (so that
  // parked requests can be answered), and answers under way are sent, for at most `patience`.
  void run(std::function<void()> on_stop, Millis patience);
  void stop();

  // Of a server with TLS: what connections show that come from now on. The others go on.
  void use(TlsIdentity identity);

  // Runs `task` on the server's thread.
  void post(std::function<void()> task);

  // Runs `task` on the server's thread after `delay`. Dropping the handle cancels it.
  // Call on the server's thread.
  class Timer {
   public:
    virtual ~Timer() = default;
  };
  std::unique_ptr<Timer> after(Millis delay, std::function<void()> task);

 private:
  struct State;
  explicit HttpServer(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace muster::net
