// `muster explain`: why a class or a job waits, since when, what must change, when it will start.
//
// The scaler's log knows why; the server knows what a job waits for, and, where no log is at hand,
// what the scaler has last reported.

#include <algorithm>
#include <cstdio>
#include <set>

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "cli/client_session.hpp"
#include "cli/commands.hpp"
#include "cli/decision_log.hpp"
#include "cli/scale_config.hpp"
#include "client/fleet_view.hpp"
#include "client/standing.hpp"
#include "history/explain_report.hpp"
#include "protocol/json.hpp"

namespace muster::cli {

namespace {

using Classes = std::set<std::string>;

// A log of decisions, read; and which classes it is asked about, if no one is named.
struct Log {
  std::string name;
  history::Chronicle chronicle;
  Classes classes;
};

// What is to be printed: an explanation, or what the server knows.
struct Answer {
  std::vector<client::Standing> standings;
  std::vector<history::Explanation> explanations;
  Classes unknown;  // to the log
  std::optional<protocol::FleetStatus> fleet;
  Classes silent;  // of the fleet: their scalers report no longer
};

// Nothing: none was named. An exit code: what is wrong is said already.
tl::expected<std::optional<Log>, int> open_log(const ExplainOptions& options) {
  if (options.log.empty() && options.config_file.empty()) return std::optional<Log>();
  Log log{options.log, {}, {}};
  if (!options.config_file.empty()) {
    const auto config = load_without_tokens(options.config_file);
    if (!config) return tl::unexpected(config.error());
    const auto names = config->class_names();
    log.classes = {names.begin(), names.end()};
    if (log.name.empty() && config->state_directory.empty()) {
      return tl::unexpected(report(
          {ErrorKind::invalid,
           fmt::format("{} has no state_directory, and so its scaler prints its decisions: give "
                       "them by --log FILE",
                       printable(options.config_file))}));
    }
    if (log.name.empty()) log.name = (config->state_directory / "scaler.db").string();
  }
  const auto read =
      read_log(log.name, [&](const auto& record, const auto&) { log.chronicle.take(record); });
  if (!read) return tl::unexpected(report(read.error()));
  if (log.classes.empty()) {
    const auto names = log.chronicle.classes();
    log.classes = {names.begin(), names.end()};
  }
  return log;
}

void explain(const Classes& classes, const Log& log, Answer& answer) {
  for (const auto& name : classes) {
    if (auto explanation = log.chronicle.explain(name)) {
      answer.explanations.push_back(std::move(*explanation));
    } else {
      answer.unknown.insert(name);
    }
  }
}

// What a log without a decision of it may be for.
Error no_decision(const Log& log, const std::string& resource_class) {
  const auto known = log.chronicle.classes();
  if (known.empty()) {
    return Error{ErrorKind::invalid,
                 "there is no decision of any class in it yet. 'muster scale' records one in its "
                 "first pass: see that it runs, and that this is its log"};
  }
  std::vector<std::string> names;
  for (const auto& name : known) names.push_back(printable(name));
  return Error{ErrorKind::invalid,
               fmt::format("there is no decision of {}; there are some of {}. Ask about one of "
                           "these, or give the log or configuration of the scaler that has it",
                           resource_class.empty() ? "any class of the configuration"
                                                  : printable(resource_class),
                           join(names, ", "))};
}

// Of these classes, those that the server knows.
Result<void> ask_server(const Classes& classes, client::Api& api, Answer& answer) {
  auto told = api.fleet_now();
  if (!told) return told.error();
  std::erase_if(told->fleet.classes,
                [&](const auto& status) { return !classes.contains(status.resource_class); });
  answer.silent = client::silent_at(told->fleet, told->at);
  answer.fleet = std::move(told->fleet);
  return ok();
}

Result<Answer> explain_class(const ExplainOptions& options, const std::optional<Log>& log) {
  Answer answer;
  if (log) {
    explain(options.what.empty() ? log->classes : Classes{options.what}, *log, answer);
    if (!answer.explanations.empty()) return answer;
    return no_decision(*log, options.what).within(log_name(log->name));
  }
  if (options.what.empty()) {
    return Error{ErrorKind::invalid,
                 "say what: a class, or a pipeline's number; or give --config FILE"};
  }
  const auto access = find_access(options.client);
  if (!access) return access.error();
  client::Api api(*access);
  if (auto asked = ask_server({options.what}, api, answer); !asked) return asked.error();
  if (!answer.fleet->classes.empty()) return answer;
  return Error{ErrorKind::not_found,
               fmt::format("the server has no class {}; 'muster resource-class list' prints those "
                           "that it has",
                           printable(options.what))};
}

Result<Answer> explain_pipeline(const ExplainOptions& options, const std::optional<Log>& log) {
  const auto access = find_access(options.client);
  if (!access) return access.error();
  client::Api api(*access);
  const auto status = api.foreseen_pipeline(options.what);
  if (!status) return status.error();
  auto standings = client::standings_of(*status, options.job);
  if (!standings) return standings.error();
  Answer answer{std::move(*standings), {}, {}, {}, {}};
  Classes waiting;
  for (const auto& standing : answer.standings) {
    if (standing.is_queued()) waiting.insert(standing.resource_class);
  }
  if (log) {
    explain(waiting, *log, answer);
  } else {
    answer.unknown = waiting;
  }
  if (answer.unknown.empty()) return answer;
  if (auto asked = ask_server(answer.unknown, api, answer); !asked) return asked.error();
  return answer;
}

void print_text(const Answer& answer, WallTime now) {
  std::size_t width = 0;
  for (const auto& standing : answer.standings) {
    width = std::max(width, client::columns(standing.name));
  }
  for (const auto& standing : answer.standings) {
    fmt::print("{}  {}\n", client::padded(standing.name, width), in_words(standing, now));
  }
  bool first = answer.standings.empty();
  for (const auto& explanation : answer.explanations) {
    fmt::print("{}{}", first ? "" : "\n", explanation_text(explanation, now));
    first = false;
  }
  if (!answer.fleet) {
    for (const auto& name : answer.unknown) {
      fmt::print(
          "\n{}: no decision is on record yet; a scaler that runs makes one in its next pass\n",
          printable(name));
    }
    return;
  }
  Classes names;
  for (const auto& status : answer.fleet->classes) names.insert(status.resource_class);
  const auto lines = client::why_waiting(*answer.fleet, names, answer.silent);
  if (!first && !lines.empty()) fmt::print("\n");
  print_lines(lines);
  if (lines.empty() && answer.standings.empty()) {
    for (const auto& name : names) fmt::print("{}: nothing waits\n", printable(name));
  }
}

template <class T, class Write>
std::string list_json(const std::vector<T>& all, const Write& write) {
  std::vector<std::string> written;
  for (const auto& each : all) written.push_back(write(each));
  return fmt::format("[{}]", join(written, ","));
}

void print_json(const Answer& answer) {
  fmt::print(R"({{"tasks":{},"classes":{},"server":{}}})"
             "\n",
             list_json(answer.standings, [](const auto& it) { return client::to_json(it); }),
             list_json(answer.explanations, history::explanation_json),
             answer.fleet ? protocol::to_json(*answer.fleet) : "null");
}

// Of a class's name one part may be a number, but no pipeline has a slash.
bool is_pipeline(const std::string& what) {
  return parse_int(what).value_or(-1) >= 0 || is_uuid(what);
}

}  // namespace

int run(const ExplainOptions& options) {
  const bool pipeline = is_pipeline(options.what);
  if (!pipeline && !options.what.empty() && options.what.find('/') == std::string::npos) {
    return report({ErrorKind::invalid,
                   fmt::format("'{}' is neither a class such as namespace/name nor a pipeline's "
                               "number or id",
                               printable(options.what))});
  }
  if (!pipeline && !options.job.empty()) {
    return report({ErrorKind::invalid, "JOB goes with a pipeline: muster explain 7 test"});
  }
  const auto log = open_log(options);
  if (!log) return log.error();
  const auto answer = pipeline ? explain_pipeline(options, *log) : explain_class(options, *log);
  if (!answer) return report(answer.error());
  if (options.json) {
    print_json(*answer);
  } else {
    print_text(*answer, system_clock().wall());
  }
  return 0;
}

}  // namespace muster::cli
