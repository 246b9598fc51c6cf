#pragma once

// What a person asked for on the command line, as plain data, one struct a command.
// parse.hpp makes it from argv; each command's own file carries it out.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "protocol/role.hpp"

namespace muster::cli {

// How a client finds the server and proves who it is.
struct ClientOptions {
  std::string server = "http://127.0.0.1:8480";  // --server, $MUSTER_SERVER
  std::string ca_file;     // --ca-file, $MUSTER_CA_FILE; empty: the system's authorities
  std::string token_file;  // --token-file, $MUSTER_TOKEN_FILE; else $MUSTER_TOKEN, else the token
                           // that a server of this user left in its data directory
};

struct ServerOptions {
  std::filesystem::path data_directory;  // root: /var/lib/muster; else ~/.local/share/muster
  std::string address = "127.0.0.1";
  std::uint16_t port = 8480;
  std::string tls_certificate;  // both or neither
  std::string tls_key;
  bool insecure_plain_http = false;
  Millis lease = std::chrono::minutes(5);
  std::int64_t request_rate = 5'000;
  std::string log_format = "auto";  // see log_format.hpp
};

struct BackupOptions {
  std::filesystem::path data_directory;  // of a server; see ServerOptions
  std::filesystem::path directory;       // the copy; must not exist yet
  bool json = false;
};

struct AgentOptions {
  std::string config_file;     // "-": standard input
  std::string metrics_listen;  // as of ScaleOptions
  std::string job_user;  // who jobs run as when we are root; --job-user, $MUSTER_JOB_USER, nobody
};

struct ScaleOptions {
  std::string config_file;
  std::string metrics_listen;  // PORT, ADDRESS:PORT; empty: metrics are not shown
  std::string log_format = "auto";
  bool once = false;
};

struct PlanOptions {
  std::string config_file;
  bool json = false;
};

struct DoctorOptions {
  std::string config_file;
  bool json = false;
};

struct SimulateOptions {
  std::vector<std::string> traces;     // files; "-": standard input
  std::vector<std::string> workloads;  // to generate, instead
  std::vector<std::string> classes;    // only their tasks; empty: all
  std::vector<std::string> policies;   // empty: muster
  std::vector<std::string> compare;    // further ones
  std::string boot = "90s";            // a duration or distribution
  std::string replace_after = "60s";   // likewise
  std::optional<Millis> idle_timeout;
  std::optional<Millis> idle_after_task;
  std::int64_t max = 1000;
  std::int64_t seed = 1;
  std::string price;        // of an instance-hour; empty: unknown
  std::string write_trace;  // the file that what was generated goes into; empty: none
  std::string html;         // the file that the page goes into; empty: none
  bool json = false;
};

struct ExportTraceOptions {
  std::filesystem::path data_directory;  // of a server; see ServerOptions
  std::string log;                       // as of ReplayOptions, instead; empty: the server's
  std::string since;                     // RFC 3339, or so long ago; empty: no bound
  std::string until;
  std::string resource_class;  // empty: all
  std::string output;          // a file; empty: standard output
};

struct ReplayOptions {
  std::string log;             // scaler.db, its directory, or a file of JSON lines; "-"
  std::string policy_file;     // muster.yaml; empty: the recorded policies
  std::string resource_class;  // empty: all
  bool json = false;
};

struct ExplainOptions {
  ClientOptions client;
  std::string what;         // a class, or a pipeline's number or id; empty: all classes of the log
  std::string job;          // of a pipeline: JOB, JOB/INDEX; empty: all
  std::string config_file;  // muster.yaml, which names the log; empty: see log
  std::string log;          // as of ReplayOptions; empty: that of config_file, or none
  bool json = false;
};

struct RunOptions {
  ClientOptions client;
  std::filesystem::path directory = ".";
  bool working_tree = false;
  bool json = false;
  bool fleet = false;  // also show the fleet, and wait until it is back at its minimum
  bool cancel_on_interrupt = false;
};

struct PipelineOptions {
  enum class Action { list, show, follow, output, cancel, rerun } action = Action::list;
  ClientOptions client;
  std::string id;
  std::string job;           // output: JOB, JOB/INDEX; empty: all
  std::string step;          // output: a name, or a number from 1; empty: all
  bool from_failed = false;  // rerun
  bool json = false;
};

struct ResourceClassOptions {
  enum class Action { create, list, remove } action = Action::list;
  ClientOptions client;
  std::string resource_class;    // namespace/name
  std::string namespace_filter;  // list: only these
  std::string description;
  std::int64_t max_requeues = 0;
  bool generate_token = false;
  std::string output;  // create: the file that the token goes into; empty: standard output
  bool force = false;
  bool json = false;
};

struct RunnerOptions {
  enum class Action { list, drain, remove } action = Action::list;
  ClientOptions client;
  std::string resource_class;  // list: empty: of all
  std::string name;
  bool json = false;
};

struct TokenOptions {
  enum class Action { create, list, revoke, link } action = Action::list;
  ClientOptions client;
  std::string resource_class;          // empty: personal tokens
  bool personal = false;               // create: asked for in so many words
  std::optional<protocol::Role> role;  // create: of a personal token; the server's choice if not
  std::string nickname;
  std::string output;  // create: the file that it goes into; empty: standard output
  std::string id;
  bool json = false;
};

struct AuditOptions {
  ClientOptions client;
  std::int64_t limit = 50;
  bool json = false;
};

// What an instance of an Auto Scaling group does for itself.
struct InstanceOptions {
  enum class Action { configure, release, watch } action = Action::configure;
  std::string config_file = "/etc/muster/instance.yaml";
  Millis patience = std::chrono::minutes(5);  // with AWS
  std::string output;                         // configure: the runner's configuration
  std::string environment;  // configure: the agent's variables; empty: not written
  std::string reason;       // release; empty: what systemd says
  std::string unless_new;   // release: the file with the id; empty: also if new
  // release: the last resort; without an orderly end, if nobody is there to see to one
  std::string shutdown = "shutdown -h now || systemctl poweroff --force --force";
  Millis interval = std::chrono::seconds(5);  // watch
  std::vector<std::string> command;           // watch
};

struct CompletionOptions {
  std::string shell;  // bash, zsh or fish
};

struct ManOptions {};

using Options =
    std::variant<ServerOptions, BackupOptions, AgentOptions, ScaleOptions, PlanOptions,
                 DoctorOptions, SimulateOptions, ExportTraceOptions, ReplayOptions, ExplainOptions,
                 RunOptions, PipelineOptions, ResourceClassOptions, RunnerOptions, TokenOptions,
                 AuditOptions, InstanceOptions, CompletionOptions, ManOptions>;

}  // namespace muster::cli
