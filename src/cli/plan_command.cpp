// `muster plan`: one pass on paper. Says what `muster scale` would do now, and changes nothing.

#include <fmt/core.h>

#include <cstdio>

#include "base/log.hpp"
#include "base/text.hpp"
#include "cli/clear_text.hpp"
#include "cli/commands.hpp"
#include "cli/scale_config.hpp"
#include "cli/scale_memory.hpp"
#include "cli/scale_ports.hpp"
#include "fleet/dry_run.hpp"
#include "fleet/json.hpp"
#include "fleet/loop.hpp"

namespace muster::cli {

namespace {

class KeptPass final : public fleet::DecisionObserver {
 public:
  std::vector<fleet::ClassPass> classes;
  void decided(const std::vector<fleet::ClassPass>& passes) override { classes = passes; }
};

struct Plan {
  std::vector<fleet::ClassPass> classes;
  bool held = false;
  std::optional<Error> unreadable;  // what the scaler remembers: such a class is left out
};

Result<Plan> make_plan(const ScaleConfig& config) {
  const auto memory = look_at_memory(config);
  if (!memory) return memory.error();
  fleet::DryRunLedger ledger(*memory ? &(*memory)->ledger() : nullptr);
  const auto instances = make_capacity(config, Purpose::look);
  if (!instances) return instances.error();
  fleet::DryRunCapacity capacity(
      [&](const std::stop_token& stop) { return (*instances)->list(stop); });
  const auto queue = make_queue(config);
  KeptPass kept;
  fleet::Loop loop(config.managed_classes(), {*queue, capacity, ledger, kept, system_clock()},
                   config.plan_limit());
  const auto pass = loop.run_once({});
  if (!pass) return pass.error();
  return Plan{std::move(kept.classes), pass->held, ledger.unreadable()};
}

std::string in_words(const scaling::Demand& demand) {
  const auto* reading = std::get_if<scaling::DemandReading>(&demand);
  return reading == nullptr
             ? "queue unknown"
             : fmt::format("{} waiting, {} running", reading->unclaimed, reading->running);
}

void print_text(const std::vector<fleet::ClassPass>& classes) {
  for (const auto& [name, snapshot, decision, ended_unused] : classes) {
    const auto& counts = decision.counts;
    fmt::print("{}\n", printable(name));
    fmt::print("  sees    {}; {} (min {}, max {}): {}\n", in_words(snapshot.demand),
               count_of(counts.live(), "instance"), snapshot.policy.min, snapshot.policy.max,
               describe(counts));
    fmt::print("  would   launch {}, drain {}, end {}{}\n", decision.launch, decision.drain.size(),
               decision.reap.size(),
               decision.withdraw == 0
                   ? ""
                   : fmt::format(", withdraw {} that {} not come", decision.withdraw,
                                 decision.withdraw == 1 ? "has" : "have"));
    for (const auto& id : decision.drain) fmt::print("          drain {}\n", printable(id));
    for (const auto& id : decision.reap) fmt::print("          end {}\n", printable(id));
    for (const auto& reason : decision.reasons) {
      fmt::print("  why     {}\n", printable(describe(reason), 1000));
    }
  }
}

void print_json(const std::vector<fleet::ClassPass>& classes) {
  std::string all;
  for (const auto& pass : classes) all += (all.empty() ? "" : ",") + fleet::to_json(pass);
  fmt::print("[{}]\n", all);
}

}  // namespace

int run(const PlanOptions& options) {
  // What the loop would log is in the plan.
  if (auto quiet = log::configure({.level = log::Level::error}); !quiet) {
    return report(quiet.error());
  }
  const auto config = load_scale_config(options.config_file);
  if (!config) return config.error();
  print_clear_text(clear_text_warning(*config));
  const auto plan = make_plan(*config);
  if (!plan) return report(plan.error());
  if (options.json) {
    print_json(plan->classes);
  } else {
    print_text(plan->classes);
  }
  if (plan->unreadable) {
    return report(plan->unreadable->within("no plan, as what the scaler remembers is unreadable"));
  }
  if (!plan->held) return 0;
  return report({ErrorKind::unavailable, "not everything could be read: the plan is to hold"});
}

}  // namespace muster::cli
