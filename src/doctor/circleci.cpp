#include "doctor/circleci.hpp"

#include <set>

#include <fmt/core.h>

#include "base/shell_word.hpp"
#include "base/text.hpp"
#include "demand/known_runner.hpp"
#include "demand/peer_clock.hpp"
#include "doctor/clock.hpp"

namespace muster::doctor {

namespace {

constexpr auto kClass = "class";
constexpr auto kToken = "token-accepted";

// What another question would be answered as well. Nothing: only this question failed.
bool concerns_all(const demand::Refusal& refusal) {
  return refusal.scope != demand::Refusal::Scope::question;
}

// Certainly of the class: somebody whose token is not known is answered with 401.
bool is_about_the_class(const demand::Refusal& refusal) {
  const auto kind = refusal.error.kind;
  return refusal.documented && (kind == ErrorKind::not_found || kind == ErrorKind::forbidden);
}

void note_source(Notes& notes, const demand::Refusal& refusal) {
  const auto& error = refusal.error;
  if (error.kind == ErrorKind::unauthenticated) {
    notes.bad(kToken,
              "the token is not valid: create a personal API token at CircleCI and put it "
              "where this one is (" +
                  error.message + ")");
  } else if (refusal.retry_after) {
    notes.unknown(kToken, fmt::format("too many requests: run this again in {}",
                                      humanize(*refusal.retry_after)));
  } else {
    notes.failed(kToken, error, Asked::as_the_scaler);
  }
}

void list_runners(demand::RunnerApi& api, const std::string& resource_class, Notes& notes,
                  Contacts& contacts) {
  auto listed = api.contacts(resource_class, {});
  if (!listed) {
    notes.failed("runners", listed.error().error, Asked::as_the_scaler);
    return;
  }
  notes.good("runners", count_of(std::ssize(*listed), "runner") + " listed");
  contacts.emplace(resource_class, std::move(*listed));
}

// By namespace, as the scaler does: of those classes that may be seen.
void list_namespaces(demand::RunnerApi& api, CircleCiFindings& found) {
  std::set<std::string> spaces;
  for (const auto& [name, runners] : found.contacts) {
    spaces.insert(name.substr(0, name.find('/')));
  }
  for (const auto& space : spaces) {
    const auto listed = api.runners(space, {});
    if (!listed) {
      Notes notes(space);
      notes.failed("runners", listed.error().error, Asked::as_the_scaler);
      append(found.findings, notes.take());
      continue;
    }
    const auto lead = demand::lead_over(api.answered_at(), system_clock().wall());
    for (const auto& [name, runners] : found.contacts) {
      if (name.starts_with(space + "/")) found.known[name];  // that there is none is known as well
    }
    for (const auto& runner : *listed) {
      found.known[runner.resource_class].push_back(demand::known_runner(runner, lead));
    }
  }
}

}  // namespace

Findings judge_class(const std::string& resource_class,
                     const demand::Answer<std::int64_t>& answer) {
  Notes notes(resource_class);
  if (answer) {
    notes.good(kClass, fmt::format("exists; {} waiting", count_of(*answer, "task")));
    return notes.take();
  }
  const auto& error = answer.error().error;
  if (is_about_the_class(answer.error())) {
    notes.bad(kClass,
              fmt::format("either there is no such class, or the token's user is of another "
                          "organisation: run 'circleci runner resource-class create {} TEXT', or "
                          "use a token of somebody in the organisation of {} ({})",
                          shell_word(resource_class),
                          resource_class.substr(0, resource_class.find('/')), error.message));
  } else {
    notes.failed(kClass, error, Asked::as_the_scaler);
  }
  return notes.take();
}

CircleCiFindings examine_circleci(demand::RunnerApi& api, const std::string& url,
                                  const std::vector<std::string>& classes) {
  Notes source(url);
  CircleCiFindings found;
  Findings of_classes;
  bool accepted = false;
  bool refused = false;
  for (const auto& name : classes) {
    const auto answer = api.unclaimed_tasks(name, {});
    if (found.findings.empty() && api.answered_at()) {
      found.findings = judge_clock(url, api.answered_at(), system_clock().wall());
    }
    if (!answer && concerns_all(answer.error())) {
      note_source(source, answer.error());
      refused = true;
      break;
    }
    if ((answer || is_about_the_class(answer.error())) && !std::exchange(accepted, true)) {
      source.good(kToken, "the token is accepted");
    }
    append(of_classes, judge_class(name, answer));
    if (!answer) continue;
    Notes notes(name);
    list_runners(api, name, notes, found.contacts);
    append(of_classes, notes.take());
  }
  if (!accepted && !refused && !classes.empty()) {
    source.unknown(kToken,
                   "it is not known whether the token is accepted, as no answer is one that "
                   "CircleCI documents: see whether circleci.url is right, and run this again when "
                   "CircleCI is well (https://status.circleci.com)");
  }
  append(found.findings, source.take());
  append(found.findings, std::move(of_classes));
  if (!refused) list_namespaces(api, found);
  return found;
}

Findings judge_concurrency(const std::string& url, std::optional<std::int64_t> limit,
                           std::int64_t sum_of_max) {
  constexpr auto kCheck = "concurrency";
  Notes notes(url);
  if (!limit) {
    notes.unknown(kCheck, fmt::format("the classes may have {} together, and CircleCI does not "
                                      "tell what the plan allows: set circleci.concurrency_limit "
                                      "to the plan's self-hosted runner concurrency",
                                      count_of(sum_of_max, "instance")));
  } else if (sum_of_max > *limit) {
    notes.warn(kCheck, fmt::format("the classes may have {} together, and the plan lets {} run at "
                                   "once: the rest would wait and cost; lower their max, or raise "
                                   "the plan's limit and circleci.concurrency_limit",
                                   count_of(sum_of_max, "instance"), count_of(*limit, "task")));
  } else {
    notes.good(kCheck, fmt::format("the plan's limit of {} is above the classes' maxima, {} "
                                   "together",
                                   *limit, sum_of_max));
  }
  return notes.take();
}

}  // namespace muster::doctor
