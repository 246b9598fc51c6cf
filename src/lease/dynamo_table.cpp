#include <fmt/core.h>

#include "aws/dynamodb.hpp"
#include "base/text.hpp"
#include "lease/lease_table.hpp"

namespace muster::lease {

namespace {

constexpr const char* kKey = "group";
constexpr const char* kVersion = "version";
constexpr const char* kOwner = "owner";
constexpr const char* kExpires = "expires_at_ms";
constexpr const char* kMemory = "memory";
constexpr const char* kAttributes = "version, owner, expires_at_ms and memory";

// Nothing: it is no lease.
std::optional<Item> read_item(const aws::Item& kept) {
  const auto version = kept.numbers.find(kVersion);
  const auto owner = kept.texts.find(kOwner);
  const auto expires = kept.numbers.find(kExpires);
  const auto memory = kept.texts.find(kMemory);
  if (version == kept.numbers.end() || owner == kept.texts.end() || expires == kept.numbers.end() ||
      memory == kept.texts.end()) {
    return std::nullopt;
  }
  return Item{version->second, owner->second, WallTime(Millis(expires->second)), memory->second};
}

class DynamoTable final : public LeaseTable {
 public:
  static Result<std::unique_ptr<LeaseTable>> open(const std::string& table,
                                                  const std::string& region) {
    std::unique_ptr<DynamoTable> opened(new DynamoTable(table));
    auto client = aws::DynamoDb::open(opened->session_, opened->http_, region, {});
    if (!client) return client.error();
    opened->client_.emplace(std::move(*client));
    return std::unique_ptr<LeaseTable>(std::move(opened));
  }

  Result<Reading> read(const std::string& key, const std::stop_token& stop) override {
    const auto found = client_->get(table_, kKey, key, stop);
    if (!found) return explained(found.error());
    Reading reading{.at = session_.aws_now()};
    if (!*found) return reading;
    auto item = read_item(**found);
    if (!item) {
      return Error{ErrorKind::invalid,
                   fmt::format("the item {} of the table {} is no lease of muster, as its {} are "
                               "not what muster writes; delete it if nothing else uses it",
                               printable(key), printable(table_), kAttributes)};
    }
    reading.item = std::move(*item);
    return reading;
  }

  Result<WallTime> write(const std::string& key, const Item& item,
                         std::optional<std::int64_t> expected,
                         const std::stop_token& stop) override {
    const aws::Item kept{.texts = {{kKey, key}, {kOwner, item.owner}, {kMemory, item.memory}},
                         .numbers = {{kVersion, item.version},
                                     {kExpires, item.expires_at.time_since_epoch().count()}}};
    const auto written = client_->put(table_, kept, kVersion, expected, stop);
    if (!written) return explained(written.error());
    return session_.aws_now();
  }

 private:
  explicit DynamoTable(std::string table) : table_(std::move(table)) {}

  Error explained(const Error& error) const {
    if (error.kind != ErrorKind::not_found) return error;
    return {error.kind,
            fmt::format("there is no DynamoDB table {} in {}; create it with a partition "
                        "key '{}' of type S, or correct its name or region ({})",
                        printable(table_), client_->region(), kKey, error.message)};
  }

  const std::string table_;
  aws::Session session_;
  net::HttpClient http_;
  std::optional<aws::DynamoDb> client_;
};

}  // namespace

Result<std::unique_ptr<LeaseTable>> open_dynamo_table(const std::string& table,
                                                      const std::string& region) {
  return DynamoTable::open(table, region);
}

}  // namespace muster::lease
