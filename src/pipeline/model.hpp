#pragma once

// What a `.circleci/config.yml` says, after it has been understood: plain data.
// Source of the meanings: CircleCI configuration reference.

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.hpp"

namespace muster::pipeline {

// Names match [A-Za-z_][A-Za-z0-9_]*.
using Environment = std::map<std::string, std::string>;

enum class When { on_success, on_fail, always };

struct RunStep {
  std::string name;  // its command, if the text gave no name
  std::string command;
  Environment environment;
  std::optional<std::string> working_directory;  // relative to the job's, unless absolute or ~
  std::optional<std::string> shell;              // the job's, if not given
  bool background = false;
  Millis no_output_timeout = std::chrono::minutes(10);
  When when = When::on_success;

  friend bool operator==(const RunStep&, const RunStep&) = default;
};

struct CheckoutStep {
  std::string name = "Checkout code";

  friend bool operator==(const CheckoutStep&, const CheckoutStep&) = default;
};

using Step = std::variant<RunStep, CheckoutStep>;

const std::string& name_of(const Step& step);

struct Job {
  std::string name;
  std::string resource_class;
  Environment environment;
  std::string working_directory = "~/project";
  std::string shell = "/bin/bash -eo pipefail";  // a command line: the words are split at blanks
  int parallelism = 1;
  std::vector<Step> steps;

  friend bool operator==(const Job&, const Job&) = default;
};

// A job's place in a workflow.
struct WorkflowJob {
  std::string name;                        // unique in the workflow
  std::string job;                         // key of Config::jobs
  std::vector<std::string> requires_jobs;  // names in the same workflow; no cycles

  friend bool operator==(const WorkflowJob&, const WorkflowJob&) = default;
};

struct Workflow {
  std::string name;
  std::vector<WorkflowJob> jobs;  // in the order of the text

  friend bool operator==(const Workflow&, const Workflow&) = default;
};

struct Config {
  std::map<std::string, Job> jobs;
  std::vector<Workflow> workflows;  // in the order of the text

  friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace muster::pipeline
