#pragma once

// Where leases are kept: one item a group of machines, with what its scaler remembers. Whoever
// writes says which version was read, so that of two writers one is too late and learns of it.
// One thread at a time.

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"

namespace muster::lease {

struct Item {
  std::int64_t version = 0;
  std::string owner;      // empty: nobody's
  WallTime expires_at{};  // by the table's clock
  std::string memory;     // what the scaler of the group remembers, as JSON

  friend bool operator==(const Item&, const Item&) = default;
};

struct Reading {
  std::optional<Item> item;  // nothing: there is none
  WallTime at{};             // by the table's clock, or up to a second behind it
};

class LeaseTable {
 public:
  virtual ~LeaseTable() = default;

  // As it is after all writes that were answered.
  virtual Result<Reading> read(const std::string& key, const std::stop_token& stop) = 0;

  // If there still is what has the version `expected` (nothing: no item at all); otherwise
  // ErrorKind::conflict, which also a write gives whose first answer was lost. When, by the table's
  // clock.
  virtual Result<WallTime> write(const std::string& key, const Item& item,
                                 std::optional<std::int64_t> expected,
                                 const std::stop_token& stop) = 0;
};

// A table of DynamoDB whose partition key is the text "group". Credentials are looked for when
// they are needed. An empty region is that of the environment.
Result<std::unique_ptr<LeaseTable>> open_dynamo_table(const std::string& table,
                                                      const std::string& region);

}  // namespace muster::lease
