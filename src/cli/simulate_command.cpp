// `muster simulate`: what tasks would have waited and cost under each policy.

#include <algorithm>
#include <cstdio>
#include <optional>
#include <set>

#include <fmt/core.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/scale_config.hpp"
#include "study/report.hpp"
#include "study/trace_times.hpp"
#include "study/workload.hpp"

namespace muster::cli {

namespace {

constexpr std::int64_t kMostPrice = 1'000'000;  // of an hour

struct Named {
  std::string name;
  study::Trace trace;
};

Error wrong(std::string message) {
  return {ErrorKind::invalid, std::move(message)};
}

Result<Named> read_trace(const std::string& file) {
  const bool is_input = file == "-";
  const auto name = is_input ? "standard input" : file;
  const auto text = is_input ? read_all(STDIN_FILENO, study::kLargestTrace)
                             : read_file(file, study::kLargestTrace);
  if (!text) return text.error();
  auto trace = study::parse_trace(*text);
  if (!trace) return trace.error().within(printable(name));
  return Named{name, std::move(*trace)};
}

Result<Named> generate(const SimulateOptions& options) {
  std::vector<study::Workload> workloads;
  for (const auto& spec : options.workloads) {
    const auto workload = study::parse_workload(spec);
    if (!workload) return workload.error().within("--generate");
    workloads.push_back(*workload);
  }
  auto trace = study::generate(workloads, static_cast<std::uint64_t>(options.seed));
  if (!trace) return trace.error().within("--generate");
  return Named{join(options.workloads, " + "), std::move(*trace)};
}

// Of the classes that are wanted. What has none of them is left out whole.
Result<std::vector<Named>> chosen(std::vector<Named> traces,
                                  const std::vector<std::string>& wanted) {
  if (wanted.empty()) return traces;
  std::set<std::string> known;
  for (const auto& [name, trace] : traces) known.insert(trace.classes.begin(), trace.classes.end());
  for (const auto& name : wanted) {
    if (known.contains(name)) continue;
    std::vector<std::string> names;
    for (const auto& each : known) names.push_back(printable(each));
    return wrong(fmt::format("--class: there is no task of {}, but of {}", printable(name),
                             join(names, ", ")));
  }
  for (auto& [name, trace] : traces) trace = trace.only(wanted);
  std::erase_if(traces, [](const Named& each) { return each.trace.tasks.empty(); });
  return traces;
}

std::string name_of_all(const std::vector<Named>& exports) {
  constexpr std::size_t kMostNamed = 3;
  std::vector<std::string> names;
  for (const auto& each : exports) names.push_back(each.name);
  if (names.size() <= kMostNamed) return join(names, " + ");
  return fmt::format("{} and {} more exports", names.front(), names.size() - 1);
}

// The exports as one, in the place of the first.
Result<std::vector<Named>> with_exports_merged(std::vector<Named> traces) {
  const auto is_export = [](const Named& each) { return each.trace.is_export; };
  if (std::ranges::count_if(traces, is_export) < 2) return traces;
  const auto place = std::ranges::find_if(traces, is_export) - traces.begin();
  std::vector<Named> exports, others;
  for (auto& each : traces) (is_export(each) ? exports : others).push_back(std::move(each));
  const auto name = name_of_all(exports);
  std::vector<study::Trace> parts;
  for (auto& each : exports) parts.push_back(std::move(each.trace));
  auto merged = study::merged(parts);
  if (!merged) return merged.error();
  others.insert(others.begin() + place, Named{name, std::move(*merged)});
  return others;
}

// All of them, before anything runs.
Result<std::vector<Named>> read_traces(const SimulateOptions& options) {
  if (options.traces.empty() == options.workloads.empty()) {
    return wrong(options.traces.empty() ? "give a TRACE, or --generate one"
                                        : "give traces or --generate, not both");
  }
  std::vector<Named> traces;
  for (const auto& file : options.traces) {
    auto read = read_trace(file);
    if (!read) return read.error();
    traces.push_back(std::move(*read));
  }
  if (options.workloads.empty()) {
    auto all = with_exports_merged(std::move(traces));
    return all ? chosen(std::move(*all), options.classes) : all;
  }
  auto made = generate(options);
  if (!made) return made.error();
  traces.push_back(std::move(*made));
  return chosen(std::move(traces), options.classes);
}

bool is_file(const std::string& policy) {
  return policy.ends_with(".yaml") || policy.ends_with(".yml");
}

// Of a muster.yaml. Tokens, queue and machines do not matter here.
tl::expected<study::Policy, int> configured(const std::string& file) {
  const auto config = load_without_tokens(file);
  if (!config) return tl::unexpected(config.error());
  study::Configured found;
  for (const auto& [managed, capacity] : config->classes) {
    const bool single_task = std::visit([](const auto& it) { return it.single_task; }, capacity);
    found.classes.emplace(managed.name, study::Configured::Class{managed, single_task});
  }
  return study::Policy{file, std::move(found), {}};
}

tl::expected<study::Policy, int> policy_of(const std::string& name) {
  if (is_file(name)) return configured(name);
  auto policy = study::policy_named(name);
  if (!policy) return tl::unexpected(report(policy.error()));
  return std::move(*policy);
}

// Or the exit code: what is wrong is said already.
tl::expected<std::vector<study::Policy>, int> policies_of(const SimulateOptions& options) {
  auto names = options.policies;
  if (names.empty()) names = {"muster"};
  names.insert(names.end(), options.compare.begin(), options.compare.end());
  std::vector<study::Policy> policies;
  std::set<std::string> known;
  for (const auto& name : names) {
    if (!known.insert(name).second) continue;
    auto policy = policy_of(name);
    if (!policy) return tl::unexpected(policy.error());
    policies.push_back(std::move(*policy));
  }
  return policies;
}

Result<study::Terms> terms_of(const SimulateOptions& options) {
  study::Terms terms;
  auto boot = simulation::Distribution::parse(options.boot);
  if (!boot) return boot.error().within("--boot");
  terms.boot = *boot;
  auto replacement = simulation::Distribution::parse(options.replace_after);
  if (!replacement) return replacement.error().within("--replace-after");
  terms.replace_after = *replacement;
  terms.idle_timeout = options.idle_timeout.value_or(terms.idle_timeout);
  terms.idle_after_task =
      options.idle_after_task.value_or(options.idle_timeout.value_or(terms.idle_after_task));
  terms.max = options.max;
  terms.seed = static_cast<std::uint64_t>(options.seed);
  terms.curves = !options.html.empty();
  if (options.price.empty()) return terms;
  terms.price = study::parse_millionths(options.price);
  if (!terms.price || *terms.price > kMostPrice * 1'000'000) {
    return wrong(
        fmt::format("--price: '{}' is no price such as 0.17 or 0.0416, of at most {}, with at most "
                    "six decimals",
                    printable(options.price, 60), kMostPrice));
  }
  return terms;
}

// A line on a terminal, while there is nothing else to see; gone at the end.
class Progress {
 public:
  explicit Progress(std::size_t all) : all_(all), shown_(::isatty(STDERR_FILENO) == 1) {}
  ~Progress() { show(""); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void next(const study::Policy& policy) {
    show(fmt::format("{}: {} of {} policies", printable(policy.name, 40), ++done_, all_));
  }

 private:
  void show(const std::string& line) const {
    if (shown_) fmt::print(stderr, "\r\x1b[K{}", line);
  }

  std::size_t all_;
  std::size_t done_ = 0;
  bool shown_;
};

Result<std::vector<study::TraceResult>> run_all(const std::vector<Named>& traces,
                                                const std::vector<study::Policy>& policies,
                                                const study::Terms& terms) {
  std::vector<study::TraceResult> results;
  for (const auto& [name, trace] : traces) {
    Progress progress(policies.size());
    auto result = study::run_study(name, trace, policies, terms,
                                   [&](const study::Policy& policy) { progress.next(policy); });
    if (!result) return result.error();
    results.push_back(std::move(*result));
  }
  return results;
}

// Of what is written down beside what is printed.
struct Outputs {
  std::optional<OutputFile> trace;
  std::optional<OutputFile> page;
};

Result<Outputs> outputs_of(const SimulateOptions& options) {
  auto trace = prepared(options.write_trace);
  if (!trace) return trace.error();
  auto page = prepared(options.html);
  if (!page) return page.error();
  return Outputs{std::move(*trace), std::move(*page)};
}

Result<std::string> csv_of(study::Trace made) {
  if (made.has_pipelines()) {
    return wrong(
        "--write-trace: a trace does not tell which tasks wait for which, so "
        "'chain' cannot be written; use 'stages'");
  }
  made.beginning.reset();  // in seconds, as it may be of any week
  return study::to_csv(made);
}

}  // namespace

int run(const SimulateOptions& options) {
  // What the loop would log happens in no real fleet.
  if (auto quiet = log::configure({.format = log::Format::none}); !quiet) {
    return report(quiet.error());
  }
  const auto policies = policies_of(options);
  if (!policies) return policies.error();
  const auto terms = terms_of(options);
  if (!terms) return report(terms.error());
  if (!options.write_trace.empty() && options.workloads.empty()) {
    return report(wrong("--write-trace: only for what --generate makes"));
  }
  const auto traces = read_traces(options);
  if (!traces) return report(traces.error());
  auto outputs = outputs_of(options);
  if (!outputs) return report_obstacle(outputs.error());
  if (outputs->trace) {
    const auto text = csv_of(traces->front().trace);
    if (!text) return report(text.error());
    if (auto written = outputs->trace->write(*text); !written) {
      return report_obstacle(written.error());
    }
  }
  const auto results = run_all(*traces, *policies, *terms);
  if (!results) return report(results.error());
  fmt::print("{}", options.json ? study::report_json(*results, *terms)
                                : study::report_table(*results, *terms));
  if (!outputs->page) return 0;
  const auto written = outputs->page->write(study::report_page(*results, *terms));
  return written ? 0 : report_obstacle(written.error());
}

}  // namespace muster::cli
