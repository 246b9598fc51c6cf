#include "history/replay_report.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.hpp"
#include "fleet/json.hpp"
#include "scaling/judge_demand.hpp"

namespace muster::history {

using namespace scaling;

namespace {

std::string acts_in_words(const Decision& decision) {
  auto words = fmt::format("launch {}, drain {}, end {}", decision.launch, decision.drain.size(),
                           decision.reap.size());
  if (decision.withdraw > 0) words += fmt::format(", withdraw {}", decision.withdraw);
  return fmt::format("{}; desired {}", words, decision.desired);
}

std::string decision_in_words(std::string_view label, const Decision& decision) {
  auto lines = fmt::format("  {:<8}  {}\n", label, acts_in_words(decision));
  for (const auto& reason : decision.reasons) {
    lines += fmt::format("            {}: {}\n", to_string(reason.rule),
                         printable(describe(reason), 1000));
  }
  return lines;
}

std::string difference_in_words(const Difference& difference) {
  const auto* kind = difference.acts ? "acts otherwise"
                     : difference.reasons
                         ? "does the same for other reasons"
                         : "does the same, and counts, remembers or is due otherwise";
  return fmt::format("{}  {}  {} ({})\n{}{}\n", in_words(difference.at),
                     printable(difference.resource_class), kind, difference.where,
                     decision_in_words("recorded", difference.recorded),
                     decision_in_words("now", difference.now));
}

std::string breach_in_words(const Breach& breach) {
  return fmt::format("{}  {}  breaks {} ({}, {}): {}\n", in_words(breach.at),
                     printable(breach.resource_class), to_string(breach.violation.invariant),
                     breach.where, breach.now ? "now" : "recorded",
                     printable(breach.violation.what, 1000));
}

std::string left_out_in_words(const ReplayResult& result, const ReplayReport& about) {
  std::string words;
  if (const auto older = about.left_out.older; older > 0) {
    words += fmt::format("Left out: {} of an earlier muster, which lack what is needed.\n",
                         count_of(older, "decision"));
  }
  std::int64_t others = 0;
  for (const auto& [name, decisions] : result.left_out) others += decisions;
  if (others > 0) {
    words += fmt::format("Left out: {} of {}.\n", count_of(others, "decision"),
                         result.left_out.size() == 1
                             ? printable(result.left_out.begin()->first)
                             : fmt::format("{} other classes", result.left_out.size()));
  }
  return words;
}

// "the 3 recorded decisions", and from when to when.
std::string scope_in_words(const ReplayResult& result, const ReplayReport& about) {
  const auto classes = static_cast<std::int64_t>(result.classes.size());
  return fmt::format(
      "{}: {} of {} from {} to {}{}", printable(about.log), count_of(result.decisions, "decision"),
      classes == 1 ? "one class" : fmt::format("{} classes", classes), in_words(*result.first),
      in_words(*result.last), about.policy.empty() ? "" : ", under " + printable(about.policy));
}

std::string summary(const ReplayResult& result) {
  if (result.differ() == 0) return "All are the same.\n";
  const auto& first = result.differences.front();
  return fmt::format("{} the same, {} differ: {} act otherwise. The first: {}, {} ({}).\n",
                     result.same(), result.differ(), result.act_otherwise, in_words(first.at),
                     printable(first.resource_class), first.where);
}

std::string count_in_words(const std::vector<Breach>& breaches) {
  if (breaches.empty()) return "S1 to S8 hold, as far as a decision shows.\n";
  return fmt::format("{}, the first of {}.\n", count_of(std::ssize(breaches), "violation"),
                     to_string(breaches.front().violation.invariant));
}

constexpr std::string_view kCaveat =
    "Each was made again of what was seen then. After a difference the world would have gone on "
    "otherwise,\nwhich no replay knows: muster simulate tells what tasks would have waited and "
    "cost.\n";

std::string more(std::size_t all, std::string_view what) {
  return all <= kMostShown
             ? ""
             : fmt::format("… and {} more {}: --json has them all.\n\n", all - kMostShown, what);
}

template <class T, class Words>
std::string first_of(const std::vector<T>& all, const Words& words) {
  std::string text;
  for (std::size_t i = 0; i < std::min(all.size(), kMostShown); ++i) text += words(all[i]);
  return text;
}

// --- JSON ---------------------------------------------------------------------------------------

std::string time_json(const std::optional<WallTime>& time) {
  return time ? json_text(in_words(*time)) : "null";
}

std::string difference_json(const Difference& difference) {
  std::vector<std::string> parts;
  if (difference.acts) parts.emplace_back(R"("acts")");
  if (difference.reasons) parts.emplace_back(R"("reasons")");
  if (difference.rest) parts.emplace_back(R"("rest")");
  return fmt::format(
      R"({{"at":{},"resource_class":{},"where":{},"in":[{}],"recorded":{},"now":{}}})",
      time_json(difference.at), json_text(difference.resource_class), json_text(difference.where),
      join(parts, ","), fleet::to_json(difference.recorded), fleet::to_json(difference.now));
}

std::string breach_json(const Breach& breach) {
  return fmt::format(
      R"({{"at":{},"resource_class":{},"where":{},"of":"{}","invariant":"{}","what":{}}})",
      time_json(breach.at), json_text(breach.resource_class), json_text(breach.where),
      breach.now ? "now" : "recorded", to_string(breach.violation.invariant),
      json_text(breach.violation.what));
}

template <class T, class Write>
std::string list_json(const std::vector<T>& all, const Write& write) {
  std::vector<std::string> written;
  for (const auto& each : all) written.push_back(write(each));
  return fmt::format("[{}]", join(written, ","));
}

std::string counts_json(const std::map<std::string, std::int64_t>& counts) {
  std::vector<std::string> members;
  for (const auto& [name, count] : counts) {
    members.push_back(fmt::format("{}:{}", json_text(name), count));
  }
  return fmt::format("{{{}}}", join(members, ","));
}

}  // namespace

std::string replay_text(const ReplayResult& result, const ReplayReport& about) {
  auto text = first_of(result.differences, difference_in_words);
  text += more(result.differences.size(), "that differ");
  text += first_of(result.breaches, breach_in_words);
  if (!result.breaches.empty()) text += "\n";
  text += more(result.breaches.size(), "violations");
  text += scope_in_words(result, about) + "\n";
  text += summary(result) + count_in_words(result.breaches) + left_out_in_words(result, about);
  return result.differ() == 0 ? text : text + std::string(kCaveat);
}

std::string replay_json(const ReplayResult& result, const ReplayReport& about) {
  return fmt::format(
      R"({{"log":{},"policy":{},"decisions":{},"same":{},"differ":{},"act_otherwise":{},)"
      R"("first":{},"last":{},"classes":{},"left_out":{{"classes":{},"older":{}}},)"
      R"("cut_off_lines":[{}],"differences":{},"violations":{}}})"
      "\n",
      json_text(about.log), about.policy.empty() ? "null" : json_text(about.policy),
      result.decisions, result.same(), result.differ(), result.act_otherwise,
      time_json(result.first), time_json(result.last), counts_json(result.classes),
      counts_json(result.left_out), about.left_out.older, fmt::join(about.left_out.cut_off, ","),
      list_json(result.differences, difference_json), list_json(result.breaches, breach_json));
}

}  // namespace muster::history
