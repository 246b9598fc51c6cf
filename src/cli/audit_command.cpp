#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "cli/client_session.hpp"
#include "cli/commands.hpp"
#include "client/terminal_text.hpp"
#include "protocol/json.hpp"

namespace muster::cli {
namespace {

constexpr std::int64_t kPage = 100;  // more come with no answer

// Page by page, the newest first.
Result<protocol::AuditList> newest(client::Api& api, std::int64_t limit) {
  protocol::AuditList all;
  std::optional<std::int64_t> before;
  while (static_cast<std::int64_t>(all.items.size()) < limit) {
    const auto left = limit - static_cast<std::int64_t>(all.items.size());
    auto page = api.audit(std::min(left, kPage), before);
    if (!page) return page;
    if (page->items.empty()) break;
    before = page->items.back().id;
    std::move(page->items.begin(), page->items.end(), std::back_inserter(all.items));
  }
  return all;
}

}  // namespace

int run(const AuditOptions& options) {
  const auto access = find_access(options.client);
  if (!access) return report(access.error());
  client::Api api(*access);
  const auto list = newest(api, options.limit);
  if (!list) return report(list.error());
  if (options.json) {
    fmt::print("{}\n", protocol::to_json(*list));
    return 0;
  }
  std::vector<std::vector<std::string>> rows{
      {"AT", "ACTOR", "ADDRESS", "ACTION", "SUBJECT", "DETAIL"}};
  for (const auto& item : list->items) {
    rows.push_back({format_rfc3339(item.at), item.actor, item.address, item.action, item.subject,
                    item.detail});
  }
  print_lines(client::table(rows));
  return 0;
}

}  // namespace muster::cli
