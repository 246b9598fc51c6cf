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
// `output` is the end of what was printed; `omitted` bytes come before it.
std::string output_page(const std::string& task_id, const std::string& step,
                        const std::string& output, std::uint64_t omitted);

}  // namespace muster::server
