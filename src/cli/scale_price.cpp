#include "cli/scale_price.hpp"

#include <fmt/core.h>

#include "base/text.hpp"
#include "protocol/messages.hpp"
#include "study/trace_times.hpp"

namespace muster::cli {

std::string read_currency(yaml::MapReader& reader, const std::string& otherwise) {
  constexpr auto kKey = "currency";
  const auto given = reader.text(kKey);
  if (!given) return otherwise;
  const bool plain = !given->empty() && printable(*given) == *given;
  if (plain && given->size() <= protocol::kLongestCurrency) return *given;
  reader.problem_at(kKey, fmt::format("expected a word such as USD, of 1 to {} bytes, found '{}'",
                                      protocol::kLongestCurrency, printable(*given, 60)));
  return otherwise;
}

std::optional<fleet::Price> read_price(yaml::MapReader& reader, const std::string& currency) {
  constexpr auto kKey = "price_per_hour";
  auto own_currency = read_currency(reader, currency);
  const auto* value = reader.take(kKey);
  if (value == nullptr) return std::nullopt;
  const bool is_number = value->kind == yaml::Value::Kind::scalar && !value->quoted;
  const auto millionths = is_number ? study::parse_millionths(value->text) : std::nullopt;
  if (millionths && protocol::Money{*millionths} <= protocol::kMostPrice) {
    return fleet::Price{*millionths, std::move(own_currency)};
  }
  reader.problem_at(
      kKey, fmt::format("expected a price of an instance-hour such as 0.17 or 0.0416, of "
                        "at most {}, with at most six decimals, found {}",
                        protocol::kMostPrice.millionths / 1'000'000, yaml::describe(*value)));
  return std::nullopt;
}

}  // namespace muster::cli
