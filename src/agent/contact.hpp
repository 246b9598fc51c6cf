#pragma once

// Whether the server answers, for the log: a line when it goes away and one when it is back,
// however many calls fail in between. Likewise when its disk is full. Thread-safe.

#include <mutex>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "net/http_client.hpp"

namespace muster::agent {

class Contact {
 public:
  enum class Call {
    writes,  // its success shows that the server's disk has room
    other,
  };

  explicit Contact(std::string url) : url_(std::move(url)) {}

  // What became of a call: any answer, or the reason that there is none.
  void note(Call call, const Result<net::ClientResponse>& response);

 private:
  void note_reached(const std::string& trouble);
  void note_room(bool full);

  const std::string url_;
  std::mutex mutex_;
  std::optional<MonotonicTime> away_since_;
  std::optional<MonotonicTime> full_since_;
};

}  // namespace muster::agent
