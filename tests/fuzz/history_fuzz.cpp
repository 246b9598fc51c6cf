// A log of decisions, as lines: each record is read, written and read again, decided again, and
// explained. What is told of it is harmless on a terminal.

#include "fleet/json.hpp"
#include "fuzz/check.hpp"
#include "history/explain.hpp"
#include "history/explain_report.hpp"
#include "history/log.hpp"
#include "history/record.hpp"
#include "history/replay.hpp"
#include "history/replay_report.hpp"

namespace muster::fuzz {
namespace {

void check_record(const fleet::ClassPass& record) {
  const auto written = fleet::to_json(record);
  const auto again = history::read_line(written);
  check(again && again->records.size() == 1, "what is written can be read", written);
  check(fleet::to_json(again->records.front()) == written, "a record is the same after JSON",
        written);
}

void check_reports(const history::ReplayResult& result, const history::LeftOut& left_out) {
  const history::ReplayReport about{"log", "", left_out};
  check_harmless(history::replay_text(result, about), "a replay is harmless on a terminal");
  check_harmless(history::replay_json(result, about), "a replay is harmless as JSON");
}

void check_explanations(const history::Chronicle& chronicle) {
  for (const auto& name : chronicle.classes()) {
    const auto explanation = chronicle.explain(name);
    check(explanation.has_value(), "a class with a decision has an explanation", name);
    check_harmless(history::explanation_text(*explanation, explanation->at),
                   "an explanation is harmless on a terminal");
    check_harmless(history::explanation_json(*explanation), "an explanation is harmless as JSON");
  }
}

}  // namespace
}  // namespace muster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster;
  history::Replay replay({});
  history::Chronicle chronicle;
  const auto read = history::read_lines(
      fuzz::text_of(data, size), [&](const fleet::ClassPass& record, const std::string& where) {
        fuzz::check_record(record);
        replay.take(record, where);
        chronicle.take(record);
      });
  if (!read) fuzz::check_error(read.error());
  fuzz::check_reports(replay.result(), read.value_or(history::LeftOut{}));
  fuzz::check_explanations(chronicle);
  return 0;
}
