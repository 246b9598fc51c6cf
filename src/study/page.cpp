// The page: one document that needs nothing else.

#include <algorithm>
#include <iterator>

#include <fmt/core.h>

#include "base/text.hpp"
#include "study/plots.hpp"
#include "study/report.hpp"
#include "study/report_words.hpp"

namespace muster::study {

namespace {

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --paper: #fbfaf7; --card: #fff; --ink: #1d2330; --soft: #5d6675;
  --grid: #e6e4de; --ours: #0b6e4f; --theirs: #8a5a00; --bound: #5d6675; --waiting: #c2410c;
  --actual: #1d4ed8; --desired: #be185d; --busy: #0f9d6e; --shade: #1d233055; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14171c; --card: #1b1f26; --ink: #e7e9ee; --soft: #9aa4b2; --grid: #2c323c;
    --ours: #4ade9f; --theirs: #f0b352; --bound: #9aa4b2; --waiting: #fb923c; --actual: #7aa7ff;
    --desired: #ff9ecb; --busy: #34d399; --shade: #000c; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 2rem 1rem 4rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.15rem; margin: 3rem 0 .2rem; overflow-wrap: anywhere; }
h3 { font-size: .95rem; margin: 0; }
p { margin: 0 0 1rem; color: var(--soft); max-width: 60rem; }
.plots { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 27rem), 1fr)); }
.card { background: var(--card); border: 1px solid var(--grid); border-radius: .6rem;
  padding: .8rem .8rem .4rem; margin-bottom: 1rem; }
.plots .card { margin: 0; }
dl { margin: .5rem 0 .4rem; font-size: .9rem; display: grid; gap: .7rem 2rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); }
dt { font-weight: 600; } dd { margin: 0; color: var(--soft); }
.table { overflow-x: auto; padding: 0; background:  /* a shade at the side where there is more */
  linear-gradient(to left, var(--card) 40%, transparent) right / 4rem 100% no-repeat local,
  linear-gradient(to left, var(--shade), transparent) right / 1.4rem 100% no-repeat, var(--card); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .4rem .7rem; text-align: right; white-space: nowrap; }
th { color: var(--soft); font-weight: 600; }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: var(--card); }
tbody tr { border-top: 1px solid var(--grid); }
tr.ours td:first-child { color: var(--ours); font-weight: 600; }
svg { display: block; width: 100%; height: auto; font: 12px system-ui, sans-serif; }
svg text { fill: var(--soft); }
svg text.name { font-weight: 600; }
.grid { stroke: var(--grid); stroke-width: 1; }
.axis { stroke: var(--soft); stroke-width: 1; }
.leader { stroke: var(--soft); stroke-width: .7; }
.break { stroke: var(--card); stroke-width: 3; }
line.mark { stroke: var(--soft); stroke-dasharray: 2 3; }
svg circle { stroke: var(--card); stroke-width: 1.2; }
svg .ours { fill: var(--ours); } svg .theirs { fill: var(--theirs); } svg .bound { fill: var(--bound); }
svg text.waiting { fill: var(--waiting); } svg text.actual { fill: var(--actual); }
svg text.desired { fill: var(--desired); } svg text.busy { fill: var(--busy); }
svg text.waiting, svg text.actual, svg text.desired, svg text.busy { font-weight: 600; }
.stroke { fill: none; stroke-width: 1.4; stroke-linejoin: round; }
.fill { opacity: .3; }
.busy.fill { opacity: .45; } .fill.pale { opacity: .16; } text.pale { opacity: .65; }
.waiting.stroke { stroke: var(--waiting); } .waiting.fill { fill: var(--waiting); }
.actual.stroke { stroke: var(--actual); stroke-width: 3; stroke-opacity: .55; } .busy.fill { fill: var(--busy); }
.actual.pale { stroke-width: 1; stroke-opacity: .4; }
.desired.stroke { stroke: var(--desired); stroke-dasharray: 4 2; stroke-width: 1.3; }
@media (max-width: 32rem) {
  body { padding: 1rem .5rem 3rem; } h1 { font-size: 1.35rem; } h2 { margin-top: 2rem; }
  .card { padding: .6rem .3rem .3rem; } .card.table { padding: 0; } h3, dl { margin-left: .4rem; margin-right: .4rem; }
  th, td { padding: .35rem .45rem; } svg { font-size: 13.5px; } }
)";

constexpr std::string_view kMeanings[][2] = {
    {"wait",
     "From when a task is queued to when it starts. Half of the tasks wait no longer than p50, "
     "95 % no longer than p95."},
    {"hours", "Of all instances, from launch to end. Boots are paid."},
    {"idle", "What part of the hours no task ran in: boots, and waiting for tasks."},
    {"wasted", "Instances that ended without having run a task."},
    {"bound", "The fewest hours with which nobody waits, for somebody who knows what will come."}};

std::string meaning(std::string_view word, std::string_view is) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", word, escape_html(is));
}

std::string how_to_read(const std::vector<TraceResult>& results, const Terms& terms) {
  std::string text;
  for (const auto& [word, is] : kMeanings) text += meaning(word, is);
  if (std::ranges::any_of(results, has_blocked)) {
    text += meaning("blocked",
                    "Of tasks that others had blocked: from when the last of those has ended to "
                    "when they start.");
  }
  if (terms.price) {
    text += meaning("cost", fmt::format("The hours, at {} an instance-hour: in the currency of "
                                        "that price.",
                                        price_text(terms)));
  }
  text += meaning("plots over time",
                  "A line is the mean over a span that each trace names. Pale is how many there "
                  "were at most at any moment of the span. All plots of a trace have the same "
                  "scales, but for queues that are marked.");
  return fmt::format("<div class=\"card\"><h3>How to read this</h3><dl>\n{}</dl></div>\n", text);
}

std::string row(const std::vector<std::string>& cells, std::string_view tag,
                std::string_view style = "") {
  auto text = style.empty() ? std::string("<tr>") : fmt::format("<tr class=\"{}\">", style);
  for (const auto& cell : cells) text += fmt::format("<{0}>{1}</{0}>", tag, escape_html(cell));
  return text + "</tr>\n";
}

// A narrow screen shows four columns, and the others when it is scrolled.
std::vector<std::string> most_telling_first(std::vector<std::string> row, const Terms& terms) {
  constexpr std::ptrdiff_t kFirst = 1, kP95 = 2, kHours = 5;
  const auto move_to = [&](std::ptrdiff_t place, std::ptrdiff_t from) {
    std::rotate(row.begin() + place, row.begin() + from, row.begin() + from + 1);
  };
  move_to(kFirst, kP95);
  move_to(kFirst + 1, kHours);
  if (terms.price) move_to(kFirst + 2, std::ssize(row) - 1);
  return row;
}

std::string heading(const TraceResult& result, const Terms& terms) {
  auto names = most_telling_first(columns(result, terms), terms);
  names[1] = "wait p95 s";
  return row(names, "th");
}

std::string table(const TraceResult& result, const Terms& terms) {
  auto text = "<table><thead>" + heading(result, terms) + "</thead><tbody>\n";
  for (const auto& policy : result.policies) {
    text += row(most_telling_first(cells(result, policy, terms), terms), "td",
                policy.name.starts_with("muster") ? "ours" : "");
  }
  return "<div class=\"card table\">" + text + "</tbody></table></div>\n";
}

std::string card(std::string_view heading, std::string_view drawing) {
  return fmt::format("<div class=\"card\"><h3>{}</h3>{}</div>\n", escape_html(heading), drawing);
}

std::string plots(const TraceResult& result, const Terms& terms) {
  const auto limits = limits_of(result);
  auto text = card(terms.price ? "Wait against cost" : "Wait against hours",
                   wait_against_cost(result, terms));
  for (const auto& policy : result.policies) {
    if (!policy.curve.empty()) text += card(policy.name, over_time(policy, limits));
  }
  return "<div class=\"plots\">\n" + text + "</div>\n";
}

std::size_t curve_points(const TraceResult& result) {
  std::size_t most = 0;
  for (const auto& policy : result.policies) most = std::max(most, policy.curve.size());
  return most;
}

// Whose work goes on beyond the plots.
std::string who_is_longer_at_it(const TraceResult& result) {
  std::string text;
  for (const auto& policy : result.policies) {
    if (policy.work_end <= result.curve_end) continue;
    text += fmt::format(" Under {} the last task ends {} after the beginning, beyond the plots.",
                        policy.name, humanize(policy.work_end));
  }
  return text;
}

std::string about_plots(const TraceResult& result) {
  const auto points = curve_points(result);
  if (points == 0) return "";
  const auto span = result.curve_end / static_cast<std::int64_t>(points);
  return fmt::format(
      " Over time: means over spans of {}, and in pale how many there were at most.{}",
      humanize(span), who_is_longer_at_it(result));
}

std::string section(const TraceResult& result, const Terms& terms) {
  return fmt::format("<h2>{}</h2>\n<p>{}.{}</p>\n{}{}", escape_html(to_utf8(result.name)),
                     escape_html(about(result)), escape_html(about_plots(result)),
                     table(result, terms), plots(result, terms));
}

}  // namespace

std::string report_page(const std::vector<TraceResult>& results, const Terms& terms) {
  auto text = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>muster simulate</title>\n<style>{}</style>\n</head>\n<body>\n"
      "<h1>What the tasks would have waited, and cost</h1>\n<p>Terms: {}.</p>\n",
      kStyle, escape_html(in_words(terms)));
  text += how_to_read(results, terms);
  for (const auto& result : results) text += section(result, terms);
  if (results.size() > 1) text += section(together(results), terms);
  return text + "</body>\n</html>\n";
}

}  // namespace muster::study
