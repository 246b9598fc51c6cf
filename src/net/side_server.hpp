#pragma once

// A few pages that a program shows beside its work, on a thread of its own: to GET and HEAD, from
// anybody who reaches it.

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "net/http_server.hpp"

namespace muster::net {

class SideServer {
 public:
  // Called on the server's thread, for each request anew.
  using Page = std::function<Response()>;

  // Listens, and serves until it is destroyed. `pages` by path. Port 0: any free one.
  static Result<std::unique_ptr<SideServer>> open(const std::string& address, std::uint16_t port,
                                                  std::map<std::string, Page> pages);
  ~SideServer();
  SideServer(const SideServer&) = delete;
  SideServer& operator=(const SideServer&) = delete;

  std::uint16_t port() const;

 private:
  struct State;
  explicit SideServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// A sentence as a page.
Response plain_text(int status, std::string_view sentence);

}  // namespace muster::net
