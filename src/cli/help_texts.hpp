#pragma once

// What --help says about each command, in words.

namespace muster::cli::text {

struct Text {
  const char* description;  // a line for the list of commands, a newline, and a paragraph
  const char* footer;       // examples
};

inline constexpr Text kRoot{
    "A fleet of CI runners that is exactly as large as its queue.\n"
    "Muster keeps a fleet of self-hosted CI runners exactly as large as the queue needs, from "
    "zero and back to zero. It also brings a server and a runner of its own, so that a "
    ".circleci/config.yml runs on your machines without any account.",
    R"(Examples:
  muster server                                      keep a queue on this machine
  muster resource-class create local/small           name a kind of runner
  muster token create local/small --output FILE      let runners of that class in
  muster scale --config muster.yaml                  start and stop runners as needed
  muster run --fleet                                 run this repository's pipeline

Exit codes:
  0 done    1 done, and the answer is no (a job failed)    2 wrong command line or file
  3 no server, or it cannot serve now    4 refused: token or permission
  5 this machine is in the way (port in use, disk full)    70 a fault of ours
  130 interrupted

'muster help COMMAND' explains a command. Documentation: README.md and docs/.
)"};

inline constexpr Text kServer{
    "Keep the queue: pipelines, runners, output.\n"
    "Takes pipelines, queues their tasks, hands them to runners, keeps their output, and "
    "answers CircleCI's runner API. At its first start it leaves a personal token in the data "
    "directory, readable by you alone, where the other commands find it. On a terminal it prints a "
    "link that signs a browser in with that token, once, within ten minutes. SIGTERM stops it in "
    "order; runners carry on meanwhile. SIGHUP has certificate and key read again.",
    R"(Examples:
  muster server
  muster server --listen 0.0.0.0 --tls-cert server.crt --tls-key server.key
)"};

inline constexpr Text kRun{
    "Run a repository's pipeline and follow it.\n"
    "Packs the repository at HEAD, submits its .circleci/config.yml, and shows the jobs until "
    "the last has ended: as a live tree on a terminal, line by line elsewhere. The exit code "
    "is 0 if all jobs were successful. Ctrl-C stops following, not the pipeline, unless "
    "--cancel-on-interrupt is given.",
    R"(Examples:
  muster run
  muster run ~/src/app --working-tree --fleet
)"};

inline constexpr Text kPipeline{
    "List, show, follow, read, cancel or rerun pipelines.\n"
    "A pipeline is one submission of a .circleci/config.yml; it is named by its number or its "
    "id.",
    ""};

inline constexpr Text kAgent{
    "Be a runner: claim tasks and run them.\n"
    "Reads the YAML configuration of CircleCI's machine runner, claims tasks of one resource "
    "class from a server, runs their steps and sends their output. The first SIGTERM lets the "
    "task at hand end, a second ends it.",
    R"(Examples:
  muster agent --config runner.yaml
  sudo muster agent --config /etc/muster/runner.yaml --job-user ci
)"};

inline constexpr Text kScale{
    "Start and stop runners as the queue needs.\n"
    "Watches the queue of each resource class in its configuration, decides how many runners "
    "there should be, and starts or drains them. What was asked of AWS and has not come is "
    "withdrawn when it is not needed any more. An instance that is of no use, as it never "
    "connected or is older than any task gets, is ended by name. A decision is logged with its "
    "reasons. A lease, an item in DynamoDB, lets one of several scalers act and keeps what it "
    "remembers for the next; without one nothing keeps a scaler on another machine away.",
    R"(Examples:
  muster scale --config muster.yaml
  muster scale --config muster.yaml --once
HUP reads the configuration again; TERM stops, and leaves runners to end by themselves.

Exit codes: 0 stopped, or with --once all was read and done; 2 the configuration is wrong;
  3 with --once, not all could be read or done; 4 no right to the state directory; 5 another
  scaler is in charge or uses the state directory, or the disk is full
)"};

inline constexpr Text kPlan{
    "Say what scale would do, and why; change nothing.\n"
    "Makes one pass of muster scale without acting on it, and prints each decision with its "
    "reasons.",
    R"(Examples:
  muster plan --config muster.yaml
  muster plan --config muster.yaml --json
)"};

inline constexpr Text kDoctor{
    "Look for what could keep scale from working; change nothing.\n"
    "Asks the queue, AWS and this machine what muster scale will depend on, and prints a line for "
    "each thing: good, or what to do. The exit code is 1 if something is not as it must be.",
    R"(Examples:
  muster doctor --config muster.yaml
  muster doctor --config muster.yaml --json
)"};

inline constexpr Text kSimulate{
    "Say what a trace would have waited and cost under each policy.\n"
    "Runs the tasks of a trace, or made-up ones, in a virtual world: muster's own loop beside "
    "models "
    "of other scalers. Prints how long tasks waited and how many instance-hours that took. Nothing "
    "outside is asked or changed. Policies: muster, muster-foresight, muster-single, "
    "muster-eager, tutorial, provisioner, buildkite, gitlab, drone, fixed:N, bound, and any "
    "muster.yaml: a name that ends in .yaml.",
    R"(Examples:
  muster simulate last-month.csv --compare tutorial,provisioner,bound --price 0.17
  muster simulate usage-export.csv --class acme/linux --boot lognormal:90s:0.3 --html study.html
  muster simulate last-month.csv --compare new.yaml --idle-timeout 30m
  muster simulate --generate week,rate=30,stages=1-6-1,days=7 --policy muster-single,fixed:20

A trace has the header resource_class,queued_at,duration: RFC 3339 or seconds, and seconds.
)"};

inline constexpr Text kExportTrace{
    "Write the tasks that have run as a trace for simulate.\n"
    "Reads the history of a muster server, which may be at work, and prints each task that has "
    "run: "
    "its class, when it was queued, and for how long it ran. Of another queue's tasks there is no "
    "history here, but the decisions of its scaler tell how many waited and ran: with --log tasks "
    "are "
    "estimated from these counts. What is left out is counted on standard error. See "
    "docs/simulate.md.",
    R"(Examples:
  muster export-trace --since 720h --output last-month.csv
  muster export-trace --data /srv/muster --class local/small | muster simulate -
  muster export-trace --log /var/lib/muster-scale/scaler.db > estimate.csv
)"};

inline constexpr Text kReplay{
    "Make recorded decisions again, and say where they differ.\n"
    "Reads the decisions that muster scale has recorded, makes each of them again of what was seen "
    "then, under today's code and perhaps another policy, and shows those that differ. Recorded "
    "and "
    "new ones are held to the invariants of docs/scaling.md. The world stays as it was recorded: "
    "what another decision would have changed in it is not known. See docs/replay.md.",
    R"(Examples:
  muster replay /var/lib/muster-scale/scaler.db
  muster replay scaler.db --policy new.yaml --class acme/linux
  muster plan --config muster.yaml --json | muster replay - --json

Exit codes: 0 all are the same, and the invariants hold; 1 not so; 2 the log or policy is wrong
)"};

inline constexpr Text kExplain{
    "Say why a class or a job waits, and when it may start.\n"
    "From the decisions that muster scale has recorded: how many tasks wait and since when, each "
    "reason with its numbers and what ends it, and when the next task is expected to start, where "
    "something tells that: from how long boots took. Of a pipeline it asks the server, too: what "
    "each of its jobs waits for. "
    "Without a log it tells what the scaler has last reported to the server.",
    R"(Examples:
  muster explain --config muster.yaml
  muster explain acme/linux --log /var/lib/muster-scale/scaler.db
  muster explain 7 test/2 --config muster.yaml
)"};

inline constexpr Text kInstance{
    "What an instance does for itself.\n"
    "Run on an EC2 instance of an Auto Scaling group, with the rights of its role: configure its "
    "runner, watch for its end, and end it when the runner has ended.",
    ""};

inline constexpr Text kInstanceConfigure{
    "Write the configuration of this instance's runner.\n"
    "Reads the token of the resource class from Secrets Manager and the instance's id from EC2, "
    "and "
    "writes the YAML of CircleCI's machine runner 3, which muster agent reads too. The token is "
    "nowhere else: give a file in a tmpfs. A directory that others can write to is refused.",
    R"(Examples:
  muster instance configure --output /run/muster/runner.yaml
  muster instance configure --output /run/muster/runner.yaml --environment /run/muster/agent.env

Exit codes: 2 the file, the secret or the job user is wrong; 3 AWS or EC2's metadata cannot be
  reached; 4 the role may not read the secret
)"};

inline constexpr Text kInstanceRelease{
    "End this instance.\n"
    "Records the reason, and has the Auto Scaling group end the instance and lower its desired "
    "capacity; where the group is at its minimum, replace it. What AWS cannot do now is tried "
    "again until --patience is over. Where the group refuses for good, or all is in vain, the "
    "machine shuts itself down. Running it twice, also at once, does no harm. Without the file of "
    "--config nothing is ended, so that no other machine is by mistake; one that is wrong only "
    "loses the place of the record. TERM does not stop it: the group is asked once more, at once, "
    "and then the machine shuts down.",
    R"(Examples:
  muster instance release --reason "boot: the setup script failed"
  muster instance release --unless-new /etc/muster/instance-id   where an image may be of an instance
  ExecStopPost=+/opt/muster/bin/muster instance release          in a unit of systemd

Exit codes: 0 the group ends the instance; 1 the machine shuts itself down; 2 there is no file of
  --config; 5 it does not shut down either
)"};

inline constexpr Text kInstanceWatch{
    "Run a command when this instance is to end.\n"
    "Looks at the instance's metadata for a Spot interruption, a recommendation to rebalance, an "
    "end by the Auto Scaling group, and the tag muster:drain. At the first of them it runs "
    "COMMAND, "
    "again and again until it succeeds, and then goes on telling of others. A metadata service "
    "that fails is no notice. TERM ends it, with exit code 0.",
    R"(Examples:
  muster instance watch -- systemctl stop --no-block muster-runner.service
  muster instance watch --interval 10s -- touch /run/draining
)"};

inline constexpr Text kResourceClass{
    "Create, list or delete kinds of runners.\n"
    "A resource class names a kind of runner, as in the resource_class of a job: "
    "NAMESPACE/NAME.",
    ""};

inline constexpr Text kResourceClassCreate{
    "Create a resource class.\n"
    "With --generate-token it also creates a token for its runners, and prints that token and "
    "nothing else on standard output, or writes it to the file of --output.",
    R"(Examples:
  muster resource-class create local/small --description "2 CPUs"
  muster resource-class create local/small --generate-token --output small.token
)"};

inline constexpr Text kResourceClassList{
    "List resource classes.\n"
    "Prints the classes of one namespace, or of all.",
    R"(Examples:
  muster resource-class list
  muster resource-class list local --json
)"};

inline constexpr Text kResourceClassDelete{
    "Delete a resource class.\n"
    "Refused while the class has tokens, unless forced.",
    R"(Examples:
  muster resource-class delete local/small
  muster resource-class delete local/small --force
)"};

inline constexpr Text kRunner{
    "List, drain or remove runners.\n"
    "A runner is an agent that claims the tasks of one resource class.",
    ""};

inline constexpr Text kRunnerList{
    "List runners.\n"
    "Prints the runners of a resource class, or of all, that were heard of in the last 12 hours: "
    "busy, idle, draining, or gone, which is not heard of for five minutes.",
    R"(Examples:
  muster runner list
  muster runner list local/small --json
)"};

inline constexpr Text kRunnerDrain{
    "Give a runner no further task.\n"
    "One that is idle ends at once; one that is busy works its task to the end, and ends then. It "
    "stays so when the server or the runner starts again, until it is removed.",
    R"(Examples:
  muster runner drain local/small rack-7
  muster runner drain local/small rack-7 && muster runner list local/small
)"};

inline constexpr Text kRunnerRemove{
    "Forget a runner that is gone, or has been drained.\n"
    "It is listed no more. A runner of that name is a new one, once the old one has been silent "
    "for five minutes. The exit code is 1 if it runs a task, or may take one: drain it first.",
    R"(Examples:
  muster runner remove local/small rack-7
  muster runner remove local/small rack-7 --server http://ci.example:8480
)"};

inline constexpr Text kToken{
    "Create, list or revoke tokens.\n"
    "A resource-class token lets a runner claim tasks of its class. A personal token is for "
    "everything else, as far as its role goes. A token is shown once, when it is created.",
    ""};

inline constexpr Text kTokenCreate{
    "Create a token.\n"
    "Prints the token and nothing else on standard output, or writes it to the file of --output, "
    "which must not exist yet.",
    R"(Examples:
  muster token create local/small --nickname rack-7 --output small.token
  muster token create --personal --nickname ci-bot
  muster token create --personal --role admin --output admin.token
)"};

inline constexpr Text kTokenList{
    "List tokens, not their secrets.\n"
    "Prints the tokens of a resource class, or, without one, the personal tokens.",
    R"(Examples:
  muster token list local/small
  muster token list --json
)"};

inline constexpr Text kTokenRevoke{
    "Revoke a token.\n"
    "It is refused from now on, and whoever is signed in with it no longer is. A task that a "
    "runner has claimed with it goes on.",
    R"(Examples:
  muster token revoke 01890a5d-ac96-774b-bcce-b302099a8057
  muster token revoke 01890a5d-ac96-774b-bcce-b302099a8057 --server http://ci.example:8480
)"};

inline constexpr Text kTokenLink{
    "Print a link that signs a browser in, once.\n"
    "Prints a link and nothing else on standard output. Whoever opens it within ten minutes is "
    "signed in with your personal token, for as long as it is used every 12 hours, and seven days "
    "at most. Revoke the token to end that.",
    R"(Examples:
  muster token link
  muster token link --server http://ci.example:8480
)"};

inline constexpr Text kAudit{
    "Show who has changed what.\n"
    "Prints the latest changes, the newest first: classes, tokens and runners, who signed in and "
    "out, pipelines that were submitted or canceled. Takes a personal token of an administrator.",
    R"(Examples:
  muster audit
  muster audit --limit 1000 --json
)"};

inline constexpr Text kBackup{
    "Copy what a server keeps, while it works.\n"
    "Makes a new directory with the server's data as it is at one moment: pipelines, tasks, the "
    "output of their steps, sources, classes and tokens. Run on the server's machine, as its user "
    "or as root. The directory appears whole and on the disk, or not at all. To restore it, put it "
    "in the place of the data directory while the server is stopped: see docs/operate.md. Whoever "
    "can read the copy can do what you can, as your personal token is in it.",
    R"(Examples:
  muster backup /srv/backups/monday
  muster backup --data /var/lib/muster --json /srv/backups/$(date +%F)

Exit codes: 0 the copy is there; 2 the directory exists, or there is no data of this version;
  4 no right to read or to write; 5 the disk is full; 130 interrupted
)"};

inline constexpr Text kCompletion{
    "Print a completion script for a shell.\n"
    "The script completes commands, options and file names.",
    R"(Examples:
  source <(muster completion bash)
  muster completion fish > ~/.config/fish/completions/muster.fish
)"};

inline constexpr Text kHelp{
    "Explain a command.\n"
    "Prints what 'muster COMMAND --help' prints; without a command, the list of all.",
    R"(Examples:
  muster help run
  muster help token create
)"};

inline constexpr Text kMan{
    "Print the manual page.\n"
    "Prints muster(1), made from the same text as the help of each command.",
    R"(Examples:
  muster man | man -l -
  muster man > /usr/local/share/man/man1/muster.1
)"};

inline constexpr Text kPipelineList{
    "List pipelines, newest first.\n"
    "Prints the latest hundred pipelines with their state.",
    R"(Examples:
  muster pipeline list
  muster pipeline list --json
)"};

inline constexpr Text kPipelineShow{
    "Show a pipeline as it is now.\n"
    "Prints the tree of its workflows, jobs and tasks once.",
    R"(Examples:
  muster pipeline show 7
  muster pipeline show 7 --json
)"};

inline constexpr Text kPipelineFollow{
    "Follow a pipeline to its end.\n"
    "Shows the pipeline as muster run does, and ends with the same exit codes.",
    R"(Examples:
  muster pipeline follow 7
  muster pipeline follow 7 --json
)"};

inline constexpr Text kPipelineOutput{
    "Print what a pipeline's steps have written.\n"
    "Prints all that is kept of it, also while the pipeline runs. On a terminal each step has a "
    "heading, and control sequences other than colours are dropped; into a pipe or file go the "
    "bytes as they are and nothing else. A job of several workflows is WORKFLOW/JOB.",
    R"(Examples:
  muster pipeline output 7 | grep -i error
  muster pipeline output 7 test/2 --step 'Run tests' > test.log
)"};

inline constexpr Text kPipelineRerun{
    "Run a pipeline that has ended again.\n"
    "Each of its workflows becomes a new one, from the same commit and configuration. With "
    "--from-failed the jobs that succeeded count as done. The exit code is 1 if it still runs.",
    R"(Examples:
  muster pipeline rerun 7
  muster pipeline rerun 7 --from-failed && muster pipeline follow 7
)"};

inline constexpr Text kPipelineCancel{
    "Cancel a pipeline.\n"
    "Tasks that wait end at once; those that run end when their runners have ended them. The exit "
    "code is 1 if the pipeline has ended already.",
    R"(Examples:
  muster pipeline cancel 7
  muster pipeline cancel 7 --server http://ci.example:8480
)"};

}  // namespace muster::cli::text
