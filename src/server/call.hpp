#pragma once

// What a handler is given, and what it may answer.

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "net/http_server.hpp"
#include "protocol/messages.hpp"
#include "server/board.hpp"
#include "server/readings.hpp"
#include "store/store.hpp"

namespace muster::server {

// Not yet: ask again when one of the topics is touched, or at the latest when `patience` is over.
struct Park {
  std::vector<std::string> topics;
  Millis patience{0};
};

// Of an answer that goes on: what there is to say now. Then the handler is asked again, as after a
// Park, and may add to it, let it wait longer, or end it by anything else.
struct Piece {
  net::Response response;  // of a later one only the body counts
  std::string seen;        // what Call::seen is next
  Park park;
  std::string owner = {};  // whose it is: the id of a token, which may have so many
};

using Outcome = std::variant<net::Response, Park, Piece>;

struct PersonsSession {
  std::string id;
  WallTime ends_at{};  // if it is not used again
};

// Who has a personal token, or a session that was begun with it.
struct Person {
  std::string token_id;
  std::string nickname;  // of the token
  protocol::Role role = protocol::Role::read;
  std::optional<PersonsSession> session;  // what it is known by; absent: by the token itself
};

// One request, being handled inside a transaction. A parked request is handled again, from the
// start, with the same Call but for `now` and `last_chance`; so a handler that parks has changed
// nothing that it would not change twice.
struct Call {
  const net::Request& request;
  const std::map<std::string, std::string>& parameters;  // of the path
  store::Store& store;
  Board& board;
  Readings& readings;
  store::Now now;
  std::optional<std::string> seen;  // of an answer that goes on: as its latest piece has left it
  bool resumed = false;             // it was parked, and is asked again
  Millis waited{0};
  // A Park would be answered as it stands: time is over, or we stop. Of an answer that goes on:
  // nothing was said for as long as the handler let it wait.
  bool last_chance = false;
  std::optional<Person> person = std::nullopt;  // who asks; behind for_person() it is there

  const std::string& parameter(const std::string& name) const { return parameters.at(name); }
  std::optional<std::string> query(std::string_view name) const;
};

using Handler = std::function<Result<Outcome>(Call&)>;

// How long a request that asks for `wait_ms` may still wait.
Millis patience_left(const Call& call, std::int64_t wait_ms);

}  // namespace muster::server
