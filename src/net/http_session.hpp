#pragma once

// Internal to the server: one connection, and what all connections share.
//
// A session lives as long as an operation on its socket is pending or an Exchange refers to it.
// All of it runs on the thread of HttpServer::run().

#include <array>
#include <list>
#include <memory>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "net/http_server.hpp"

namespace muster::net {

class Session {
 public:
  virtual ~Session() = default;
  virtual void start() = 0;
  // In place of start(): answers whatever comes with an error, and closes. `sentence` is a literal.
  virtual void turn_away(int status, std::string_view sentence) = 0;
  // The server stops: closes now if no answer is owed, else after it.
  virtual void wind_down() = 0;
  virtual void close() = 0;
};

// Kept alive by its sessions, so that a socket never outlives the io_context.
struct Hub {
  Hub(ServerSettings chosen, Admission admission, Handler handle)
      : settings(std::move(chosen)), admit(std::move(admission)), handler(std::move(handle)) {}

  boost::asio::io_context io{1};
  ServerSettings settings;
  Admission admit;
  Handler handler;
  std::unordered_map<Session*, std::weak_ptr<Session>> open;  // those not yet closed
  std::size_t turned_away = 0;    // of those open: they count for no limit but their own
  std::list<Session*> strangers;  // of those open: who has been served longest ago comes first
  std::array<char, 64 * 1024> discarded{};  // what sessions read to throw it away
  std::uint64_t half_bodies = 0;            // bytes, as half_bodies_limit has them
  bool stopping = false;
  bool ended = false;  // run() is over: no task runs any more

  void session_closed(Session* session) {
    open.erase(session);
    if (stopping && open.empty()) io.stop();
  }
};

std::shared_ptr<Session> make_session(const std::shared_ptr<Hub>& hub,
                                      boost::asio::ip::tcp::socket socket);

}  // namespace muster::net
