#include "cli/doctor_report.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/core.h>

#include "base/text.hpp"
#include "client/display.hpp"
#include "net/http.hpp"

namespace muster::cli {

namespace {

using doctor::Finding;
using doctor::Verdict;

constexpr std::size_t kLongestText = 2000;

struct Mark {
  std::string_view symbol;
  std::string_view word;
  std::string_view sgr;
};

Mark mark_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::good:
      return {"✓", "ok  ", "32"};
    case Verdict::warning:
      return {"!", "warn", "33"};
    case Verdict::bad:
      return {"✗", "bad ", "31"};
    case Verdict::unknown:
      return {"?", "?   ", "36"};
  }
  return {"?", "?   ", "36"};
}

std::string marked(Verdict verdict, const FindingStyle& style) {
  const auto mark = mark_of(verdict);
  const auto text = style.symbols ? mark.symbol : mark.word;
  return style.color ? fmt::format("\x1b[{}m{}\x1b[0m", mark.sgr, text) : std::string(text);
}

bool locale_is_utf8() {
  for (const auto* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string_view locale(value);
    const auto charset = locale.substr(std::min(locale.find('.') + 1, locale.size()));
    return net::equal_ignoring_case(charset, "UTF-8") || net::equal_ignoring_case(charset, "utf8");
  }
  return false;
}

std::vector<std::string> subjects_of(const doctor::Findings& findings) {
  std::vector<std::string> subjects;
  for (const auto& finding : findings) {
    if (std::ranges::find(subjects, finding.subject) == subjects.end()) {
      subjects.push_back(finding.subject);
    }
  }
  return subjects;
}

}  // namespace

FindingStyle finding_style() {
  return {.color = client::standard_output_style().color, .symbols = locale_is_utf8()};
}

std::string findings_text(const doctor::Findings& findings, const FindingStyle& style) {
  std::string text;
  for (const auto& subject : subjects_of(findings)) {
    text += printable(subject, kLongestText) + "\n";
    for (const auto& finding : findings) {
      if (finding.subject != subject) continue;
      text += fmt::format("  {} {}: {}\n", marked(finding.verdict, style), finding.check,
                          printable(finding.text, kLongestText));
    }
  }
  const auto count = [&](Verdict verdict) {
    return std::ranges::count(findings, verdict, &Finding::verdict);
  };
  return text + fmt::format("\n{} good, {}, {} bad, {} unknown\n", count(Verdict::good),
                            count_of(count(Verdict::warning), "warning"), count(Verdict::bad),
                            count(Verdict::unknown));
}

std::string findings_json(const doctor::Findings& findings) {
  std::vector<std::string> items;
  for (const auto& finding : findings) {
    items.push_back(fmt::format(R"({{"check":{},"subject":{},"verdict":{},"text":{}}})",
                                json_text(finding.check), json_text(finding.subject),
                                json_text(to_string(finding.verdict)), json_text(finding.text)));
  }
  return "[" + join(items, ",") + "]\n";
}

}  // namespace muster::cli
