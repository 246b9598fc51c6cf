// A trace of tasks as CSV, of the two forms; and what describes a made one.

#include "fuzz/check.hpp"
#include "study/trace.hpp"
#include "study/workload.hpp"

namespace muster::fuzz {
namespace {

void check_trace(const study::Trace& trace) {
  check(!trace.tasks.empty(), "a trace has tasks");
  for (const auto& task : trace.tasks) {
    check(task.resource_class < trace.classes.size(), "a task has a class");
    check(task.duration >= Millis(0) && task.duration <= study::kLongestTask, "a task is bounded");
  }
  check(trace.span() <= study::kLongestTrace + study::kLongestTask, "a trace is bounded");
  const auto written = study::to_csv(trace);
  const auto again = study::parse_trace(written);
  check(again.has_value(), "what is written can be read", written);
  check(again->tasks.size() == trace.tasks.size(), "a trace has the same tasks", written);
  check(again->work() == trace.work(), "its tasks take the same time", written);
}

}  // namespace
}  // namespace muster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster;
  const auto text = fuzz::text_of(data, size);
  const auto trace = study::parse_trace(text);
  if (trace) fuzz::check_trace(*trace);
  if (!trace) fuzz::check_error(trace.error());
  const auto workload = study::parse_workload(text);
  if (!workload) fuzz::check_error(workload.error());
  return 0;
}
