// `muster replay`: what today's code, or another policy, makes of what was decided.

#include <cstdio>

#include <fmt/core.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/decision_log.hpp"
#include "cli/scale_config.hpp"
#include "history/replay_report.hpp"

namespace muster::cli {

namespace {

constexpr int kDiffers = 1;

using Policies = std::map<std::string, fleet::ManagedClass>;

// Tokens and machines do not matter here.
tl::expected<Policies, int> policies_of(const std::string& file) {
  const auto config = load_without_tokens(file);
  if (!config) return tl::unexpected(config.error());
  Policies policies;
  for (auto& managed : config->managed_classes()) policies.emplace(managed.name, managed);
  return policies;
}

std::string names_of(const std::map<std::string, std::int64_t>& classes) {
  std::vector<std::string> names;
  for (const auto& [name, decisions] : classes) names.push_back(printable(name));
  return join(names, ", ");
}

// Why nothing was run.
Error nothing_to_replay(const ReplayOptions& options, const history::ReplayResult& result,
                        const history::LeftOut& left_out) {
  std::string why = "there is no decision in it";
  if (left_out.older > 0) {
    why = fmt::format("all of its {} are of an earlier muster, and lack what is needed",
                      count_of(left_out.older, "decision"));
  }
  if (!result.left_out.empty() && !options.resource_class.empty()) {
    why = fmt::format("there is no decision of {} to replay; its classes: {}",
                      printable(options.resource_class), names_of(result.left_out));
  } else if (!result.left_out.empty()) {
    why = fmt::format("none of its classes is in {}: {}", printable(options.policy_file),
                      names_of(result.left_out));
  }
  return Error{ErrorKind::invalid, why}.within(log_name(options.log));
}

}  // namespace

int run(const ReplayOptions& options) {
  history::ReplayTerms terms{options.resource_class, std::nullopt};
  if (!options.policy_file.empty()) {
    auto policies = policies_of(options.policy_file);
    if (!policies) return policies.error();
    if (!options.resource_class.empty() && !policies->contains(options.resource_class)) {
      return report(
          {ErrorKind::invalid, fmt::format("{} is not in {}", printable(options.resource_class),
                                           printable(options.policy_file))});
    }
    terms.policies = std::move(*policies);
  }
  history::Replay replay(std::move(terms));
  const auto left_out = read_log(
      options.log, [&](const auto& record, const auto& where) { replay.take(record, where); });
  if (!left_out) return report(left_out.error());
  const auto& result = replay.result();
  if (result.decisions == 0) return report(nothing_to_replay(options, result, *left_out));
  const history::ReplayReport about{log_name(options.log), options.policy_file, *left_out};
  fmt::print("{}", options.json ? replay_json(result, about) : replay_text(result, about));
  return result.differ() == 0 && result.breaches.empty() ? 0 : kDiffers;
}

}  // namespace muster::cli
