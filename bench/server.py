"""bench/server.py MACHINE MUSTER >SECTION

What a server, its agents and a scaler take, beside what is aimed at; see script/bench.
"""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import browser
import crowd
import finished
import jobs
import lookers
from figures import (CannotRun, Figure, Row, line_without, medians, middle, middle_of, millis,
                     percentile, spread)
from support.load import may_open
from support.pipeline import config, job
from support.world import World

RUNS = 3
WARM_STARTS, COLD_STARTS = 100, 12  # a run
AGENTS, JOBS, TASKS_OF_A_JOB = 8, 4, 250
CLIENTS, CLAIMS_OF_EACH = 64, 156  # together not more than a pipeline may have
OUTPUT = 500  # MB
WAITING = 10_000  # agents
TASKS, TASKS_OF_A_PIPELINE = 1_000_000, 10
PAGE, PAGES = 100, 200  # pipelines of a page, and how often it is read in a run
STEPS, STEP_JOBS = 20, 15
IDLE_STARTS = 5
PAGES_OPEN, FOLLOWERS = 1_000, 10  # as many as one token may have
VISITS = 8  # a run


WARM = Figure("queued → first step running, runner waiting, p50 / p99", "5 / 15 ms",
              "laminar 8.2 ms; slurm 20; buildbot 180; gitlab-ci-local 590")
COLD = Figure("the same, cold local runner, p50", "60 ms", "slurm resume 1,050 ms; buildbot latent 370")
RATE = Figure(f"one-step `true` tasks per second, {AGENTS} continuous agents", "400",
              "laminar 183; buildbot 6.8")
CLAIMS = Figure(f"durable claims per second, {CLIENTS} clients", "4,000")
FSYNCS = Figure("fsyncs a claim", "0.1")
THROUGH = Figure(f"a step's output of {OUTPUT} MB, end to end", "100 MB/s")
IDLE = Figure("server memory, idle", "15 MB", "laminar 12 MB")
HELD = Figure(f"server memory, {WAITING:,} waiting agents", "60 MB")
LONG = Figure(f"server memory, {TASKS:,} finished tasks", "60 MB")
STEP = Figure(f"a job of {STEPS} `true` steps over bash running them, a step", "5 ms")
LIST = Figure(f"API: first page of the list, {TASKS:,} tasks", "10 ms")
LOOKED = Figure(f"{PAGES_OPEN:,} pages watch the fleet, {FOLLOWERS} of them a job of {lookers.LINES_A_SECOND:,} "
                "lines a second: the server's share of a processor", "25 %")
OTHERS = Figure("meanwhile another request, p99", "10 ms")
WEIGHT = Figure("page weight, compressed", "150 kB")
PAINT = Figure("time to first paint on loopback, nothing in the browser's cache", "200 ms")


# --- The parts: each yields its rows ----------------------------------------------------------

def parts_of(runs):
    def after(name):
        return f"after {1000 * middle([getattr(each, name) for run in runs for each in run]):.1f} ms"
    return (f"the submission is answered, and so on disk, {after('answered')}; the server notes the "
            f"claim {after('claimed')}; the agent starts the step {after('step')}, and bash runs its "
            f"first command {after('command')}")


def warm(world):
    runs = jobs.starts_with_a_runner_waiting(world, RUNS, WARM_STARTS)
    times = [[each.command for each in run] for run in runs]
    p50, p99 = ([percentile(run, part) for run in times] for part in (50, 99))
    yield Row(WARM, f"{millis(p50)} / {millis(p99)}",
              middle(p50) <= 0.005 and middle(p99) <= 0.015, parts_of(runs))


def cold(world):
    runs = jobs.starts_from_zero(world, RUNS, COLD_STARTS)
    times = medians(runs, lambda each: each.command)
    yield Row(COLD, millis(times), middle(times) <= 0.060, parts_of(runs))


def rate(world):
    runs = [jobs.rate_of_tasks(world, AGENTS, JOBS, TASKS_OF_A_JOB) for _ in range(RUNS)]
    usual, rates = middle_of(runs), [each.per_second for each in runs]
    yield Row(RATE, spread(rates, "{:.0f}"), middle(rates) >= 400,
              f"a task takes {1000 * usual.agents_cpu:.1f} ms of CPU time of the agents and what they "
              f"start, and {1000 * usual.server_cpu:.2f} ms of the server, which has "
              f"{usual.requests:.1f} requests and {usual.fsyncs:.2f} fsyncs for it. An fsync alone "
              f"takes {1000 * crowd.fsync_alone(world):.2f} ms on that disk")


def claims(world):
    runs = [crowd.claims(world, CLIENTS, CLAIMS_OF_EACH) for _ in range(RUNS)]
    bare = crowd.answers_without_a_commit(world, CLIENTS, CLAIMS_OF_EACH)
    usual, rates = middle_of(runs), [each.per_second for each in runs]
    bound = "so that they bound it" if usual.per_second > 0.7 * bare else "so they do not bound it"
    fsync = crowd.fsync_alone(world)
    yield Row(CLAIMS, spread(rates, "{:.0f}"), middle(rates) >= 4000,
              f"a claim takes {1e6 * usual.server_cpu:.0f} µs of the server's CPU time: of each second "
              f"{usual.per_second * usual.server_cpu:.2f} s of a processor. An fsync alone takes "
              f"{1000 * fsync:.2f} ms there, so the server's take {usual.per_second * usual.fsyncs * fsync:.2f} s "
              f"of that second. The busier of the clients' {crowd.PROCESSES} processes took "
              f"{usual.client_cpu:.2f} s; the same clients get {bare:.0f} answers a second to "
              f"`GET /api/muster/v1/health`, {bound}")
    fsyncs = [each.fsyncs for each in runs]
    yield Row(FSYNCS, spread(fsyncs, "{:.3f}"), middle(fsyncs) <= 0.1,
              f"the largest group had {usual.largest:.0f} requests; an fsync alone takes "
              f"{1000 * fsync:.2f} ms on that disk")


def output(world):
    # The text, its copy or what the server holds of it, and what the agent has yet to send.
    needed, disk = 3 * OUTPUT, os.statvfs(world.place)
    if disk.f_bavail * disk.f_frsize < needed * jobs.MEGABYTE:
        raise CannotRun(f"it needs {needed} MB of disk below {world.place.parent}")
    runs = [*jobs.output_of(world, RUNS, OUTPUT)]
    usual, through = middle_of(runs), [each.through for each in runs]
    to_file = spread([each.to_file for each in runs], "{:.0f}")
    yield Row(THROUGH, f"{spread(through, '{:.0f}')} MB/s", middle(through) >= 100,
              f"of {usual.took:.1f} s the server used {usual.server_cpu:.1f} s of a processor, the agent "
              f"{usual.agent_cpu:.1f} s; {usual.after_step:.2f} s went by after the step had ended",
              others=f"`cat` to a file, in this run: {to_file} MB/s")


def idle(world):
    seen = [crowd.idle(world) for _ in range(IDLE_STARTS)]
    every = [each.all for each in seen]
    yield Row(IDLE, f"{spread(every)} MB", middle(every) <= 15,
              f"{middle([each.own for each in seen]):.1f} MB are its own; the rest are pages of its file "
              "and of shared libraries")


def waiting(world):
    files = WAITING + 500
    if not may_open(files):
        raise CannotRun(f"it needs {files} open files: raise the hard limit (`ulimit -Hn`)")
    runs = [crowd.waiting(world, WAITING) for _ in range(RUNS)]
    all_held = [held.all for _, _, held in runs]

    def each(more):
        return f"{1024 * middle(more) / WAITING:.1f} KiB"
    alone = each([connected.own - before.own for before, connected, _ in runs])
    claim = each([held.own - connected.own for _, connected, held in runs])
    yield Row(HELD, f"{spread(all_held)} MB", middle(all_held) <= 60,
              f"a connection takes {alone}, and {claim} more once a claim waits on it")


def steps(world):
    runs = jobs.steps_of(world, RUNS, STEP_JOBS, STEPS)
    over_one = medians(runs, lambda each: (each.job - each.one_bash) / STEPS)
    over_each = medians(runs, lambda each: (each.job - each.bash_each) / STEPS)
    within = millis(medians(runs, lambda each: each.steps / STEPS), "{:.2f}")
    around = millis(medians(runs, lambda each: each.job - each.steps))
    yield Row(STEP, f"{millis(over_one, '{:.2f}')}; over a bash for each, as a step has one: "
              f"{millis(over_each, '{:.2f}')}", middle(over_one) <= 0.005,
              f"from the begin of the first step to the end of the last it is {within} a step; before and "
              f"after that {around} a job")


def history(world):
    server, token, size = finished.server_with_a_history(world, TASKS, TASKS_OF_A_PIPELINE)
    resident, pages, first, page_cpu = [], [], [], []
    for _ in range(RUNS):
        taken, length, cpu = finished.read_pages(server, 1 + PAGES, PAGE)
        first.append(taken[0])
        pages.append(taken[1:])
        page_cpu.append(cpu)
        (agent,) = jobs.start_agents(world, server, token)
        jobs.succeed(world.submit(server, config(build=job("true"))))
        agent.stop()
        resident.append(crowd.resident(server))
        server.restart()
    held, own = [each.all for each in resident], middle([each.own for each in resident])
    yield Row(LONG, f"{spread(held)} MB", middle(held) <= 60,
              f"{own:.1f} MB are its own; the database has {size:.0f} MB")
    p50, p99 = ([percentile(run, part) for run in pages] for part in (50, 99))
    yield Row(LIST, f"{millis(p50, '{:.2f}')}; p99 {millis(p99, '{:.2f}')}; the first after a start "
              f"{millis(first, '{:.2f}')}", middle(p50) <= 0.010,
              f"a page takes {1000 * middle(page_cpu):.2f} ms of the server's CPU time, as the states of "
              f"{PAGE * TASKS_OF_A_PIPELINE} tasks are read for its {length} bytes")


def looked_at(world):
    files = 2 * PAGES_OPEN
    if not may_open(files):
        raise CannotRun(f"it needs {files} open files: raise the hard limit (`ulimit -Hn`)")
    runs = [lookers.looked_at(world, PAGES_OPEN, FOLLOWERS) for _ in range(RUNS)]
    usual, shares = middle_of(runs), [100 * each.server_cpu for each in runs]
    yield Row(LOOKED, f"{spread(shares, '{:.0f}')} %; half of the pages hear of a change after "
              f"{1000 * usual.heard:.0f} ms, all after {1000 * usual.all_heard:.0f} ms; the slowest follower reads "
              f"{usual.lines:,.0f} lines a second; a page takes {usual.memory:.1f} KiB", middle(shares) <= 25,
              "each change of the fleet is told to each page, and what a job prints is read by each who follows it")
    others = [each.others for each in runs]
    yield Row(OTHERS, millis(others), middle(others) <= 0.010, "a few streams are answered in each group")


def seen(world):
    page = browser.seen(world, RUNS, VISITS)
    yield Row(WEIGHT, f"{page.weight:.1f} kB", page.weight <= 150, "all of its files")
    times = [middle(run) for run in page.paints]
    yield Row(PAINT, f"{millis(times, '{:.0f}')}; p99 {1000 * percentile(sum(page.paints, []), 99):.0f} ms",
              middle(times) <= 0.200, "the browser starts with nothing of the page, and reads and runs its script first")


PARTS = [(warm, [WARM]), (cold, [COLD]), (rate, [RATE]), (claims, [CLAIMS, FSYNCS]),
         (output, [THROUGH]), (idle, [IDLE]), (waiting, [HELD]), (steps, [STEP]),
         (history, [LONG, LIST]), (looked_at, [LOOKED, OTHERS]), (seen, [WEIGHT, PAINT])]


# --- The section ------------------------------------------------------------------------------

def rows_of(part, program):
    """Each part has a directory and processes of its own, which end with it."""
    begun = time.monotonic()
    with closing(World(Path(program).resolve())) as world:
        try:
            return [*part(world)]
        except CannotRun:
            raise
        except BaseException:
            for each in world.programs:
                print(f"--- {each.name}:\n{each.tail()}", file=sys.stderr)
            raise
        finally:
            print(f"{part.__name__}: {time.monotonic() - begun:.0f} s", file=sys.stderr)


def measure(program):
    """The lines of the table, and the rows whose aim is missed."""
    lines, missed = [], []
    for part, figures in PARTS:
        try:
            rows = rows_of(part, program)
        except CannotRun as why:
            lines += [line_without(figure, why) for figure in figures]
            continue
        lines += [row.line() for row in rows]
        missed += [row for row in rows if not row.met]
    return lines, missed


def reasons(missed):
    if not missed:
        return ""
    lines = "\n".join(f"- **{row.figure.name}**: {row.where}." for row in missed)
    return f"\nWhere it goes, where an aim is missed; medians:\n\n{lines}\n"


def file_system():
    return subprocess.run(["findmnt", "-no", "FSTYPE", "-T", tempfile.gettempdir()], check=True,
                          capture_output=True, text=True).stdout.strip()


def main(machine, program):
    load, begun = os.getloadavg()[0], time.monotonic()
    lines, missed = measure(program)
    took, table = time.monotonic() - begun, "\n".join(lines)
    who = "as root, jobs as another user" if os.geteuid() == 0 else "and jobs as one user"
    print(f"""\
`script/bench server` on {machine}, its files on {file_system()}; it took {took:.0f} s.
The machine's load was {load:.1f} before it began: what else runs then is in every figure but memory. Each
was measured in {RUNS} runs (idle memory: {IDLE_STARTS} starts): the median of them, the lowest and the highest. All
processes are on that machine, clients included, and speak plain HTTP; agents run {who},
without isolation.

| figure | aim | measured | others |
|---|---|---|---|
{table}
{reasons(missed)}{HOW}""")


HOW = f"""
The figures of others were measured by others, on another machine, with two processors: read them as
sizes. Only `cat` was run here.

- **Queued → running**: from the task's `queued_at`, by the server, which rounds down to a millisecond,
  to the time that the step's first command prints (`{jobs.TELL_TIME}`). A run has {WARM_STARTS} submissions,
  one after the other; or {COLD_STARTS} of a cold runner: `muster scale` has no instance and launches one for
  each, which ends after its task.
- **Tasks per second**: {JOBS * TASKS_OF_A_JOB:,} tasks of one pipeline, from the first claim to the last end.
- **Claims**: {CLIENTS * CLAIMS_OF_EACH:,} tasks wait; each client claims again once it is answered, which is once the claim is
  on disk. The server tells its fsyncs, from its start to its end.
- **Output**: `cat` of a file of {OUTPUT} MB in memory, from the begin of the step to the end of its task,
  when the server has all. The `cat` to a file does not wait for the disk.
- **Memory**: resident (`VmRSS`). The agents are {WAITING:,} connections with a claim that waits. The tasks
  are copies, in the database, of a pipeline of {TASKS_OF_A_PIPELINE} that an agent ran; the server has then answered the
  pages, and an agent has run one more.
- **Steps**: a job from its claim to its end, {STEP_JOBS} a run, less what bash takes for the same commands.
- **Pages**: a stream of events each, of which one process reads all; the scaler's report changes once a second,
  for {lookers.SECONDS} s. The followers read the output as the page does.
- **Page weight**: of all its files, as they are sent to a browser that takes gzip. **First paint**: the first content
  that Debian's chromium, without a window, paints after the address of {len(browser.PLACES)} places of the page in turn, for who is signed in;
  {VISITS} visits a run, each with a profile of its own. What the page shows of the API comes later.
- **The list**: `GET /api/muster/v1/pipelines?limit={PAGE}`, the largest page, {PAGES} times a run on one
  connection. No list has tasks alone."""

main(*sys.argv[1:])
