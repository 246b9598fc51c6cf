#pragma once

// The embedded control plane: one directory, one port, one thread.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"

namespace muster::server {

struct Settings {
  std::filesystem::path data_directory;
  std::string address = "127.0.0.1";
  std::uint16_t port = 8480;  // 0: any free one
  Millis lease = std::chrono::minutes(5);
  std::size_t open_files = 1024;  // that this process may have: they bound the connections
};

class Server {
 public:
  // Opens the data directory and listens. In a new directory a personal token is made, and kept in
  // the file `token`, readable by its owner alone, so that the clients of this user just work.
  // The file `address` holds the URL while the server runs.
  static Result<std::unique_ptr<Server>> open(const Settings& settings);
  ~Server();

  const std::string& url() const;
  std::size_t connection_limit() const;  // more are answered 503

  // Serves until stop(), which any thread may call.
  void run();
  void stop();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace muster::server
