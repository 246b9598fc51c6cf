#pragma once

// The commands, one function each: the exit code of the program.
//
// Exit codes: 0 done; 1 done, and the answer is no (a job failed); 2 the command line or a file
// given to it is wrong; 3 a server cannot be reached or cannot serve now; 4 refused: token or
// permission; 5 this machine is in the way (port in use, disk full, data of a newer version);
// 70 a fault of ours; 130 interrupted.

#include "base/error.hpp"
#include "cli/options.hpp"
#include "yaml/reader.hpp"

namespace muster::cli {

int run(const ServerOptions& options);
int run(const BackupOptions& options);
int run(const AgentOptions& options);
int run(const ScaleOptions& options);
int run(const PlanOptions& options);
int run(const DoctorOptions& options);
int run(const SimulateOptions& options);
int run(const ExportTraceOptions& options);
int run(const ReplayOptions& options);
int run(const ExplainOptions& options);
int run(const RunOptions& options);
int run(const PipelineOptions& options);
int run(const ResourceClassOptions& options);
int run(const RunnerOptions& options);
int run(const TokenOptions& options);
int run(const AuditOptions& options);
int run(const InstanceOptions& options);
int run(const CompletionOptions& options);
int run(const ManOptions& options);

// AWS Lambda has started this process as the program of a function: the autoscaler.
bool is_function();
int run_function();

// Prints "muster: MESSAGE" to standard error; the exit code for errors of that kind.
int report(const Error& error);

// Prints "FILE:LINE:COLUMN: KEY: MESSAGE" for each problem; 2.
int report(yaml::Problems problems, const std::string& file);

// As for any error, but for one of this machine rather than of what was asked: what is in the way
// here (a port or directory in use, data of a newer version, a missing permission) gives 5.
int report_obstacle(const Error& error);

}  // namespace muster::cli
