#include "cli/grammar.hpp"

#include <deque>
#include <limits>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "agent/settings.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "cli/help_texts.hpp"
#include "cli/log_format.hpp"
#include "cli/metrics_endpoint.hpp"
#include "cli/paths.hpp"

namespace muster::cli {

namespace {

constexpr auto kStart = "Start here";
constexpr auto kJobs = "Run jobs";
constexpr auto kScale = "Scale";
constexpr auto kInstance = "On an instance";
constexpr auto kAdminister = "Administer";
constexpr auto kCommands = "Commands";
constexpr auto kHidden = "";

}  // namespace

class Grammar::Definition {
 public:
  Definition() {
    app.allow_extras();  // complain() says more about them than CLI11 does
    app.require_subcommand(0, 1);
    app.set_help_flag("-h,--help", "Show this help and exit.");
    app.footer(text::kRoot.footer);
    app.set_version_flag("--version", fmt::format("muster {}", version()),
                         "Show the version and exit.");
    add_server();
    add_run();
    add_pipeline();
    add_agent();
    add_scale();
    add_look<PlanOptions>("plan", text::kPlan);
    add_look<DoctorOptions>("doctor", text::kDoctor);
    add_simulate();
    add_export_trace();
    add_replay();
    add_explain();
    add_instance();
    add_resource_class();
    add_runner();
    add_token();
    add_audit();
    add_backup();
    add_completion();
    add_help();
    add_man();
  }

  CLI::App app{text::kRoot.description, "muster"};
  std::optional<Options> chosen;
  std::optional<std::vector<std::string>> help_about;  // these words, for 'muster help'

 private:
  CLI::App* command(CLI::App& parent, const char* name, const char* group, const text::Text& text) {
    auto* added = parent.add_subcommand(name, text.description);
    added->group(group)->footer(text.footer);
    return added;
  }

  // What running this command hands to its function.
  template <class T>
  void choose(CLI::App* command, const T& options) {
    command->final_callback([this, &options] { chosen = options; });
  }
  template <class T>
  void choose(CLI::App* command, T& options, typename T::Action action) {
    command->final_callback([this, &options, action] {
      options.action = action;
      chosen = options;
    });
  }

  static CLI::Option* string_option(CLI::App* command, const char* names, std::string& value,
                                    const char* type, const char* help) {
    auto* option = command->add_option(names, value, help)->type_name(type);
    return value.empty() ? option : option->default_str(value);
  }

  static void require_text(CLI::Option* option) { check_text(option->required()); }

  static void check_text(CLI::Option* option) {
    option->check([](const std::string& given) -> std::string {
      return given.empty() ? "must not be empty" : "";
    });
  }

  template <class Number>
  static void number(CLI::App* command, const char* name, Number& value, std::int64_t least,
                     std::int64_t most, const char* help) {
    const auto read = [&value, least, most, name](const std::string& given) {
      const auto parsed = parse_int(given);
      if (!parsed || *parsed < least || *parsed > most) {
        throw CLI::ValidationError(fmt::format("{}: '{}' is not a number from {} to {}", name,
                                               printable(given), least, most));
      }
      value = static_cast<Number>(*parsed);
    };
    command->add_option_function<std::string>(name, read, help)
        ->type_name("N")
        ->default_str(std::to_string(value));
  }

  static Millis read_duration(const char* name, const std::string& given, Millis least) {
    const auto parsed = parse_duration(given);
    if (!parsed) {
      throw CLI::ValidationError(fmt::format("{}: {}", name, printable(parsed.error().message)));
    }
    if (*parsed < least) {
      throw CLI::ValidationError(
          fmt::format("{}: must be at least {}", name, format_duration(least)));
    }
    return *parsed;
  }

  static void duration(CLI::App* command, const char* name, Millis& value, const char* help) {
    const auto read = [&value, name](const std::string& given) {
      value = read_duration(name, given, std::chrono::seconds(1));
    };
    command->add_option_function<std::string>(name, read, help)
        ->type_name("DURATION")
        ->default_str(format_duration(value));
  }

  // Of any length. `fallback` says what it is where none is given.
  static void duration(CLI::App* command, const char* name, std::optional<Millis>& value,
                       const char* fallback, const char* help) {
    const auto read = [&value, name](const std::string& given) {
      value = read_duration(name, given, Millis(0));
    };
    command->add_option_function<std::string>(name, read, help)
        ->type_name("DURATION")
        ->default_str(fallback);
  }

  static void client(CLI::App* command, ClientOptions& options) {
    string_option(command, "--server", options.server, "URL", "The server to ask.")
        ->envname("MUSTER_SERVER");
    string_option(command, "--ca-file", options.ca_file, "FILE",
                  "Trust the authorities in this file (PEM) and no others, if the server is https. "
                  "Without it: those that this machine trusts.")
        ->envname("MUSTER_CA_FILE");
    string_option(
        command, "--token-file", options.token_file, "FILE",
        "Holds a personal token; - is standard input. Without it: $MUSTER_TOKEN, else the token "
        "that a server of yours left in its data directory.")
        ->envname("MUSTER_TOKEN_FILE");
  }

  static CLI::Option* data_directory(CLI::App* command, std::filesystem::path& directory,
                                     const char* help) {
    directory = default_data_directory();
    return command->add_option("--data", directory, help)
        ->type_name("DIR")
        ->default_str(directory.string());
  }

  void add_server() {
    auto& options = fresh<ServerOptions>();
    auto* added = command(app, "server", kStart, text::kServer);
    data_directory(added, options.data_directory, "Where everything is kept.");
    string_option(added, "--listen", options.address, "ADDRESS", "The address to listen on.");
    number(added, "--port", options.port, 0, 65535, "The port; 0 takes any that is free.");
    auto* certificate =
        string_option(added, "--tls-cert", options.tls_certificate, "FILE",
                      "Speak HTTPS: with this certificate, and those between it and its authority "
                      "(PEM). SIGHUP has it and its key read again.");
    auto* key = string_option(added, "--tls-key", options.tls_key, "FILE",
                              "The private key of the certificate (PEM).");
    check_text(certificate->needs(key));
    check_text(key->needs(certificate));
    added->add_flag("--insecure-plain-http", options.insecure_plain_http,
                    "Listen beyond this machine without TLS, although tokens can be read on their "
                    "way.");
    duration(added, "--lease", options.lease,
             "How long a runner may be silent before its task is given up.");
    number(added, "--request-rate", options.request_rate, 0, 1'000'000,
           "Requests a second of one token, or of one address without a token; 0 is no limit.");
    log_format(added, options.log_format);
    choose(added, options);
  }

  void add_run() {
    auto& options = fresh<RunOptions>();
    auto* added = command(app, "run", kStart, text::kRun);
    added->add_option("DIRECTORY", options.directory, "A directory of the repository.")
        ->type_name("DIR")
        ->default_str("the current directory");
    added->add_flag("--working-tree", options.working_tree,
                    "Include uncommitted changes and new files that are not ignored.");
    added->add_flag("--json", options.json,
                    "Print nothing but the finished pipeline, as one JSON document.");
    added->add_flag("--fleet", options.fleet,
                    "Also show the fleet, and wait until it is back at its minimum.");
    added->add_flag("--cancel-on-interrupt", options.cancel_on_interrupt,
                    "Ctrl-C cancels the pipeline, too.");
    client(added, options.client);
    choose(added, options);
  }

  void add_pipeline() {
    auto* added = command(app, "pipeline", kJobs, text::kPipeline);
    added->require_subcommand(0, 1);
    using Action = PipelineOptions::Action;
    add_pipeline_action(*added, "list", Action::list, text::kPipelineList);
    add_pipeline_action(*added, "show", Action::show, text::kPipelineShow);
    add_pipeline_action(*added, "follow", Action::follow, text::kPipelineFollow);
    add_pipeline_action(*added, "output", Action::output, text::kPipelineOutput);
    add_pipeline_action(*added, "cancel", Action::cancel, text::kPipelineCancel);
    add_pipeline_action(*added, "rerun", Action::rerun, text::kPipelineRerun);
  }

  void add_pipeline_action(CLI::App& parent, const char* name, PipelineOptions::Action action,
                           const text::Text& about) {
    auto& options = fresh<PipelineOptions>();
    auto* added = command(parent, name, kCommands, about);
    if (action != PipelineOptions::Action::list) {
      require_text(string_option(added, "ID", options.id, "ID", "The pipeline's number or id."));
    }
    if (action == PipelineOptions::Action::output) {
      string_option(added, "JOB", options.job, "JOB[/INDEX]",
                    "Only this job; JOB/INDEX is one of its tasks, from 1. Without it: all jobs.");
      string_option(added, "--step", options.step, "STEP",
                    "Only this step: its number, from 1, or its name.");
    } else if (action == PipelineOptions::Action::rerun) {
      added->add_flag("--from-failed", options.from_failed,
                      "Only the jobs that did not succeed, and those behind them.");
    } else if (action != PipelineOptions::Action::cancel) {
      added->add_flag("--json", options.json, "Print one JSON document and nothing else.");
    }
    client(added, options.client);
    choose(added, options, action);
  }

  void add_agent() {
    auto& options = fresh<AgentOptions>();
    auto* added = command(app, "agent", kJobs, text::kAgent);
    string_option(added, "-c,--config", options.config_file, "FILE",
                  "Its configuration; - is standard input.")
        ->required();
    options.job_user = agent::kUsualJobUser;
    string_option(added, "--job-user", options.job_user, "USER",
                  "Who jobs run as when started as root.")
        ->envname("MUSTER_JOB_USER");
    metrics_option(added, options.metrics_listen);
    choose(added, options);
  }

  static void log_format(CLI::App* command, std::string& word) {
    string_option(command, "--log-format", word, kLogFormats,
                  "How it logs; auto is text on a terminal, and JSON elsewhere.")
        ->envname("MUSTER_LOG_FORMAT")
        ->check([](const std::string& given) -> std::string {
          if (given == "auto" || given == "text" || given == "json") return "";
          return fmt::format("'{}' is none of auto, text, json", printable(given));
        });
  }

  static CLI::Option* metrics_option(CLI::App* command, std::string& listen) {
    auto* option = string_option(command, "--metrics-listen", listen, "[ADDRESS:]PORT",
                                 "Show Prometheus metrics here, to anybody who reaches it. Without "
                                 "an address: 127.0.0.1.");
    return option->check([](const std::string& given) -> std::string {
      const auto parsed = parse_endpoint(given);
      return parsed ? "" : parsed.error().message;
    });
  }

  void add_scale() {
    auto& options = fresh<ScaleOptions>();
    auto* added = command(app, "scale", kScale, text::kScale);
    string_option(added, "-c,--config", options.config_file, "FILE", "Its configuration.")
        ->required();
    auto* once = added->add_flag("--once", options.once, "Make one pass and exit: for cron.");
    metrics_option(added, options.metrics_listen)->excludes(once);
    log_format(added, options.log_format);
    choose(added, options);
  }

  // What looks at a scaler's configuration and changes nothing.
  template <class T>
  void add_look(const char* name, const text::Text& about) {
    auto& options = fresh<T>();
    auto* added = command(app, name, kScale, about);
    string_option(added, "-c,--config", options.config_file, "FILE",
                  "The configuration of muster scale.")
        ->required();
    added->add_flag("--json", options.json, "Print one JSON document and nothing else.");
    choose(added, options);
  }

  void add_simulate() {
    auto& options = fresh<SimulateOptions>();
    auto* added = command(app, "simulate", kScale, text::kSimulate);
    added
        ->add_option(
            "TRACE", options.traces,
            "CSV files of tasks, or CircleCI's usage exports, which are one trace; - is standard "
            "input.")
        ->type_name("FILE");
    words(added, "--generate", options.workloads, "SPEC",
          "Make up the tasks instead; several are put together. See docs/simulate.md.");
    words(added, "--class", options.classes, "NAMESPACE/NAME",
          "Only tasks of this class; several by asking several times.");
    words(added, "--policy", options.policies, "NAME",
          "Only this one; several by commas, or by asking several times.")
        ->delimiter(',')
        ->default_str("muster");
    words(added, "--compare", options.compare, "NAME", "And these.")->delimiter(',');
    string_option(added, "--boot", options.boot, "DISTRIBUTION",
                  "How long an instance takes until it asks for work: 90s, exponential:90s, "
                  "lognormal:90s:0.3 or pareto:60s:1.5.");
    string_option(added, "--replace-after", options.replace_after, "DISTRIBUTION",
                  "Likewise, a group takes to replace an instance that shuts down.");
    duration(added, "--idle-timeout", options.idle_timeout, "10s",
             "How long an instance of muster's waits for a task before it ends.");
    duration(added, "--idle-after-task", options.idle_after_task, "--idle-timeout, if given, or 0s",
             "The same, once it has had one.");
    number(added, "--max", options.max, 1, 100'000, "How many instances a class may have.");
    number(added, "--seed", options.seed, 0, std::numeric_limits<std::int64_t>::max(),
           "Of what is left to chance.");
    string_option(added, "--price", options.price, "NUMBER",
                  "What an instance costs an hour, such as 0.17: adds the cost.");
    string_option(added, "--write-trace", options.write_trace, "FILE",
                  "Also write what was generated, as CSV.");
    string_option(added, "--html", options.html, "FILE", "Also write a page with plots.");
    added->add_flag("--json", options.json, "Print one JSON document and nothing else.");
    choose(added, options);
  }

  void add_export_trace() {
    auto& options = fresh<ExportTraceOptions>();
    auto* added = command(app, "export-trace", kScale, text::kExportTrace);
    auto* data = data_directory(added, options.data_directory, "That of muster server.");
    auto* log = string_option(
        added, "--log", options.log, "FILE",
        "Estimate them from a scaler's decisions instead: a scaler.db, the state directory that it "
        "is in, or a file of JSON lines; - is standard input.");
    check_text(log->excludes(data));
    string_option(added, "--since", options.since, "TIME",
                  "Only tasks that were queued then or later: RFC 3339, or 168h for so long ago.");
    string_option(added, "--until", options.until, "TIME", "Only tasks that were queued before.");
    string_option(added, "--class", options.resource_class, "NAMESPACE/NAME", "Only this one.");
    string_option(added, "--output", options.output, "FILE",
                  "Write into this file, whole or not at all. Without it: standard output.");
    choose(added, options);
  }

  void add_replay() {
    auto& options = fresh<ReplayOptions>();
    auto* added = command(app, "replay", kScale, text::kReplay);
    require_text(string_option(added, "LOG", options.log, "FILE",
                               "A scaler.db, the state directory that it is in, or a file of JSON "
                               "lines; - is standard input."));
    string_option(added, "--policy", options.policy_file, "FILE",
                  "A muster.yaml, whose policies take the place of the recorded ones.");
    string_option(added, "--class", options.resource_class, "NAMESPACE/NAME", "Only this one.");
    added->add_flag("--json", options.json, "Print one JSON document and nothing else.");
    choose(added, options);
  }

  void add_explain() {
    auto& options = fresh<ExplainOptions>();
    auto* added = command(app, "explain", kScale, text::kExplain);
    string_option(added, "WHAT", options.what, "NAME",
                  "A resource class, or a pipeline's number or id. Without it: all classes of the "
                  "log.");
    string_option(added, "JOB", options.job, "JOB[/INDEX]",
                  "Only this job of the pipeline; JOB/INDEX is one of its tasks, from 1.");
    string_option(added, "-c,--config", options.config_file, "FILE",
                  "The configuration of muster scale, whose log is read.");
    string_option(added, "--log", options.log, "FILE",
                  "A scaler.db, the state directory that it is in, or a file of JSON lines; - is "
                  "standard input.");
    json(added, options);
    choose(added, options);
  }

  static CLI::Option* words(CLI::App* command, const char* name, std::vector<std::string>& values,
                            const char* type, const char* help) {
    return command->add_option(name, values, help)
        ->type_name(type)
        ->allow_extra_args(false);  // what follows is a TRACE
  }

  void add_instance() {
    auto* added = command(app, "instance", kInstance, text::kInstance);
    added->require_subcommand(0, 1);
    using Action = InstanceOptions::Action;

    auto& to_configure = fresh<InstanceOptions>();
    auto* configure = command(*added, "configure", kCommands, text::kInstanceConfigure);
    instance_config(configure, to_configure);
    require_text(string_option(configure, "--output", to_configure.output, "FILE",
                               "The runner's configuration: written whole, with mode 0600."));
    string_option(configure, "--environment", to_configure.environment, "FILE",
                  "Also write the variables of muster agent, as systemd's EnvironmentFile reads "
                  "them.");
    to_configure.patience = std::chrono::minutes(2);
    duration(configure, "--patience", to_configure.patience,
             "How long to ask AWS again where that may help.");
    choose(configure, to_configure, Action::configure);

    auto& to_release = fresh<InstanceOptions>();
    auto* release = command(*added, "release", kCommands, text::kInstanceRelease);
    instance_config(release, to_release);
    string_option(release, "--reason", to_release.reason, "TEXT",
                  "For the record. Without it: what systemd says of the service that has ended.");
    check_text(string_option(release, "--unless-new", to_release.unless_new, "FILE",
                             "End nothing if FILE holds the id of another instance."));
    duration(release, "--patience", to_release.patience,
             "How long the group is asked before the machine shuts itself down.");
    check_text(string_option(release, "--shutdown", to_release.shutdown, "COMMAND",
                             "The last resort, for sh."));
    choose(release, to_release, Action::release);

    auto& to_watch = fresh<InstanceOptions>();
    auto* watch = command(*added, "watch", kCommands, text::kInstanceWatch);
    duration(watch, "--interval", to_watch.interval, "How often to look.");
    watch->add_option("COMMAND", to_watch.command, "The program to run at the first notice.")
        ->type_name("COMMAND")
        ->required();
    choose(watch, to_watch, Action::watch);
  }

  static void instance_config(CLI::App* command, InstanceOptions& options) {
    string_option(command, "-c,--config", options.config_file, "FILE", "What the instance is.");
  }

  void add_resource_class() {
    auto* added = command(app, "resource-class", kAdminister, text::kResourceClass);
    added->require_subcommand(0, 1);
    using Action = ResourceClassOptions::Action;

    auto& to_create = fresh<ResourceClassOptions>();
    auto* create = command(*added, "create", kCommands, text::kResourceClassCreate);
    string_option(create, "NAME", to_create.resource_class, "NAMESPACE/NAME", "NAMESPACE/NAME.")
        ->required();
    string_option(create, "--description", to_create.description, "TEXT", "For people.");
    number(create, "--max-requeues", to_create.max_requeues, 0, 100,
           "How often a task whose runner went silent, or could not run it, is queued again.");
    auto* generate = create->add_flag("--generate-token", to_create.generate_token,
                                      "Create a token for its runners, too, and print it.");
    output(create, to_create.output)->needs(generate);
    json(create, to_create);
    choose(create, to_create, Action::create);

    auto& to_list = fresh<ResourceClassOptions>();
    auto* list = command(*added, "list", kCommands, text::kResourceClassList);
    string_option(list, "NAMESPACE", to_list.namespace_filter, "NAMESPACE",
                  "Only the classes of this one.");
    json(list, to_list);
    choose(list, to_list, Action::list);

    auto& to_delete = fresh<ResourceClassOptions>();
    auto* remove = command(*added, "delete", kCommands, text::kResourceClassDelete);
    string_option(remove, "NAME", to_delete.resource_class, "NAMESPACE/NAME", "NAMESPACE/NAME.")
        ->required();
    remove->add_flag("--force", to_delete.force, "Delete its tokens with it.");
    client(remove, to_delete.client);
    choose(remove, to_delete, Action::remove);
  }

  void add_runner() {
    auto* added = command(app, "runner", kAdminister, text::kRunner);
    added->require_subcommand(0, 1);
    using Action = RunnerOptions::Action;

    auto& to_list = fresh<RunnerOptions>();
    auto* list = command(*added, "list", kCommands, text::kRunnerList);
    string_option(list, "RESOURCE_CLASS", to_list.resource_class, "NAMESPACE/NAME",
                  "Only those of this one.");
    json(list, to_list);
    choose(list, to_list, Action::list);

    add_runner_change(*added, "drain", Action::drain, text::kRunnerDrain);
    add_runner_change(*added, "remove", Action::remove, text::kRunnerRemove);
  }

  void add_runner_change(CLI::App& parent, const char* name, RunnerOptions::Action action,
                         const text::Text& about) {
    auto& options = fresh<RunnerOptions>();
    auto* added = command(parent, name, kCommands, about);
    require_text(string_option(added, "RESOURCE_CLASS", options.resource_class, "NAMESPACE/NAME",
                               "The class that it is of."));
    require_text(
        string_option(added, "NAME", options.name, "NAME", "As muster runner list has it."));
    client(added, options.client);
    choose(added, options, action);
  }

  void add_token() {
    auto* added = command(app, "token", kAdminister, text::kToken);
    added->require_subcommand(0, 1);
    using Action = TokenOptions::Action;

    auto& to_create = fresh<TokenOptions>();
    auto* create = command(*added, "create", kCommands, text::kTokenCreate);
    auto* name = string_option(create, "RESOURCE_CLASS", to_create.resource_class, "NAMESPACE/NAME",
                               "The class whose tasks it may claim.");
    auto* personal =
        create->add_flag("--personal", to_create.personal, "Create a personal token instead.")
            ->excludes(name);
    role(create, to_create.role)->needs(personal);
    string_option(create, "--nickname", to_create.nickname, "TEXT", "To know it by, later.");
    output(create, to_create.output);
    json(create, to_create);
    create->final_callback([this, &to_create] {
      if (to_create.personal == to_create.resource_class.empty()) {
        to_create.action = Action::create;
        chosen = to_create;
        return;
      }
      throw CLI::RequiredError("RESOURCE_CLASS or --personal");
    });

    auto& to_list = fresh<TokenOptions>();
    auto* list = command(*added, "list", kCommands, text::kTokenList);
    string_option(list, "RESOURCE_CLASS", to_list.resource_class, "NAMESPACE/NAME", "The class.");
    json(list, to_list);
    choose(list, to_list, Action::list);

    auto& to_revoke = fresh<TokenOptions>();
    auto* revoke = command(*added, "revoke", kCommands, text::kTokenRevoke);
    require_text(string_option(revoke, "ID", to_revoke.id, "ID", "As muster token list shows it."));
    client(revoke, to_revoke.client);
    choose(revoke, to_revoke, Action::revoke);

    auto& to_link = fresh<TokenOptions>();
    auto* link = command(*added, "link", kCommands, text::kTokenLink);
    json(link, to_link);
    choose(link, to_link, Action::link);
  }

  static CLI::Option* role(CLI::App* command, std::optional<protocol::Role>& role) {
    const auto read = [&role](const std::string& given) {
      role = protocol::role_of(given);
      if (role) return;
      throw CLI::ValidationError(
          fmt::format("--role: '{}' is none of read, run, admin", printable(given)));
    };
    return command
        ->add_option_function<std::string>("--role", read,
                                           "What it may: read everything; also run pipelines; also "
                                           "administer classes and tokens.")
        ->type_name("read|run|admin")
        ->default_str("run");
  }

  void add_audit() {
    auto& options = fresh<AuditOptions>();
    auto* added = command(app, "audit", kAdminister, text::kAudit);
    number(added, "--limit", options.limit, 1, 100'000, "So many at most.");
    json(added, options);
    choose(added, options);
  }

  void add_backup() {
    auto& options = fresh<BackupOptions>();
    auto* added = command(app, "backup", kAdminister, text::kBackup);
    added->add_option("DIRECTORY", options.directory, "Where the copy appears: a new directory.")
        ->type_name("DIR")
        ->required();
    data_directory(added, options.data_directory, "That of muster server.");
    added->add_flag("--json", options.json, "Print one JSON document and nothing else.");
    choose(added, options);
  }

  static CLI::Option* output(CLI::App* command, std::string& file) {
    return string_option(command, "--output", file, "FILE",
                         "Write the token to this new file, for you alone, and do not print it.");
  }

  template <class T>
  static void json(CLI::App* command, T& options) {
    command->add_flag("--json", options.json, "Print one JSON document and nothing else.");
    client(command, options.client);
  }

  void add_completion() {
    auto& options = fresh<CompletionOptions>();
    auto* added = command(app, "completion", kAdminister, text::kCompletion);
    string_option(added, "SHELL", options.shell, "bash|zsh|fish", "bash, zsh or fish.")
        ->required()
        ->check([](const std::string& given) -> std::string {
          if (given == "bash" || given == "zsh" || given == "fish") return "";
          return fmt::format("'{}' is none of bash, zsh, fish", printable(given));
        });
    choose(added, options);
  }

  void add_help() {
    std::vector<std::string> names;
    for (const auto* other : app.get_subcommands(nullptr)) names.push_back(other->get_name());
    auto* added = command(app, "help", kAdminister, text::kHelp);
    added->add_option("COMMAND", help_words_, "The command's name, in one word or two.")
        ->type_name(join(names, "|"));
    added->final_callback([this] { help_about = help_words_; });
  }

  void add_man() { choose(command(app, "man", kHidden, text::kMan), fresh<ManOptions>()); }

  // Each command has options of its own: CLI11 reads the environment for all commands, also for
  // those that were not given. A deque, because the parser points into it.
  template <class T>
  T& fresh() {
    return std::get<T>(stored_.emplace_back(T{}));
  }
  std::deque<Options> stored_;
  std::vector<std::string> help_words_;
};

Grammar::Grammar() : definition_(std::make_unique<Definition>()) {}
Grammar::~Grammar() = default;

CLI::App& Grammar::app() {
  return definition_->app;
}
const std::optional<Options>& Grammar::chosen() const {
  return definition_->chosen;
}
const std::optional<std::vector<std::string>>& Grammar::help_about() const {
  return definition_->help_about;
}

}  // namespace muster::cli
