#pragma once

// The embedded control plane: one directory, one port, one thread.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "server/identity.hpp"

namespace muster::server {

struct Settings {
  std::filesystem::path data_directory;
  std::string address = "127.0.0.1";
  std::uint16_t port = 8480;           // 0: any free one
  std::optional<TlsFiles> tls;         // absent: plain HTTP
  bool plain_beyond_loopback = false;  // plain HTTP although others can read it on its way
  Millis lease = std::chrono::minutes(5);
  std::int64_t requests_per_second = 5'000;  // of one caller: see request_rate.hpp
  std::size_t open_files = 1024;  // that this process may have: they bound the connections
};

class Server {
 public:
  // Opens the data directory and listens. Where no personal token is an administrator's, as in a
  // new directory, one is made, and kept in the file `token`, readable by its owner alone, so that
  // the clients of this user just work. The file `address` holds the URL while the server runs.
  // Without TLS it listens on this machine alone, unless the settings say otherwise.
  static Result<std::unique_ptr<Server>> open(const Settings& settings);
  ~Server();

  const std::string& url() const;
  std::size_t connection_limit() const;  // more are answered 503

  // Where a browser is signed in once, within ten minutes, with the token of the file `token`: what
  // is secret of it stands behind the #, which no browser sends. Nothing, if that file is gone or
  // its token revoked. Before run().
  Result<std::optional<std::string>> make_sign_in_link();

  // Serves until stop(), which any thread may call.
  void run();
  void stop();

  // Reads certificate and key again. New connections are shown them; if they are of no use, as
  // before. Any thread may call it. Whether all is well.
  bool reload();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace muster::server
