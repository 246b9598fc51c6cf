#include "cli/parse.hpp"

#include <cstdlib>

#include <gmock/gmock.h>

namespace muster::cli {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Words = std::vector<std::string>;

template <class T>
T chosen(const Words& words) {
  const auto result = parse(words);
  if (const auto* answer = std::get_if<Answer>(&result)) {
    ADD_FAILURE() << answer->output << answer->error;
    return {};
  }
  return std::get<T>(std::get<Options>(result));
}

Answer refused(const Words& words) {
  const auto result = parse(words);
  const auto* answer = std::get_if<Answer>(&result);
  if (answer != nullptr) return *answer;
  ADD_FAILURE() << "was accepted";
  return {};
}

class Parse : public testing::Test {
 protected:
  void SetUp() override {
    for (const auto* name :
         {"MUSTER_SERVER", "MUSTER_TOKEN_FILE", "MUSTER_TOKEN", "MUSTER_JOB_USER"}) {
      unsetenv(name);
    }
  }
};

TEST_F(Parse, ServerHasDefaultsAndTakesOptions) {
  const auto plain = chosen<ServerOptions>({"server"});
  EXPECT_EQ(plain.address, "127.0.0.1");
  EXPECT_EQ(plain.port, 8480);
  EXPECT_EQ(plain.lease, std::chrono::minutes(5));
  EXPECT_FALSE(plain.data_directory.empty());
  EXPECT_EQ(plain.log_format, "auto");

  const auto set = chosen<ServerOptions>(
      {"server", "--data", "/d", "--listen", "::1", "--port", "0", "--lease=90s"});
  EXPECT_EQ(set.data_directory, "/d");
  EXPECT_EQ(set.address, "::1");
  EXPECT_EQ(set.port, 0);
  EXPECT_EQ(set.lease, std::chrono::seconds(90));
  EXPECT_EQ(chosen<ServerOptions>({"server", "--log-format", "json"}).log_format, "json");
  EXPECT_EQ(chosen<ScaleOptions>({"scale", "-c", "f", "--log-format", "text"}).log_format, "text");
}

TEST_F(Parse, AgentScalePlanAndDoctorTakeAFile) {
  const auto agent = chosen<AgentOptions>({"agent", "-c", "-", "--job-user", "ci"});
  EXPECT_EQ(agent.config_file, "-");
  EXPECT_EQ(agent.job_user, "ci");
  EXPECT_EQ(chosen<AgentOptions>({"agent", "--config", "f"}).job_user, "nobody");
  EXPECT_EQ(chosen<AgentOptions>({"agent", "-c", "f", "--metrics-listen", "9482"}).metrics_listen,
            "9482");
  EXPECT_TRUE(chosen<ScaleOptions>({"scale", "--config", "m.yaml", "--once"}).once);
  EXPECT_EQ(
      chosen<ScaleOptions>({"scale", "-c", "f", "--metrics-listen", "[::1]:0"}).metrics_listen,
      "[::1]:0");
  EXPECT_TRUE(chosen<PlanOptions>({"plan", "--config", "m.yaml", "--json"}).json);
  EXPECT_TRUE(chosen<DoctorOptions>({"doctor", "--config", "m.yaml", "--json"}).json);
}

TEST_F(Parse, SimulateTakesTracesAndListsOfNames) {
  const auto plain = chosen<SimulateOptions>({"simulate", "a.csv", "b.csv"});
  EXPECT_EQ(plain.traces, (std::vector<std::string>{"a.csv", "b.csv"}));
  EXPECT_TRUE(plain.policies.empty() && plain.compare.empty() && !plain.json);
  EXPECT_EQ(plain.boot, "90s");
  EXPECT_EQ(plain.max, 1000);

  const auto set = chosen<SimulateOptions>(
      {"simulate", "--compare",  "tutorial,drone",    "--policy",   "muster",  "--policy",
       "fixed:3",  "--generate", "week,rate=3",       "--generate", "poisson", "--replace-after",
       "0s",       "--boot",     "lognormal:90s:0.3", "a.csv",      "--seed",  "7",
       "--html",   "f",          "--class",           "a/b",        "--class", "a/c"});
  EXPECT_EQ(set.classes, (std::vector<std::string>{"a/b", "a/c"}));
  EXPECT_EQ(set.compare, (std::vector<std::string>{"tutorial", "drone"}));
  EXPECT_EQ(set.policies, (std::vector<std::string>{"muster", "fixed:3"}));
  EXPECT_EQ(set.workloads, (std::vector<std::string>{"week,rate=3", "poisson"}));
  EXPECT_EQ(set.traces, (std::vector<std::string>{"a.csv"}));
  EXPECT_EQ(set.replace_after, "0s");

  const auto compared = chosen<SimulateOptions>(
      {"simulate", "--compare", "tutorial,drone", "a.csv", "b.csv", "--generate", "week", "c.csv"});
  EXPECT_EQ(compared.compare, (std::vector<std::string>{"tutorial", "drone"}));
  EXPECT_EQ(compared.traces, (std::vector<std::string>{"a.csv", "b.csv", "c.csv"}));
  EXPECT_EQ(set.seed, 7);
}

TEST_F(Parse, ExportTraceTakesOneSource) {
  const auto plain = chosen<ExportTraceOptions>({"export-trace"});
  EXPECT_EQ(plain.data_directory, chosen<ServerOptions>({"server"}).data_directory);
  EXPECT_TRUE(plain.log.empty() && plain.output.empty());
  const auto all = chosen<ExportTraceOptions>({"export-trace", "--log", "scaler.db", "--since",
                                               "168h", "--until", "2026-01-05T09:00:00Z", "--class",
                                               "a/b", "--output", "t.csv"});
  EXPECT_EQ(all.log + all.since + all.until, "scaler.db168h2026-01-05T09:00:00Z");
  EXPECT_EQ(all.resource_class + all.output, "a/bt.csv");
}

TEST_F(Parse, BackupTakesTheCopyAndTheServersData) {
  const auto plain = chosen<BackupOptions>({"backup", "copy"});
  EXPECT_EQ(plain.directory, "copy");
  EXPECT_EQ(plain.data_directory, chosen<ServerOptions>({"server"}).data_directory);
  EXPECT_FALSE(plain.json);
  const auto all = chosen<BackupOptions>({"backup", "--data", "data", "--json", "copy"});
  EXPECT_EQ(all.data_directory, "data");
  EXPECT_TRUE(all.json);
  EXPECT_EQ(refused({"backup"}).code, 2);
}

TEST_F(Parse, ReplayTakesOneLog) {
  const auto all = chosen<ReplayOptions>(
      {"replay", "scaler.db", "--policy", "m.yaml", "--class", "a/b", "--json"});
  EXPECT_EQ(all.log, "scaler.db");
  EXPECT_EQ(all.policy_file, "m.yaml");
  EXPECT_EQ(all.resource_class, "a/b");
  EXPECT_TRUE(all.json);
  EXPECT_FALSE(chosen<ReplayOptions>({"replay", "-"}).json);
}

TEST_F(Parse, ExplainTakesAClassOrAPipelineAndItsJob) {
  const auto job = chosen<ExplainOptions>({"explain", "7", "test/2", "-c", "m.yaml", "--json"});
  EXPECT_EQ(job.what, "7");
  EXPECT_EQ(job.job, "test/2");
  EXPECT_EQ(job.config_file, "m.yaml");
  EXPECT_TRUE(job.json);
  EXPECT_TRUE(chosen<ExplainOptions>({"explain", "--log", "scaler.db"}).what.empty());
}

TEST_F(Parse, RunTakesADirectoryEvenIfItIsCalledLikeACommand) {
  EXPECT_EQ(chosen<RunOptions>({"run"}).directory, ".");
  EXPECT_EQ(chosen<RunOptions>({"run", "run"}).directory, "run");
  const auto all = chosen<RunOptions>({"run", "app", "--fleet", "--working-tree", "--json"});
  EXPECT_EQ(all.directory, "app");
  EXPECT_TRUE(all.fleet && all.working_tree && all.json);
}

TEST_F(Parse, PipelineActions) {
  using Action = PipelineOptions::Action;
  EXPECT_EQ(chosen<PipelineOptions>({"pipeline", "list"}).action, Action::list);
  EXPECT_EQ(chosen<PipelineOptions>({"pipeline", "follow", "7"}).action, Action::follow);
  EXPECT_EQ(chosen<PipelineOptions>({"pipeline", "output", "7"}).job, "");
  const auto output =
      chosen<PipelineOptions>({"pipeline", "output", "7", "test/2", "--step", "Run tests"});
  EXPECT_EQ(output.action, Action::output);
  EXPECT_EQ(output.id + " " + output.job + " " + output.step, "7 test/2 Run tests");
  const auto cancel = chosen<PipelineOptions>({"pipeline", "cancel", "7"});
  EXPECT_EQ(cancel.action, Action::cancel);
  EXPECT_EQ(cancel.id, "7");
  EXPECT_FALSE(chosen<PipelineOptions>({"pipeline", "rerun", "7"}).from_failed);
  const auto rerun = chosen<PipelineOptions>({"pipeline", "rerun", "7", "--from-failed"});
  EXPECT_EQ(rerun.action, Action::rerun);
  EXPECT_TRUE(rerun.from_failed);
}

TEST_F(Parse, ResourceClassActions) {
  using Action = ResourceClassOptions::Action;
  const auto created =
      chosen<ResourceClassOptions>({"resource-class", "create", "local/small", "--description",
                                    "two CPUs", "--max-requeues", "3", "--generate-token"});
  EXPECT_EQ(created.action, Action::create);
  EXPECT_EQ(created.resource_class, "local/small");
  EXPECT_EQ(created.description, "two CPUs");
  EXPECT_EQ(created.max_requeues, 3);
  EXPECT_TRUE(created.generate_token);
  EXPECT_EQ(chosen<ResourceClassOptions>({"resource-class", "list", "local"}).namespace_filter,
            "local");
  EXPECT_TRUE(chosen<ResourceClassOptions>({"resource-class", "delete", "a/b", "--force"}).force);
}

TEST_F(Parse, RunnerActions) {
  using Action = RunnerOptions::Action;
  EXPECT_EQ(chosen<RunnerOptions>({"runner", "list"}).resource_class, "");
  const auto listed = chosen<RunnerOptions>({"runner", "list", "a/b", "--json"});
  EXPECT_EQ(listed.action, Action::list);
  EXPECT_EQ(listed.resource_class, "a/b");
  EXPECT_TRUE(listed.json);
  const auto drained = chosen<RunnerOptions>({"runner", "drain", "a/b", "rack"});
  EXPECT_EQ(drained.action, Action::drain);
  EXPECT_EQ(drained.resource_class + " " + drained.name, "a/b rack");
  EXPECT_EQ(chosen<RunnerOptions>({"runner", "remove", "a/b", "rack"}).action, Action::remove);
}

TEST_F(Parse, TokenActions) {
  const auto runner = chosen<TokenOptions>({"token", "create", "a/b", "--nickname", "rack"});
  EXPECT_EQ(runner.resource_class, "a/b");
  EXPECT_EQ(runner.nickname, "rack");
  EXPECT_EQ(chosen<TokenOptions>({"token", "create", "a/b", "--output", "f"}).output, "f");
  const auto personal = chosen<TokenOptions>({"token", "create", "--personal"});
  EXPECT_TRUE(personal.resource_class.empty());
  EXPECT_EQ(personal.role, std::nullopt);
  EXPECT_EQ(chosen<TokenOptions>({"token", "create", "--personal", "--role", "admin"}).role,
            protocol::Role::admin);
  EXPECT_EQ(chosen<TokenOptions>({"token", "link"}).action, TokenOptions::Action::link);
  EXPECT_EQ(chosen<AuditOptions>({"audit"}).limit, 50);
  EXPECT_EQ(chosen<AuditOptions>({"audit", "--limit", "7"}).limit, 7);
  EXPECT_EQ(chosen<TokenOptions>({"token", "revoke", "x"}).id, "x");
}

TEST_F(Parse, InstanceActions) {
  using Action = InstanceOptions::Action;
  const auto configured = chosen<InstanceOptions>({"instance", "configure", "--output", "r.yaml"});
  EXPECT_EQ(configured.action, Action::configure);
  EXPECT_EQ(configured.config_file, "/etc/muster/instance.yaml");
  EXPECT_EQ(configured.output + configured.environment, "r.yaml");
  EXPECT_EQ(configured.patience, std::chrono::minutes(2));
  const auto released =
      chosen<InstanceOptions>({"instance", "release", "--reason", "boot: x", "--shutdown", "halt",
                               "--patience", "90s", "--unless-new", "id"});
  EXPECT_EQ(released.action, Action::release);
  EXPECT_EQ(released.reason + " " + released.shutdown, "boot: x halt");
  EXPECT_EQ(released.unless_new, "id");
  EXPECT_EQ(released.patience, std::chrono::seconds(90));
  const auto usual = chosen<InstanceOptions>({"instance", "release"});
  EXPECT_EQ(usual.patience, std::chrono::minutes(5));
  EXPECT_EQ(usual.shutdown, "shutdown -h now || systemctl poweroff --force --force");
  const auto watched = chosen<InstanceOptions>(
      {"instance", "watch", "--interval", "1s", "--", "systemctl", "kill", "--signal=TERM", "x"});
  EXPECT_EQ(watched.action, Action::watch);
  EXPECT_EQ(watched.interval, std::chrono::seconds(1));
  EXPECT_EQ(watched.command, (Words{"systemctl", "kill", "--signal=TERM", "x"}));
}

TEST_F(Parse, OptionsComeFromTheEnvironmentAndTheCommandLineWins) {
  setenv("MUSTER_SERVER", "http://from.env", 1);
  setenv("MUSTER_TOKEN_FILE", "/env/token", 1);
  EXPECT_EQ(chosen<RunOptions>({"run"}).client.server, "http://from.env");
  EXPECT_EQ(chosen<RunOptions>({"run"}).client.token_file, "/env/token");
  EXPECT_EQ(chosen<RunOptions>({"run", "--server", "http://x"}).client.server, "http://x");
  const auto list = chosen<PipelineOptions>({"pipeline", "list", "--server", "http://x"});
  EXPECT_EQ(list.client.server, "http://x");
}

TEST_F(Parse, WhatIsWrongIsOneSentence) {
  const struct {
    Words words;
    std::string sentence;
  } cases[] = {
      {{"runn"}, "muster: unknown command 'runn' (did you mean 'runner'?). See 'muster --help'.\n"},
      {{"run", "--jsn"},
       "muster run: unknown option '--jsn' (did you mean '--json'?). See 'muster run --help'.\n"},
      {{"run", "--jsn=1"}, "muster run: unknown option '--jsn' (did you mean '--json'?)."},
      {{"run", "a", "b"}, "muster run: unexpected 'b'."},
      {{"pipeline"}, "muster pipeline: say which: list, show, follow, output, cancel, rerun."},
      {{"pipeline", "folow", "7"}, "muster pipeline: unknown command 'folow' (did you mean "},
      {{"pipeline", "show"}, "muster pipeline show: ID is required."},
      {{"pipeline", "show", ""}, "muster pipeline show: ID: must not be empty."},
      {{"token", "revoke", ""}, "muster token revoke: ID: must not be empty."},
      {{"agent"}, "muster agent: --config is required."},
      {{"agent", "--confg", "x"}, "muster agent: unknown option '--confg'"},
      {{"agent", "--config"}, "muster agent: --config needs a value."},
      {{"server", "--port", "70000"}, "muster server: --port: '70000' is not a number from 0"},
      {{"server", "--lease", "soon"}, "muster server: --lease: 'soon' is not a duration"},
      {{"server", "--lease", "0s"}, "muster server: --lease: must be at least 1s."},
      {{"instance"}, "muster instance: say which: configure, release, watch."},
      {{"instance", "configure"}, "muster instance configure: --output is required."},
      {{"instance", "release", "now"}, "muster instance release: unexpected 'now'."},
      {{"instance", "release", "--shutdown", ""},
       "muster instance release: --shutdown: must not be empty."},
      {{"instance", "watch"}, "muster instance watch: COMMAND is required."},
      {{"instance", "watch", "--intervl=1s", "--", "x"},
       "muster instance watch: unknown option '--intervl' (did you mean '--interval'?)."},
      {{"instance", "watch", "--interval", "0s", "--", "x"},
       "muster instance watch: --interval: must be at least 1s."},
      {{"run", "--", "a", "b"}, "muster run: unexpected 'b'. See 'muster run --help'.\n"},
      {{"completion", "tcsh"}, "muster completion: SHELL: 'tcsh' is none of bash, zsh, fish."},
      {{"foo", "run"}, "muster: unknown command 'foo'. See 'muster --help'.\n"},
      {{"--json", "run"}, "muster: unknown option '--json'. See 'muster --help'.\n"},
      {{"pipeline", "foo", "list"}, "muster pipeline: unknown command 'foo'. See 'muster pipeline"},
      {{"foo", "run", "--jsn"}, "muster: unknown command 'foo'"},
      {{"foo", "agent"}, "muster: unknown command 'foo'"},
      {{"help", "pipelin"}, "muster: unknown command 'pipelin' (did you mean 'pipeline'?)."},
      {{"help", "token", "creat"}, "muster token: unknown command 'creat' (did you mean 'create'"},
      {{"help", "run", "fast"}, "muster run: unexpected 'fast'. See 'muster run --help'.\n"},
      {{"token", "create"}, "muster token create: RESOURCE_CLASS or --personal is required."},
      {{"resource-class", "create", "a/b", "--output", "f"},
       "muster resource-class create: --output requires --generate-token."},
      {{"runner", "drain", "a/b"}, "muster runner drain: NAME is required"},
      {{"token", "create", "a/b", "--personal"}, "muster token create: "},
      {{"token", "create", "a/b", "--role", "run"}, "muster token create: "},
      {{"token", "create", "--personal", "--role", "root"},
       "muster token create: --role: 'root' is none of read, run, admin."},
      {{"audit", "--limit", "0"}, "muster audit: --limit: '0' is not a number from 1 to 100000."},
      {{"\x1b[31mrun"}, "muster: unknown command '\\x1b[31mrun'"},
  };
  for (const auto& [words, sentence] : cases) {
    const auto answer = refused(words);
    EXPECT_EQ(answer.code, 2);
    EXPECT_EQ(answer.output, "");
    EXPECT_THAT(answer.error, StartsWith(sentence));
    EXPECT_EQ(std::count(answer.error.begin(), answer.error.end(), '\n'), 1) << answer.error;
  }
}

TEST_F(Parse, NothingAtAllGetsTheHelpAsAnError) {
  const auto answer = refused({});
  EXPECT_EQ(answer.code, 2);
  EXPECT_THAT(answer.error, HasSubstr("Start here:"));
}

TEST_F(Parse, VersionAndHelpAreForStandardOutput) {
  EXPECT_THAT(refused({"--version"}).output, testing::MatchesRegex("muster [0-9.]+\n"));
  const auto help = refused({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const auto* heading : {"Start here:", "Run jobs:", "Scale:", "Administer:", "Options:",
                              "Examples:", "Exit codes:"}) {
    EXPECT_THAT(help.output, HasSubstr(heading));
  }
}

TEST_F(Parse, HelpIsACommandToo) {
  for (const Words& command : {Words{}, Words{"run"}, Words{"token", "create"}}) {
    Words asked{"help"}, option = command;
    asked.insert(asked.end(), command.begin(), command.end());
    option.emplace_back("--help");
    EXPECT_EQ(refused(asked).code, 0);
    EXPECT_EQ(refused(asked).output, refused(option).output);
  }
}

void expect_teaches(const CommandInfo& command) {
  Words words;
  for (const auto& child : command.commands) expect_teaches(child);
  if (!command.commands.empty()) return;
  const auto text = help_text(command);
  EXPECT_THAT(text, StartsWith("Usage: " + command.path));
  EXPECT_THAT(text, HasSubstr("Examples:\n  ")) << command.path;
  EXPECT_GT(command.description.size(), command.summary.size()) << command.path;
  EXPECT_THAT(text, Not(HasSubstr(".."))) << command.path;
  for (const auto& option : command.options) EXPECT_NE(option.help, "") << option.names.front();
}

TEST_F(Parse, EveryCommandHasAParagraphExamplesAndExplainedOptions) {
  expect_teaches(command_info());
}

TEST_F(Parse, HelpShowsWhereAProgramGoes) {
  EXPECT_THAT(refused({"instance", "watch", "--help"}).output,
              StartsWith("Usage: muster instance watch [OPTIONS] -- COMMAND…\n"));
  EXPECT_THAT(refused({"help", "--help"}).output, StartsWith("Usage: muster help [COMMAND] [OPT"));
}

// Who lets it end machines reads so here.
TEST_F(Parse, TheHelpOfTheScalerSaysWhatItEndsAndHowItEnds) {
  const auto text = refused({"scale", "--help"}).output;
  EXPECT_THAT(text, HasSubstr("withdrawn"));
  EXPECT_THAT(text, ContainsRegex("ended[ \n]+by[ \n]+name"));
  EXPECT_THAT(
      text, ContainsRegex("A[ \n]+lease,[^.]+one[ \\n]+of[ \\n]+several[ \\n]+scalers[ \\n]+act"));
  EXPECT_THAT(text, ContainsRegex("Exit codes: 0 stopped[^:]+5 another"));
}

TEST_F(Parse, HelpNamesDefaultsAndVariables) {
  const auto text = refused({"run", "--help"}).output;
  EXPECT_THAT(text, HasSubstr("--server URL"));
  EXPECT_THAT(text, HasSubstr("Default: http://127.0.0.1:8480."));
  EXPECT_THAT(text, HasSubstr("MUSTER_SERVER"));
  EXPECT_THAT(text, HasSubstr("Default: the current directory."));
  EXPECT_THAT(text, HasSubstr("Usage: muster run [DIRECTORY] [OPTIONS]"));
}

}  // namespace
}  // namespace muster::cli
