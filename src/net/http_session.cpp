#include "net/http_session.hpp"

#include <sys/socket.h>

#include <cerrno>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>

#include <fmt/core.h>

#include "base/log.hpp"
#include "base/text.hpp"
#include "net/http_outgoing.hpp"
#include "net/http_refusal.hpp"
#include "net/http_spool.hpp"
#include "net/http_transport.hpp"

namespace muster::net {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr std::size_t kBodyPiece = 64 * 1024;
constexpr std::size_t kFirstPiece = 4 * 1024;
constexpr auto kLinger = std::chrono::seconds(2);

class HttpSession final : public Session, public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(std::shared_ptr<Hub> hub, tcp::socket socket)
      : hub_(std::move(hub)),
        transport_(std::move(socket)),
        timer_(hub_->io),
        buffer_(hub_->settings.header_limit + kBodyPiece) {}

  void start() override;
  void turn_away(int status, std::string_view sentence) override;
  void wind_down() override;
  void close() override;

  void answer(Response response);
  void begin_stream(Response head, Exchange::Taken taken);
  void add_to_stream(std::string piece, Exchange::Taken taken);
  void end_stream();
  bool closed() const { return closed_; }

 private:
  enum class Phase { greeting, waiting, reading, handling, writing, lingering };

  void join_strangers();
  void leave_strangers();
  void await_greeting();
  void on_greeting();
  void begin();
  void await_request();
  void read_head();
  void on_head();
  void choose_sink(const BodyPolicy& policy);
  void invite_body();
  void read_body();
  std::size_t next_piece() const;
  bool take_body(std::string_view data);
  bool keep_body(std::string_view data);
  void dispatch();
  void free_room();
  Request take_head(Location location);
  void watch();
  void on_readable_while_parked();
  void write_next();
  void on_written();
  void linger();
  void drain();
  void finish();

  // True if reading is over: it failed or took too long, and that has been dealt with.
  bool interrupted(const error_code& failure);
  void refuse(Response response);
  void refuse(int status, std::string_view sentence);
  void refuse(const Refusal& refusal) { refuse(refusal.status, refusal.sentence); }
  void set_deadline(Millis delay);
  void on_deadline();
  tcp::socket& socket() { return transport_.socket(); }

  std::shared_ptr<Hub> hub_;
  Transport transport_;
  asio::steady_timer timer_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;  // while a request is read
  Request request_;               // head, then body, until it is handled
  std::string piece_;             // of the body, as it is read
  std::uint64_t body_read_ = 0;
  std::uint64_t counted_ = 0;  // of the body, in hub_->half_bodies
  std::optional<SpoolFile> spool_;
  std::optional<Outgoing> outgoing_;
  Outgoing::Manner manner_;
  Exchange::Taken taken_;                                  // of the piece that is on its way
  std::optional<Refusal> turned_away_;                     // before TLS, in which it is to be told
  std::optional<std::list<Session*>::iterator> stranger_;  // its place among them
  Phase phase_ = Phase::waiting;
  bool timed_out_ = false;
  bool refused_ = false;  // the rest of the request is unread
  bool closed_ = false;
};

class SessionExchange final : public Exchange {
 public:
  SessionExchange(std::shared_ptr<HttpSession> session, std::optional<SpoolFile> spool)
      : session_(std::move(session)), spool_(std::move(spool)) {}
  SessionExchange(const SessionExchange&) = delete;
  SessionExchange& operator=(const SessionExchange&) = delete;
  ~SessionExchange() override {
    if (streams_) {
      session_->end_stream();
    } else if (!sent_) {
      session_->close();
    }
  }

  void send(Response response) override {
    if (std::exchange(sent_, true)) return;
    session_->answer(std::move(response));
  }
  void begin(Response head, Taken taken) override {
    streams_ = true;
    session_->begin_stream(std::move(head), std::move(taken));
  }
  void add(std::string piece, Taken taken) override {
    session_->add_to_stream(std::move(piece), std::move(taken));
  }
  bool abandoned() const override { return !sent_ && session_->closed(); }

 private:
  std::shared_ptr<HttpSession> session_;
  std::optional<SpoolFile> spool_;
  bool sent_ = false;
  bool streams_ = false;
};

// --- Greeting ---

void HttpSession::start() {
  if (!turned_away_) join_strangers();
  if (!hub_->settings.tls) return begin();
  phase_ = Phase::greeting;
  set_deadline(hub_->settings.read_timeout);
  await_greeting();
}

// Each connection begins as a stranger's, until a request on it shows that it is none.
void HttpSession::join_strangers() {
  stranger_ = hub_->strangers.insert(hub_->strangers.end(), this);
}

void HttpSession::leave_strangers() {
  if (stranger_) hub_->strangers.erase(*stranger_);
  stranger_.reset();
}

void HttpSession::await_greeting() {
  socket().async_wait(tcp::socket::wait_read,
                      [self = shared_from_this()](const error_code& failure) {
                        if (self->closed_) return;
                        if (failure) return self->close();
                        self->on_greeting();
                      });
}

// Who speaks plainly here is told so, as plainly: it could not read another answer.
void HttpSession::on_greeting() {
  constexpr char kHandshake = 22;  // how each record of a TLS handshake begins
  char first = 0;
  const auto got = ::recv(socket().native_handle(), &first, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return await_greeting();
  if (got <= 0) return close();
  if (first != kHandshake) {
    return refuse(400, "This port speaks HTTPS: write https:// in its address.");
  }
  transport_.async_handshake(*hub_->settings.tls,
                             [self = shared_from_this()](const error_code& failure) {
                               if (self->closed_) return;
                               if (failure) return self->close();
                               self->begin();
                             });
}

void HttpSession::begin() {
  if (turned_away_) return refuse(*turned_away_);
  await_request();
}

void HttpSession::turn_away(int status, std::string_view sentence) {
  turned_away_ = Refusal{status, sentence};
  ++hub_->turned_away;
  start();
}

// --- Reading ---

void HttpSession::await_request() {
  phase_ = Phase::waiting;
  if (hub_->stopping) return finish();
  if (stranger_) hub_->strangers.splice(hub_->strangers.end(), hub_->strangers, *stranger_);
  if (buffer_.size() > 0) return read_head();  // sent ahead of our answer
  if (transport_.is_encrypted()) {
    // What TLS has read already, with the request before, makes no socket readable.
    const auto failure = transport_.take_waiting(buffer_);
    if (!failure) return read_head();
    if (failure != asio::error::would_block) return close();
  }
  set_deadline(hub_->settings.idle_timeout);
  socket().async_wait(tcp::socket::wait_read,
                      [self = shared_from_this()](const error_code& failure) {
                        if (self->closed_) return;
                        if (failure) return self->close();
                        self->read_head();
                      });
}

void HttpSession::read_head() {
  phase_ = Phase::reading;
  timed_out_ = false;
  manner_ = {};
  parser_.emplace();
  parser_->header_limit(hub_->settings.header_limit);
  parser_->body_limit(boost::none);  // chosen when the head is known
  set_deadline(hub_->settings.read_timeout);
  http::async_read_header(transport_, buffer_, *parser_,
                          [self = shared_from_this()](const error_code& failure, std::size_t) {
                            if (!self->interrupted(failure)) self->on_head();
                          });
}

bool HttpSession::interrupted(const error_code& failure) {
  if (closed_) return true;
  if (timed_out_) {
    refuse(408, "The request was begun and not finished in time.");
  } else if (!failure) {
    return false;
  } else if (const auto refusal = refusal_for(failure)) {
    refuse(*refusal);
  } else {
    close();
  }
  return true;
}

void HttpSession::on_head() {
  const auto& head = parser_->get();
  manner_ = {.version = static_cast<int>(head.version()),
             .keep_alive = head.keep_alive(),
             .head_only = head.method() == http::verb::head};
  if (const auto flaw = flaw_of(*parser_)) return refuse(*flaw);
  auto location = parse_location(head.target());
  if (!location) return refuse(400, "The target of the request is not a well-formed path.");
  request_ = take_head(*std::move(location));

  auto admission = hub_->admit(request_);
  if (auto* refusal = std::get_if<Response>(&admission)) {
    if (!parser_->is_done()) return refuse(std::move(*refusal));
    free_room();  // with no body to come nothing is unread, and the connection goes on
    return answer(std::move(*refusal));
  }
  const auto& policy = std::get<BodyPolicy>(admission);
  if (policy.known) {
    leave_strangers();
  } else if (!stranger_) {
    join_strangers();  // its token was revoked, for one
  }
  if (parser_->content_length().value_or(0) > policy.limit) {
    return refuse(413,
                  fmt::format("The body of the request is too long: here it may have {} bytes.",
                              policy.limit));
  }
  parser_->body_limit(policy.limit);
  choose_sink(policy);
}

Request HttpSession::take_head(Location location) {
  const auto& head = parser_->get();
  Request request{.method = std::string(head.method_string()),
                  .path = std::move(location.path),
                  .query = std::move(location.query)};
  for (const auto& field : head) {
    request.headers.add(std::string(field.name_string()), std::string(field.value()));
  }
  error_code gone;
  const auto peer = socket().remote_endpoint(gone);
  if (!gone) request.peer = peer.address().to_string();
  return request;
}

void HttpSession::choose_sink(const BodyPolicy& policy) {
  spool_.reset();
  body_read_ = 0;
  if (policy.spool) {
    auto spool = SpoolFile::create(*policy.spool);
    if (!spool) {
      log::error("cannot store an upload", {{"reason", spool.error().message}});
      return refuse(refusal_for(spool.error()));
    }
    spool_.emplace(std::move(*spool));
  }
  const auto expectation = parser_->get()[http::field::expect];
  const bool waits = equal_ignoring_case(expectation, "100-continue") && manner_.version == 11;
  return waits && !parser_->is_done() && buffer_.size() == 0 ? invite_body() : read_body();
}

void HttpSession::invite_body() {
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(transport_, asio::buffer(kContinue),
                    [self = shared_from_this()](const error_code& failure, std::size_t) {
                      if (!self->interrupted(failure)) self->read_body();
                    });
}

// Small at first, and doubled as they come, so that who announces a body and does not send it takes
// no room for it.
std::size_t HttpSession::next_piece() const {
  const auto left = parser_->content_length_remaining().value_or(kBodyPiece);
  const auto most = std::clamp<std::uint64_t>(body_read_, kFirstPiece, kBodyPiece);
  return std::clamp<std::uint64_t>(left, 1, std::min(most, kBodyPiece - body_read_ % kBodyPiece));
}

void HttpSession::read_body() {
  if (parser_->is_done()) return dispatch();
  // Beast reads no more at once than the buffer has room for: else a call for each 512 bytes.
  piece_.resize(next_piece());
  buffer_.reserve(piece_.size());
  parser_->get().body().data = piece_.data();
  parser_->get().body().size = piece_.size();
  if (body_read_ % kBodyPiece == 0) set_deadline(hub_->settings.read_timeout);
  http::async_read(transport_, buffer_, *parser_,
                   [self = shared_from_this()](error_code failure, std::size_t) {
                     if (failure == http::error::need_buffer) failure = {};
                     if (self->interrupted(failure)) return;
                     const auto got = self->piece_.size() - self->parser_->get().body().size;
                     if (self->take_body(std::string_view(self->piece_).substr(0, got))) {
                       self->read_body();
                     }
                   });
}

bool HttpSession::take_body(std::string_view data) {
  body_read_ += data.size();
  if (!spool_) return keep_body(data);
  const auto stored = spool_->append(data);
  if (stored) return true;
  log::error("cannot store an upload", {{"reason", stored.error().message}});
  refuse(refusal_for(stored.error()));
  return false;
}

// Small bodies always pass, so that who sends many large ones does not keep others from saying
// something short.
bool HttpSession::keep_body(std::string_view data) {
  request_.body += data;
  if (request_.body.size() <= kBodyPiece) return true;
  counted_ += data.size();
  hub_->half_bodies += data.size();
  if (hub_->half_bodies <= hub_->settings.half_bodies_limit) return true;
  refuse(503, "Too many large requests are on their way at once: try again.");
  return false;
}

// --- Handling ---

void HttpSession::dispatch() {
  auto request = std::exchange(request_, {});
  if (spool_) {
    request.body_sha256 = spool_->finish();
    request.body_file = spool_->path();
  }
  free_room();
  timer_.cancel();
  phase_ = Phase::handling;

  auto exchange = std::make_shared<SessionExchange>(shared_from_this(), std::move(spool_));
  spool_.reset();
  try {
    hub_->handler(std::move(request), exchange);
  } catch (const std::exception& fault) {
    log::error("a request failed by a fault of ours", {{"reason", fault.what()}});
    exchange->send(plain_error(500, "A fault of the server; its log has the details."));
  }
  exchange.reset();
  if (phase_ == Phase::handling && !closed_) watch();
}

// A parked request may wait long, and there are thousands of them: they keep no buffers. Nor do
// those who are refused. What was sent ahead stays.
void HttpSession::free_room() {
  parser_.reset();
  request_ = {};
  hub_->half_bodies -= std::exchange(counted_, 0);
  std::string().swap(piece_);  // assigned nothing, it would keep its room
  buffer_.shrink_to_fit();
}

void HttpSession::watch() {
  socket().async_wait(tcp::socket::wait_read,
                      [self = shared_from_this()](const error_code& failure) {
                        if (self->closed_ || failure || self->phase_ != Phase::handling) return;
                        self->on_readable_while_parked();
                      });
}

void HttpSession::on_readable_while_parked() {
  const auto failure = transport_.take_waiting(buffer_);
  if (!failure) return;  // the next request; it waits its turn
  buffer_.shrink_to_fit();
  if (failure == asio::error::would_block || failure == asio::error::interrupted) return watch();
  close();
}

// --- Answering ---

void HttpSession::answer(Response response) {
  if (closed_) return;
  error_code ignored;
  socket().cancel(ignored);  // ends watch()
  phase_ = Phase::writing;
  if (hub_->stopping) manner_.keep_alive = false;
  outgoing_.emplace(std::move(response), manner_);
  write_next();
}

// Between pieces it is as if the request were parked.
void HttpSession::begin_stream(Response head, Exchange::Taken taken) {
  manner_.goes_on = true;
  manner_.keep_alive = false;
  taken_ = std::move(taken);
  answer(std::move(head));
}

void HttpSession::add_to_stream(std::string piece, Exchange::Taken taken) {
  if (closed_) return;
  error_code ignored;
  socket().cancel(ignored);  // ends watch()
  phase_ = Phase::writing;
  taken_ = std::move(taken);
  outgoing_->add(std::move(piece));
  write_next();
}

void HttpSession::end_stream() {
  if (closed_) return;
  manner_.goes_on = false;
  if (phase_ != Phase::writing) finish();
}

void HttpSession::refuse(int status, std::string_view sentence) {
  refuse(plain_error(status, sentence));
}

void HttpSession::refuse(Response response) {
  refused_ = true;
  manner_.keep_alive = false;
  spool_.reset();
  buffer_.clear();
  free_room();
  answer(std::move(response));
}

void HttpSession::write_next() {
  const auto piece = outgoing_->next();
  if (!piece) {
    log::error("an answer broke off", {{"reason", piece.error().message}});
    return close();
  }
  if (piece->empty()) return on_written();
  set_deadline(hub_->settings.write_timeout);
  asio::async_write(transport_, asio::buffer(*piece),
                    [self = shared_from_this()](const error_code& failure, std::size_t) {
                      if (self->closed_) return;
                      if (failure) return self->close();
                      self->write_next();
                    });
}

void HttpSession::on_written() {
  if (manner_.goes_on && !manner_.head_only) {
    timer_.cancel();
    phase_ = Phase::handling;
    watch();
    const auto taken = std::exchange(taken_, nullptr);
    return taken ? taken() : void();
  }
  outgoing_.reset();
  if (refused_) return linger();
  if (!manner_.keep_alive) return finish();
  await_request();
}

// Closing on unread bytes would make the kernel reset the connection, and our answer would be
// lost on its way. So what still comes is thrown away for a moment.
void HttpSession::linger() {
  phase_ = Phase::lingering;
  if (hub_->stopping) return finish();
  transport_.say_goodbye();
  error_code ignored;
  socket().shutdown(tcp::socket::shutdown_send, ignored);
  set_deadline(kLinger);
  drain();
}

void HttpSession::drain() {
  socket().async_read_some(asio::buffer(hub_->discarded),
                           [self = shared_from_this()](const error_code& failure, std::size_t) {
                             if (self->closed_) return;
                             if (failure) return self->close();
                             self->drain();
                           });
}

// --- Ending ---

void HttpSession::set_deadline(Millis delay) {
  timer_.expires_after(delay);
  timer_.async_wait([self = shared_from_this()](const error_code& failure) {
    // A deadline that was moved when it had just passed is not met either.
    const bool moved = self->timer_.expiry() > std::chrono::steady_clock::now();
    if (!failure && !moved && !self->closed_) self->on_deadline();
  });
}

void HttpSession::on_deadline() {
  if (phase_ == Phase::handling) return;  // parked requests have no deadline of ours
  if (phase_ == Phase::waiting) return finish();
  if (phase_ != Phase::reading) return close();
  timed_out_ = true;
  error_code ignored;
  socket().cancel(ignored);  // see interrupted()
}

void HttpSession::wind_down() {
  if (phase_ == Phase::handling || phase_ == Phase::writing) {
    manner_.keep_alive = false;
  } else if (phase_ == Phase::waiting) {
    finish();
  } else {
    close();
  }
}

// Closes where nothing is under way, so that the peer does not take it for a connection cut off.
void HttpSession::finish() {
  transport_.say_goodbye();
  close();
}

void HttpSession::close() {
  if (std::exchange(closed_, true)) return;
  error_code ignored;
  socket().close(ignored);
  timer_.cancel();
  taken_ = nullptr;
  spool_.reset();
  hub_->half_bodies -= std::exchange(counted_, 0);
  leave_strangers();
  if (turned_away_) --hub_->turned_away;
  hub_->session_closed(this);
}

}  // namespace

std::shared_ptr<Session> make_session(const std::shared_ptr<Hub>& hub, tcp::socket socket) {
  const auto session = std::make_shared<HttpSession>(hub, std::move(socket));
  hub->open.emplace(session.get(), session);
  return session;
}

}  // namespace muster::net
