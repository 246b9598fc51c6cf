#pragma once

// What streams of events tell, as text: of those that are asked in one group of requests the first
// makes a reading, and the others tell it as well. What changes behind it in that group is told in
// a later one, as each of them waits for it by then. Belongs to the HTTP server's thread.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/result.hpp"

namespace muster::server {

struct Reading {
  std::string json;
  std::string version;  // of that
  std::string topic;    // what is touched when there is news
};

class Readings {
 public:
  using Make = std::function<Result<Reading>()>;

  // As it was made before, or by `make`, whose error is not kept. Stands until the next call.
  Result<const Reading*> get(const std::string& watched, const Make& make);

  // The next is made anew.
  void forget() { kept_.clear(); }

  std::uint64_t made() const { return made_; }  // so far

 private:
  std::map<std::string, Reading> kept_;  // by what is watched
  std::uint64_t made_ = 0;
};

}  // namespace muster::server
