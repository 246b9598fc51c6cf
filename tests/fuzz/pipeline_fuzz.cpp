// A config of a pipeline: compiled, or refused with reasons.

#include <set>

#include "fuzz/check_problems.hpp"
#include "pipeline/compile.hpp"
#include "protocol/json.hpp"

namespace muster::fuzz {
namespace {

// The store keeps jobs as JSON, and agents are sent them so.
void check_job(const std::string& key, const pipeline::Job& job) {
  check(job.name == key, "a job has the name of its key", job.name);
  check(job.parallelism >= 1, "a job has a task");
  const auto read = protocol::from_json<pipeline::Job>(protocol::to_json(job));
  check(read && *read == job, "a job is the same after JSON", protocol::to_json(job));
}

void check_workflow(const pipeline::Workflow& workflow, const pipeline::Config& config) {
  std::set<std::string> names;
  for (const auto& place : workflow.jobs) {
    check(names.insert(place.name).second, "names are unique in a workflow", place.name);
    check(config.jobs.contains(place.job), "a workflow's jobs are there", place.job);
  }
  for (const auto& place : workflow.jobs) {
    for (const auto& required : place.requires_jobs) {
      check(names.contains(required), "what is required is there", required);
    }
  }
}

}  // namespace
}  // namespace muster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster;
  const auto compiled = pipeline::compile(fuzz::text_of(data, size));
  if (const auto* problems = std::get_if<yaml::Problems>(&compiled)) {
    fuzz::check_problems(*problems);
    return 0;
  }
  const auto& config = std::get<pipeline::Config>(compiled);
  for (const auto& [key, job] : config.jobs) fuzz::check_job(key, job);
  for (const auto& workflow : config.workflows) fuzz::check_workflow(workflow, config);
  return 0;
}
