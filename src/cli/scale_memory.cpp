#include "cli/scale_memory.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include <fmt/core.h>

#include "aws/session.hpp"
#include "base/crypto.hpp"
#include "base/file.hpp"
#include "fleet/line_ledger.hpp"
#include "fleet/sqlite_ledger.hpp"
#include "fleet/state_lock.hpp"

namespace muster::cli {

namespace {

using Memory = Result<std::unique_ptr<ScaleMemory>>;

class InDirectory final : public ScaleMemory {
 public:
  InDirectory(std::optional<fleet::StateLock> lock, fleet::SqliteLedger ledger)
      : lock_(std::move(lock)), ledger_(std::move(ledger)) {}
  fleet::Ledger& ledger() override { return ledger_; }

 private:
  std::optional<fleet::StateLock> lock_;
  fleet::SqliteLedger ledger_;
};

class UnderLease final : public ScaleMemory {
 public:
  // `decisions` may be null: then they are lines of standard output.
  UnderLease(std::unique_ptr<lease::LeaseTable> table, lease::LeaseTerms terms,
             std::unique_ptr<ScaleMemory> decisions)
      : decisions_(std::move(decisions)),
        ledger_(std::move(table), std::move(terms), decisions_ ? decisions_->ledger() : lines_) {}
  fleet::Ledger& ledger() override { return ledger_; }

 private:
  fleet::LineLedger lines_{stdout};
  std::unique_ptr<ScaleMemory> decisions_;
  lease::LeasedLedger ledger_;
};

Memory open_directory(const std::filesystem::path& directory) {
  // Traversable for root's job user, whose working directories lie below.
  const auto mode = ::geteuid() == 0 ? 0711 : 0700;
  if (auto made = make_directory(directory, mode); !made) return made.error();
  auto lock = fleet::StateLock::acquire(directory);
  if (!lock) return lock.error();
  auto ledger = fleet::SqliteLedger::open(directory / "scaler.db");
  if (!ledger) return ledger.error();
  return std::make_unique<InDirectory>(std::move(*lock), std::move(*ledger));
}

// A name for people, and unique.
std::string owner() {
  const auto tag = random_hex(4);
  const auto environment = aws::process_environment();
  if (const auto function = environment("AWS_LAMBDA_FUNCTION_NAME")) {
    return fmt::format("the function {} ({})", *function, tag);
  }
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host = {"this machine"};
  return fmt::format("process {} on {} ({})", ::getpid(), host.data(), tag);
}

// Of the environment, looked up once.
Result<lease::LeaseKeys> keys_here(const ScaleConfig& config) {
  aws::Session session;
  return lease_keys(config, [&] { return session.region({}); });
}

Memory open_lease(const ScaleConfig& config, lease::LeaseKeys keys,
                  std::unique_ptr<ScaleMemory> decisions) {
  auto table = lease::open_dynamo_table(config.lease->table, config.lease->region);
  if (!table) return table.error();
  return std::make_unique<UnderLease>(std::move(*table),
                                      lease::LeaseTerms{.owner = owner(), .keys = std::move(keys)},
                                      std::move(decisions));
}

}  // namespace

std::vector<std::string> lease_keys(const ScaledClass& scaled,
                                    const std::string& region_of_environment) {
  const auto* groups = std::get_if<capacity::ClassGroups>(&scaled.capacity);
  if (groups == nullptr) return {scaled.managed.name};
  std::vector<std::string> keys;
  for (const auto& group : groups->in_order) {
    keys.push_back(fmt::format("{}/{}", group.region.empty() ? region_of_environment : group.region,
                               group.group));
  }
  std::ranges::sort(keys);
  return keys;
}

bool needs_region(const ScaledClass& scaled) {
  const auto* groups = std::get_if<capacity::ClassGroups>(&scaled.capacity);
  return groups != nullptr && std::ranges::any_of(groups->in_order, &std::string::empty,
                                                  &capacity::GroupSettings::region);
}

Result<lease::LeaseKeys> lease_keys(const ScaleConfig& config, const FindRegion& region) {
  lease::LeaseKeys keys;
  std::map<std::string, std::string> owners;
  for (const auto& scaled : config.classes) {
    const auto here = needs_region(scaled) ? region() : Result<std::string>("");
    if (!here) return here.error();
    const auto& name = scaled.managed.name;
    auto of_class = lease_keys(scaled, *here);
    for (const auto& key : of_class) {
      const auto [owner, first] = owners.try_emplace(key, name);
      if (first) continue;
      if (owner->second == name) {
        return Error{ErrorKind::invalid, fmt::format("{} names one group twice: {}", name, key)};
      }
      return Error{ErrorKind::invalid,
                   fmt::format("{} and {} name one group, {}: give each class a group of its own",
                               owner->second, name, key)};
    }
    keys.emplace(name, std::move(of_class));
  }
  return keys;
}

// Without a lease the keys are not used, but they must differ all the same.
Memory open_memory(const ScaleConfig& config) {
  auto keys = keys_here(config);
  if (!keys) return keys.error();
  if (config.state_directory.empty()) return open_lease(config, std::move(*keys), nullptr);
  auto directory = open_directory(config.state_directory);
  if (!directory || !config.lease) return directory;
  return open_lease(config, std::move(*keys), std::move(*directory));
}

Memory look_at_memory(const ScaleConfig& config) {
  if (config.lease) {
    auto keys = keys_here(config);
    if (!keys) return keys.error();
    return open_lease(config, std::move(*keys), nullptr);
  }
  const auto file = config.state_directory / "scaler.db";
  std::error_code unreadable;
  if (!std::filesystem::exists(file, unreadable)) return std::unique_ptr<ScaleMemory>();
  auto ledger = fleet::SqliteLedger::open(file, db::Access::read);
  if (!ledger) return ledger.error();
  return std::make_unique<InDirectory>(std::nullopt, std::move(*ledger));
}

}  // namespace muster::cli
