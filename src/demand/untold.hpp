#pragma once

// The decisions that the server was not told of yet. What would make a report too large waits for
// the next one; of more than a report may have of a class the oldest are forgotten. Pure.

#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "fleet/loop.hpp"
#include "protocol/messages.hpp"

namespace muster::demand {

class Untold {
 public:
  // Only what acts, or says something else than the one before, is worth telling: whether it is.
  bool add(const fleet::ClassPass& pass);
  // Puts those into the report that fit into so many bytes; of classes that are in it. All until
  // the returned mark are told if it arrives.
  std::uint64_t put_into(protocol::FleetReport& report, std::size_t bytes) const;
  void told(std::uint64_t mark);
  bool empty() const { return waiting_.empty(); }

 private:
  struct Waiting {
    std::uint64_t number = 0;
    std::string resource_class;
    protocol::FleetDecision decision;
  };
  void make_room(const std::string& resource_class);

  std::uint64_t count_ = 0;
  std::deque<Waiting> waiting_;                            // the oldest first
  std::map<std::string, protocol::FleetDecision> latest_;  // by class
};

}  // namespace muster::demand
