#pragma once

// Internal to the server: the bytes of one connection, plain or under TLS, as the operations of
// Asio and Beast take a stream. On the thread of HttpServer::run().

#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include "net/tls_identity.hpp"

namespace muster::net {

class Transport {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using executor_type = Socket::executor_type;

  explicit Transport(Socket socket) : socket_(std::move(socket)) {
    boost::system::error_code ignored;
    socket_.non_blocking(true, ignored);  // for take_waiting() and say_goodbye()
  }

  executor_type get_executor() { return socket_.get_executor(); }
  // Below TLS: what becomes readable here need not be a byte of the peer's, nor all that there is.
  Socket& socket() { return socket_; }
  bool is_encrypted() const { return tls_.has_value(); }

  template <class Handler>
  void async_handshake(const TlsIdentity& identity, Handler&& handler) {
    SSL* fresh = SSL_new(identity.context());
    if (fresh == nullptr) throw std::bad_alloc();
    tls_.emplace(socket_, fresh);  // which owns it
    tls_->async_handshake(boost::asio::ssl::stream_base::server, std::forward<Handler>(handler));
  }

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) return tls_->async_read_some(buffers, std::forward<Handler>(handler));
    socket_.async_read_some(buffers, std::forward<Handler>(handler));
  }

  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) return tls_->async_write_some(buffers, std::forward<Handler>(handler));
    socket_.async_write_some(buffers, std::forward<Handler>(handler));
  }

  // Appends to `buffer` what is there without waiting. An error if that is nothing: would_block, or
  // what has ended the connection. No reading may be under way.
  boost::system::error_code take_waiting(boost::beast::flat_buffer& buffer) {
    constexpr std::size_t kMost = 16 * 1024;  // a record of TLS
    boost::system::error_code failure;
    const auto space = buffer.prepare(kMost);
    buffer.commit(tls_ ? tls_->read_some(space, failure) : socket_.read_some(space, failure));
    return failure;
  }

  // Tells the peer, if that can be done at once, that what it has is all and nothing was cut off.
  // No operation may be under way.
  void say_goodbye() {
    boost::system::error_code ignored;
    if (tls_) tls_->shutdown(ignored);
  }

 private:
  Socket socket_;
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;
};

}  // namespace muster::net
