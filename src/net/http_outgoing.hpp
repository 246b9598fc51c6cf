#pragma once

// Internal to the server: an answer as the pieces of bytes that go out.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/file.hpp"
#include "net/http_server.hpp"

namespace muster::net {

// {"message": "..."} with a sentence of our own, which holds nothing to escape.
Response plain_error(int status, std::string_view sentence);

class Outgoing {
 public:
  struct Manner {
    int version = 11;  // of the request: 10 or 11
    bool keep_alive = true;
    bool head_only = false;  // it was a HEAD
    bool goes_on = false;    // nobody knows its length: it ends with the connection
  };

  // A file that cannot be opened, or is too short, becomes a 500.
  Outgoing(Response response, const Manner& manner);

  // Of an answer that goes on, once next() was empty.
  void add(std::string piece);

  // What to send next, at most 256 KiB; good until the next call. Empty: that was all. An error:
  // the file has become shorter than promised, and the connection is of no more use.
  Result<std::string_view> next();

 private:
  Result<void> open(const FileSlice& slice);
  Result<std::string_view> next_of_file();

  std::string piece_;  // first the head
  bool head_sent_ = false;
  std::string body_;
  std::size_t body_sent_ = 0;
  UniqueFd file_;
  std::uint64_t offset_ = 0;
  std::uint64_t left_ = 0;
};

}  // namespace muster::net
