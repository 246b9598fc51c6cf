#pragma once

// The status page: plain HTML, made here, without a script. Pure.

#include <set>
#include <string>

#include "protocol/messages.hpp"

namespace muster::server {

struct Overview {
  protocol::FleetStatus fleet;
  protocol::RunnerList runners;
  std::set<std::string> busy;  // names of runners
  protocol::PipelineList pipelines;
};
std::string overview_page(const Overview& overview, WallTime now);
std::string pipeline_page(const protocol::PipelineStatus& pipeline, WallTime now);

struct StepOutput {
  std::int64_t pipeline_number = 0;
  std::string job;
  std::int64_t slice = 0;
  std::string step;
  std::string text;           // the end of what was printed
  std::uint64_t omitted = 0;  // bytes before it
};
std::string output_page(const StepOutput& output);

}  // namespace muster::server
