#include "pipeline/compile.hpp"

#include <random>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"

namespace muster::pipeline {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

Config compiled(std::string_view text) {
  auto result = compile(text);
  if (const auto* problems = std::get_if<yaml::Problems>(&result)) {
    ADD_FAILURE() << to_error(*problems).message;
    return {};
  }
  return std::get<Config>(result);
}

std::vector<std::string> problems_of(std::string_view text) {
  const auto result = compile(text);
  std::vector<std::string> lines;
  if (const auto* problems = std::get_if<yaml::Problems>(&result)) {
    EXPECT_FALSE(problems->empty());
    for (const auto& problem : *problems) lines.push_back(problem.describe());
  }
  return lines;
}

// A config with one job whose keys, from line 6, are `keys`, each line indented by 4.
std::string with_job(const std::string& keys) {
  return "version: 2.1\njobs:\n  build:\n    machine: true\n    resource_class: a/b\n" + keys;
}

// The same with one step in front of `step`, which begins at line 8, column 9.
std::string with_step(const std::string& step) {
  return with_job("    steps:\n      - checkout\n      - " + step + "\n");
}

// A config with the jobs a, b and c, and `workflows` from line 6.
std::string with_workflows(const std::string& workflows) {
  return "version: 2.1\njobs:\n"
         "  a: &job {machine: true, resource_class: x/y, steps: [checkout]}\n"
         "  b: *job\n  c: *job\n" +
         workflows;
}

constexpr std::string_view kGood = R"(# The shape that most configs have.
version: 2.1

workflows:
  version: 2
  main:
    jobs:
      - greet
      - test:
          requires: [greet]
      - pack:
          requires:
            - test
            - greet
            - test
  nightly:
    jobs: [greet]

jobs:
  greet:
    machine: true
    resource_class: acme/small
    steps:
      - run: echo "hello"
      - run: node --version
      - checkout
      - run:
          command: npm install
          name: Install the dependencies
  test:
    machine: on
    resource_class: acme/Large:v1+2
    parallelism: 4
    working_directory: ~/app
    shell: /bin/sh -e
    environment:
      COUNT: 3
      EMPTY: ""
      FLAG: yes
    steps:
      - checkout:
      - run:
          name: Serve
          command: |
            cat <<EOF > file
            x
            EOF
            grep \<< file >> out
          background: true
          working_directory: sub
          shell: bash
          no_output_timeout: 1h30m
          when: always
          environment:
            - A=1=2
            - B: two
  pack:
    machine: true
    resource_class: acme/small
    steps: [checkout]
)";

TEST(Compile, ReadsTheWorkflows) {
  const auto config = compiled(kGood);
  ASSERT_EQ(config.workflows.size(), 2U);
  EXPECT_EQ(config.workflows[0], (Workflow{"main",
                                           {{"greet", "greet", {}},
                                            {"test", "test", {"greet"}},
                                            {"pack", "pack", {"test", "greet"}}}}));
  EXPECT_EQ(config.workflows[1], (Workflow{"nightly", {{"greet", "greet", {}}}}));
}

TEST(Compile, ReadsTheJobs) {
  const auto config = compiled(kGood);
  ASSERT_EQ(config.jobs.size(), 3U);
  const Job greet{
      .name = "greet",
      .resource_class = "acme/small",
      .steps = {RunStep{.name = "echo \"hello\"", .command = "echo \"hello\""},
                RunStep{.name = "node --version", .command = "node --version"}, CheckoutStep{},
                RunStep{.name = "Install the dependencies", .command = "npm install"}}};
  EXPECT_EQ(config.jobs.at("greet"), greet);
  const Job test{.name = "test",
                 .resource_class = "acme/Large:v1+2",
                 .environment = {{"COUNT", "3"}, {"EMPTY", ""}, {"FLAG", "yes"}},
                 .working_directory = "~/app",
                 .shell = "/bin/sh -e",
                 .parallelism = 4,
                 .steps = {CheckoutStep{},
                           RunStep{.name = "Serve",
                                   .command = "cat <<EOF > file\nx\nEOF\ngrep << file >> out\n",
                                   .environment = {{"A", "1=2"}, {"B", "two"}},
                                   .working_directory = "sub",
                                   .shell = "bash",
                                   .background = true,
                                   .no_output_timeout = 90min,
                                   .when = When::always}}};
  EXPECT_EQ(config.jobs.at("test"), test);
}

TEST(Compile, WithoutWorkflowsTheJobBuildRuns) {
  const auto config = compiled(with_job("    steps: [checkout]\n"));
  EXPECT_THAT(config.workflows, ElementsAre(Workflow{"workflow", {{"build", "build", {}}}}));
  EXPECT_THAT(problems_of("version: 2.1\njobs:\n  test: {machine: true, resource_class: a/b, "
                          "steps: [checkout]}\n"),
              ElementsAre("line 1, column 1: 'workflows' is missing, and there is no job 'build' "
                          "to run without it"));
}

TEST(Compile, TheVersionMayBeQuoted) {
  compiled(
      "version: '2.1'\njobs: {build: {machine: true, resource_class: a/b, steps: [checkout]}}");
}

struct Bad {
  std::string text;
  std::string problem;  // how the only problem begins
};

void expect_refused(const std::vector<Bad>& table) {
  for (const auto& [text, problem] : table) {
    EXPECT_THAT(problems_of(text), ElementsAre(StartsWith(problem))) << text;
  }
}

TEST(Compile, RefusesTheTopLevel) {
  const std::string jobs =
      "jobs: {build: {machine: true, resource_class: a/b, steps: [checkout]}}\n";
  expect_refused({
      {jobs, "line 1, column 1: 'version' is missing"},
      {"version: 2\n" + jobs, "line 1, column 1: version: only version 2.1 is supported"},
      {"version: [2.1]\n" + jobs, "line 1, column 1: version: only version 2.1"},
      {"version: 2.1\norbs: {node: x}\n" + jobs,
       "line 2, column 1: orbs: 'orbs' is not supported yet"},
      {"version: 2.1\nparameters: {}\n" + jobs,
       "line 2, column 1: parameters: 'parameters' is not"},
      {"version: 2.1\norb: x\n" + jobs,
       "line 2, column 1: orb: unknown key 'orb' (did you mean 'orbs'?)"},
      {"version: 2.1\n" + jobs + "workflows:\n",
       "line 3, column 1: workflows: there are no workflows"},
      {"version: 2.1\n" + jobs + "workflows: {version: 2}\n",
       "line 3, column 1: workflows: there are no workflows"},
      {"version: 2.1\n" + jobs + "workflows: [main]\n",
       "line 3, column 12: workflows: expected a mapping, found a list"},
      {"version: 2.1\nworkflows: {w: {jobs: [build]}}\n" + jobs + "jobs: {}\n",
       "line 4, column 1: the key 'jobs' is there twice"},
      {"version: 2.1\n\xff", "line 2, column 1: this is not UTF-8 text"},
      {std::string(kLongestConfig + 1, ' '),
       "line 1, column 1048577: the text has 1048577 bytes; at most 1048576 are read"},
  });
  EXPECT_THAT(problems_of(""), Not(IsEmpty()));
  EXPECT_THAT(problems_of("- 1"), Not(IsEmpty()));
}

TEST(Compile, RefusesJobs) {
  const std::string steps = "    steps: [checkout]\n";
  const std::string only = "only 'machine: true' is supported on self-hosted runners";
  expect_refused({
      {"version: 2.1\njobs:\n  build:\n    resource_class: a/b\n" + steps,
       "line 4, column 5: jobs.build: 'machine' is missing"},
      {"version: 2.1\njobs:\n  build:\n    docker: [{image: x}]\n    resource_class: a/b\n" + steps,
       "line 4, column 5: jobs.build.docker: " + only},
      {"version: 2.1\njobs:\n  build:\n    machine: {image: x}\n    resource_class: a/b\n" + steps,
       "line 4, column 5: jobs.build.machine: " + only},
      {"version: 2.1\njobs:\n  build:\n    machine: false\n    resource_class: a/b\n" + steps,
       "line 4, column 5: jobs.build.machine: " + only},
      {"version: 2.1\njobs:\n  build:\n    machine: true\n" + steps,
       "line 4, column 5: jobs.build: 'resource_class' is missing"},
      {"version: 2.1\njobs:\n  build:\n    machine: true\n    resource_class: large\n" + steps,
       "line 5, column 21: jobs.build.resource_class: 'large' is not a resource class such as"},
      {with_job(""), "line 4, column 5: jobs.build: 'steps' is missing"},
      {with_job("    steps: []\n"),
       "line 6, column 12: jobs.build.steps: a job needs at least one step"},
      {with_job("    steps: checkout\n"),
       "line 6, column 12: jobs.build.steps: expected a list of steps, found 'checkout'"},
      {with_job("    parallelism: 0\n" + steps),
       "line 6, column 18: jobs.build.parallelism: expected a whole number from 1 to 256, found "
       "'0'"},
      {with_job("    parallelism: 257\n" + steps), "line 6, column 18: jobs.build.parallelism: "},
      {with_job("    paralelism: 4\n" + steps),
       "line 6, column 5: jobs.build.paralelism: unknown key 'paralelism' "
       "(did you mean 'parallelism'?)"},
      {with_job("    type: approval\n" + steps),
       "line 6, column 5: jobs.build.type: 'type' is not supported yet"},
      {with_job("    shell: ''\n" + steps),
       "line 6, column 12: jobs.build.shell: 'shell' is empty"},
      {with_job("    environment: {1A: x}\n" + steps),
       "line 6, column 19: jobs.build.environment: '1A' is no name for a variable"},
      {with_job("    environment: {A: [x]}\n" + steps),
       "line 6, column 22: jobs.build.environment.A: expected a text, found a list"},
      {with_job("    environment: {A:  }\n" + steps),
       "line 6, column 23: jobs.build.environment.A: expected a text, found nothing"},
      {with_job("    environment: [A=1, B]\n" + steps),
       "line 6, column 24: jobs.build.environment: expected NAME=VALUE, found 'B'"},
      {with_job("    environment: [A=1, A: 2]\n" + steps),
       "line 6, column 24: jobs.build.environment: 'A' is there twice"},
      {with_job("    environment: {A: " + std::string(131'070, 'x') + "}\n" + steps),
       "line 6, column 19: jobs.build.environment: 'A' is longer than Linux allows"},
      {"version: 2.1\njobs:\n  1st: &j {machine: true, resource_class: a/b, steps: [checkout]}\n"
       "  build: *j\n",
       "line 3, column 3: jobs.1st: a job's name is a letter"},
  });
}

TEST(Compile, RefusesSteps) {
  expect_refused({
      {with_step("chekout"),
       "line 8, column 9: jobs.build.steps[1]: unknown step 'chekout' "
       "(did you mean 'checkout'?)"},
      {with_step("run"), "line 8, column 9: jobs.build.steps[1]: 'run' needs a command"},
      {with_step("run:"), "line 8, column 9: jobs.build.steps[1].run: 'command' is missing"},
      {with_step("run: ''"), "line 8, column 14: jobs.build.steps[1].run: the command is empty"},
      {with_step("run: [a]"), "line 8, column 14: jobs.build.steps[1].run: expected a mapping"},
      {with_step("run: {name: x}"),
       "line 8, column 14: jobs.build.steps[1].run: 'command' is missing"},
      {with_step("run: {command: ' '}"),
       "line 8, column 24: jobs.build.steps[1].run.command: the command is empty"},
      {with_step("run: \"a\\0b\""), "line 8, column 14: a text may not contain NUL"},
      {with_step("run: " + std::string(131'072, 'x')),
       "line 8, column 14: jobs.build.steps[1].run: the command is longer than Linux allows"},
      {with_step("run: {command: x, when: on_succes}"),
       "line 8, column 33: jobs.build.steps[1].run.when: expected one of always, on_success, "
       "on_fail, found 'on_succes' (did you mean 'on_success'?)"},
      {with_step("run: {command: x, no_output_timeout: 10}"),
       "line 8, column 46: jobs.build.steps[1].run.no_output_timeout: expected a duration"},
      {with_step("run: {command: x, no_output_timeout: 0s}"),
       "line 8, column 27: jobs.build.steps[1].run.no_output_timeout: must be longer than 0s"},
      {with_step("run: {command: x, background: 'true'}"),
       "line 8, column 39: jobs.build.steps[1].run.background: expected true or false"},
      {with_step("run: {command: x, max_auto_reruns: 2}"),
       "line 8, column 27: jobs.build.steps[1].run.max_auto_reruns: 'max_auto_reruns' is not"},
      {with_step("run: {comand: x, command: y}"),
       "line 8, column 15: jobs.build.steps[1].run.comand: unknown key 'comand' "
       "(did you mean 'command'?)"},
      {with_step("run:\n        command: x"),
       "line 8, column 9: jobs.build.steps[1]: indent what belongs to 'run' deeper"},
      {with_step("{run: x, checkout: }"),
       "line 8, column 9: jobs.build.steps[1]: a step has exactly one key, found 2"},
      {with_step("save_cache: {key: x}"),
       "line 8, column 9: jobs.build.steps[1].save_cache: 'save_cache' is not supported yet"},
      {with_step("store_artifact: {path: x}"),
       "line 8, column 9: jobs.build.steps[1].store_artifact: unknown step 'store_artifact' "
       "(did you mean 'store_artifacts'?)"},
      {with_step("checkout: {path: x}"),
       "line 8, column 20: jobs.build.steps[1].checkout.path: 'path' is not supported yet"},
      {with_step("[a]"), "line 8, column 9: jobs.build.steps[1]: expected a step, found a list"},
  });
}

TEST(Compile, RefusesWorkflows) {
  expect_refused({
      {with_workflows("workflows: {w: {}}"), "line 6, column 16: workflows.w: 'jobs' is missing"},
      {with_workflows("workflows: {w: {jobs: []}}"),
       "line 6, column 23: workflows.w.jobs: a workflow needs at least one job"},
      {with_workflows("workflows: {w: {jobs: [a, bb]}}"),
       "line 6, column 27: workflows.w.jobs[1]: there is no job 'bb' (did you mean 'b'?)"},
      {with_workflows("workflows: {w: {jobs: [a, a]}}"),
       "line 6, column 27: workflows.w.jobs[1]: the job 'a' is there twice"},
      {with_workflows("workflows: {w: {jobs: [a, {b: }, {c: , d: }]}}"),
       "line 6, column 34: workflows.w.jobs[2]: expected a job's name, or one name"},
      {with_workflows("workflows: {w: {jobs: [a: {requires: [b]}]}}"),
       "line 6, column 39: workflows.w.jobs[0].a.requires[0]: there is no job 'b' in this "
       "workflow"},
      {with_workflows("workflows: {w: {jobs: [a: {requires: [a]}]}}"),
       "line 6, column 39: workflows.w.jobs[0].a.requires[0]: the job 'a' requires itself"},
      {with_workflows("workflows: {w: {jobs: [b, a: {requires: b}]}}"),
       "line 6, column 41: workflows.w.jobs[1].a.requires: expected a list of job names"},
      {with_workflows("workflows: {w: {jobs: [b, a: {requires: [b: failed]}]}}"),
       "line 6, column 42: workflows.w.jobs[1].a.requires[0]: a required status is not supported"},
      {with_workflows("workflows: {w: {jobs: [a: {filters: {}}]}}"),
       "line 6, column 28: workflows.w.jobs[0].a.filters: 'filters' is not supported yet"},
      {with_workflows("workflows: {w: {jobs: [a: {require: [b]}]}}"),
       "line 6, column 28: workflows.w.jobs[0].a.require: unknown key 'require' "
       "(did you mean 'requires'?)"},
      {with_workflows("workflows: {w: {jobs: [a], triggers: []}}"),
       "line 6, column 28: workflows.w.triggers: 'triggers' is not supported yet"},
      {with_workflows("workflows: {'': {jobs: [a]}}"),
       "line 6, column 13: workflows.: a workflow's"},
  });
}

TEST(Compile, NamesTheCycle) {
  expect_refused({
      {with_workflows("workflows: {w: {jobs: [b: {requires: [a]}, a: {requires: [b]}]}}"),
       "line 6, column 44: workflows.w.jobs: these jobs wait for one another: a -> b -> a"},
      {with_workflows("workflows: {w: {jobs: [a: {requires: [b]}, b: {requires: [c]}, "
                      "c: {requires: [b]}]}}"),
       "line 6, column 44: workflows.w.jobs: these jobs wait for one another: b -> c -> b"},
  });
}

TEST(Compile, RefusesExpressions) {
  const auto refused = "expressions are not supported yet; write \\<< for a literal <<";
  expect_refused({
      {with_step("run: echo << pipeline.number >>"),
       fmt::format("line 8, column 14: jobs.build.steps[1].run: {}", refused)},
      {with_step("run: cat <<EOF >> file"),
       fmt::format("line 8, column 14: jobs.build.steps[1].run: {}", refused)},
      {with_job("    environment: {A: '<<x>>'}\n    steps: [checkout]\n"),
       fmt::format("line 6, column 22: jobs.build.environment.A: {}", refused)},
  });
}

TEST(Compile, KeepsWhatOnlyLooksLikeAnExpression) {
  const auto command_of = [](const std::string& command) {
    const auto config = compiled(with_step("run: '" + command + "'"));
    return config.jobs.empty() ? "" : std::get<RunStep>(config.jobs.at("build").steps[1]).command;
  };
  for (const std::string command :
       {"cat <<EOF > f", "cat <<< x", "echo $((1 << 2))", "a >> b", ">> <<"}) {
    EXPECT_EQ(command_of(command), command);
  }
  EXPECT_EQ(command_of("a \\<< x >> b \\<<"), "a << x >> b <<");
}

TEST(Compile, ReportsAllProblemsInTheOrderOfTheText) {
  EXPECT_THAT(problems_of("version: 3\norbs: {}\njobs:\n  build:\n    machine: true\n"
                          "    resource_class: x\n    steps: [foo]\n"),
              ElementsAre(HasSubstr("line 1"), HasSubstr("line 2"), HasSubstr("line 6"),
                          HasSubstr("line 7")));
}

// `text` so many times, with the number of each in place of `#`.
std::string repeated(int count, const std::string& text) {
  std::string all;
  for (int i = 0; i < count; ++i) {
    for (const char c : text) all += c == '#' ? std::to_string(i) : std::string(1, c);
  }
  return all;
}

TEST(Compile, BoundsTheNumbers) {
  const auto jobs = [](int count) {
    return "version: 2.1\njobs:\n" +
           repeated(count,
                    "  j#: {machine: true, resource_class: a/b, parallelism: 256, "
                    "steps: [checkout]}\n");
  };
  EXPECT_THAT(problems_of(with_job("    steps: [" + repeated(1'001, "checkout,") + "]\n")),
              ElementsAre(HasSubstr("a job has at most 1000 steps")));
  EXPECT_THAT(problems_of(jobs(1'001) + "workflows: {w: {jobs: [j1]}}\n"),
              testing::Contains(HasSubstr("there are 1001 jobs; at most 1000 are allowed")));
  EXPECT_THAT(problems_of(jobs(40) + "workflows: {w: {jobs: [" + repeated(40, "j#,") + "]}}\n"),
              ElementsAre(HasSubstr("there are 10240 tasks; at most 10000 are allowed")));
  EXPECT_THAT(problems_of(jobs(1) + "workflows: {" + repeated(101, "w#: {jobs: [j0]},") + "}\n"),
              ElementsAre(HasSubstr("there are 101 workflows; at most 100 are allowed")));
  EXPECT_LE(problems_of("version: 2.1\n" + repeated(5'000, "x#: 1\n")).size(), yaml::kMostProblems);
}

TEST(Compile, SurvivesMutations) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 2'000; ++round) {
    std::string text(kGood);
    for (auto changes = random() % 4; changes > 0; --changes) {
      text[random() % text.size()] =
          static_cast<char>(random() % 3 == 0 ? random() : text[random() % text.size()]);
    }
    if (round % 3 == 0) text.resize(random() % text.size());
    const auto result = compile(text);
    const auto* problems = std::get_if<yaml::Problems>(&result);
    if (problems) {
      EXPECT_FALSE(problems->empty()) << text;
    } else {
      EXPECT_FALSE(std::get<Config>(result).workflows.empty()) << text;
    }
  }
}

}  // namespace
}  // namespace muster::pipeline
