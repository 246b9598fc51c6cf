#pragma once

// DynamoDB: single items, read consistently and written on a condition. One thread at a time.

#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "aws/client.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace muster::aws {

// An item's attributes by name: DynamoDB's types S and N, of which numbers are whole here.
struct Item {
  std::map<std::string, std::string> texts;
  std::map<std::string, std::int64_t> numbers;

  friend bool operator==(const Item&, const Item&) = default;
};

class DynamoDb {
 public:
  // As Client::open().
  static Result<DynamoDb> open(Session& session, net::HttpClient& http, std::string region,
                               const std::stop_token& stop, Patience patience = usual_patience());

  // As it is after all writes that were answered. Nothing: there is no such item.
  Result<std::optional<Item>> get(const std::string& table, const std::string& key_name,
                                  const std::string& key, const std::stop_token& stop);

  // Puts the whole item in the place of the one with its key, if that one's attribute `name` is
  // still `expected`; or, without an expectation, if there is none that has the attribute.
  // Otherwise ErrorKind::conflict. A write whose answer was lost and that was made again is a
  // conflict, too.
  Result<void> put(const std::string& table, const Item& item, const std::string& name,
                   std::optional<std::int64_t> expected, const std::stop_token& stop);

  const std::string& region() const { return client_.region(); }

 private:
  explicit DynamoDb(Client client) : client_(std::move(client)) {}
  Client client_;
};

}  // namespace muster::aws
