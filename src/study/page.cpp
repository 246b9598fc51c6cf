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
.plots + p { margin-top: 1.2rem; }
dl { margin: .4rem .4rem 1rem; font-size: .9rem; } dt { font-weight: 600; margin-top: .7rem; }
dd { margin: 0; color: var(--soft); }
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
svg circle { stroke: var(--card); stroke-width: 1.2; }
svg .ours { fill: var(--ours); } svg .theirs { fill: var(--theirs); } svg .bound { fill: var(--bound); }
svg text.waiting { fill: var(--waiting); } svg text.actual { fill: var(--actual); }
svg text.desired { fill: var(--desired); } svg text.busy { fill: var(--busy); }
svg text.waiting, svg text.actual, svg text.desired, svg text.busy { font-weight: 600; }
.stroke { fill: none; stroke-width: 1.4; stroke-linejoin: round; }
.fill { opacity: .3; }
.waiting.stroke { stroke: var(--waiting); } .waiting.fill { fill: var(--waiting); }
.actual.stroke { stroke: var(--actual); stroke-width: 3; stroke-opacity: .55; } .busy.fill { fill: var(--busy); opacity: .45; }
.desired.stroke { stroke: var(--desired); stroke-dasharray: 4 2; stroke-width: 1.3; }
@media (max-width: 32rem) {
  body { padding: 1rem .5rem 3rem; } h1 { font-size: 1.35rem; } h2 { margin-top: 2rem; }
  .card { padding: .6rem .3rem .3rem; } .card.table { padding: 0; } h3, dl { margin-left: .4rem; }
  th, td { padding: .35rem .45rem; } svg { font-size: 13.5px; } }
)";

constexpr std::string_view kMeanings = R"(
<dt>wait</dt><dd>From when a task is queued to when it starts. Half of the tasks wait no longer than p50,
95 % no longer than p95.</dd>
<dt>hours</dt><dd>Of all instances, from launch to end. Boots are paid.</dd>
<dt>idle</dt><dd>What part of the hours no task ran in: boots, and waiting for tasks.</dd>
<dt>wasted</dt><dd>Instances that ended without having run a task.</dd>
<dt>bound</dt><dd>The fewest hours with which nobody waits, for somebody who knows what will come.</dd>
)";
constexpr std::string_view kBlocked =
    R"(<dt>blocked</dt><dd>Of tasks that others had blocked: from when
the last of those has ended to when they start. Half of them wait no longer than p50, 95 % no longer than
p95.</dd>
)";

std::string meanings(const TraceResult& result) {
  return fmt::format("<dl>{}{}</dl>", kMeanings, has_blocked(result) ? kBlocked : "");
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

std::string plots_over_time(const TraceResult& result) {
  const auto limits = limits_of(result);
  std::string text;
  for (const auto& policy : result.policies) {
    if (policy.curve.empty()) continue;
    text += fmt::format("<div class=\"card\"><h3>{}</h3>{}</div>\n", escape_html(policy.name),
                        over_time(policy, limits));
  }
  const auto span = result.curve_end / static_cast<std::int64_t>(Curves::kPoints);
  return fmt::format(
      "<p>Means over spans of {}. All plots have the same scales, but for queues that are "
      "marked.</p>\n"
      "<div class=\"plots\">\n{}</div>\n",
      humanize(span), text);
}

std::string section(const TraceResult& result, const Terms& terms) {
  return fmt::format("<h2>{}</h2>\n<p>{}.</p>\n{}", escape_html(to_utf8(result.name)),
                     escape_html(about(result)), table(result, terms)) +
         fmt::format(
             "<div class=\"plots\"><div class=\"card\"><h3>Wait against cost</h3>{}</div>\n"
             "<div class=\"card\"><h3>How to read this</h3>{}</div></div>\n",
             wait_against_cost(result, terms), meanings(result));
}

}  // namespace

std::string report_page(const std::vector<TraceResult>& results, const Terms& terms) {
  auto text = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>muster simulate</title>\n<style>{}</style>\n</head>\n<body>\n"
      "<h1>What the tasks would have waited, and cost</h1>\n<p>Terms: {}.</p>\n",
      kStyle, escape_html(in_words(terms)));
  for (const auto& result : results) {
    text += section(result, terms) + plots_over_time(result);
  }
  if (results.size() > 1) text += section(together(results), terms);
  return text + "</body>\n</html>\n";
}

}  // namespace muster::study
