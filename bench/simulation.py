"""bench/simulation.py MACHINE MUSTER DECIDE_BENCH >SECTION: what each policy costs; see script/bench."""

import json
import resource
import subprocess
import sys
from pathlib import Path

from figures import ratio

ROOT = Path(__file__).parent.parent
WORKLOADS = sorted((ROOT / "bench/workloads").glob("*.csv"))
PEERS = "muster-single,muster-eager,tutorial,provisioner,buildkite,gitlab,drone,fixed:10,bound"
DELAYS = "0s", "60s", "180s"  # the middle one is that of the aims
BOOT = 90
# Until the first task, and after each.
IDLE = (("0s", "0s"), ("10s", "0s"), ("1m", "0s"), ("10s", "1s"), ("10s", "10s"), ("1m", "1m"),
        ("5m", "5m"), ("20m", "20m"))
MONTH = "week,rate=30,stages=1-6-1,days=30,run=lognormal:4m:0.9"


def simulate(program, *arguments):
    done = subprocess.run([program, "simulate", "--json", *arguments], cwd=ROOT / "bench/workloads",
                          check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def by_name(trace):
    return {policy["name"]: policy for policy in trace["policies"]}


def row(name, policy):
    waits = " | ".join(f"{policy[key]:.1f}" for key in ("wait_p50", "wait_p95", "wait_p99", "wait_max"))
    return (f"| {name} | {waits} | {policy['instance_hours']:.1f} | {100 * policy['idle_share']:.1f} % "
            f"| {policy['launches']} | {policy['wasted_boots']} |")


def rows(runs, number):
    """Those of 60 s, and the others only where they are not the same."""
    each = [by_name(run["traces"][number]) for run in runs]
    for name, policy in each[1].items():
        for delay, there in zip(DELAYS, each):
            if delay == DELAYS[1]:
                yield row(name, policy)
            elif there[name] != policy:
                yield row(f"{name}, replaced after {delay}", there[name])


def table(runs, number):
    trace = runs[1]["traces"][number]
    return "\n".join([
        f"**{trace['name']}**: {trace['tasks']} tasks, {trace['work_hours']:.1f} hours of work.", "",
        "| policy | wait p50 s | p95 s | p99 s | max s | hours | idle | launches | wasted |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|", *rows(runs, number)])


def verdict(met):
    return "met" if met else "**missed**"


def wasted_share(policy):
    """Which part of its launches never ran a task."""
    return policy["wasted_boots"] / policy["launches"]


def aims(run):
    """What the default should reach, at a delay of 60 s."""
    yield "| workload | `muster-single`: p95 | hours / Σ(boot + run) | never ran a task | `muster`: hours / tutorial's | p95 / tutorial's | never ran a task |"
    yield "|---|---|---|---|---|---|--:|"
    for trace in run["traces"]:
        policies = by_name(trace)
        ours, single, tutorial = policies["muster"], policies["muster-single"], policies["tutorial"]
        least = trace["work_hours"] + trace["tasks"] * BOOT / 3600
        hours, wasted = single["instance_hours"] / least, wasted_share(single)
        of_hours = ours["instance_hours"] / tutorial["instance_hours"]
        of_wait = ours["wait_p95"] / tutorial["wait_p95"]
        yield (f"| {trace['name']} | {single['wait_p95']:.1f} s: {verdict(single['wait_p95'] <= BOOT + 6)} "
               f"| {ratio(hours, 1.02)} | {100 * wasted:.1f} %: {verdict(wasted < 0.02)} "
               f"| {ratio(of_hours, 1)} | {ratio(of_wait, 0.65)} | {100 * wasted_share(ours):.1f} % |")


def idle_timeouts(program, files):
    """How long an instance should wait for a task: hours and waits beside the tutorial's."""
    yield "| idle time-out, after a task | " + " | ".join(files) + " |"
    yield "|---|" + "--:|" * len(files)
    for first, later in IDLE:
        traces = simulate(program, "--replace-after", DELAYS[1], "--idle-timeout", first,
                          "--idle-after-task", later, "--compare", "tutorial", *files)["traces"]
        cells = []
        for trace in traces:
            policies = by_name(trace)
            ours, tutorial = policies["muster"], policies["tutorial"]
            cells.append(f"{ours['instance_hours'] / tutorial['instance_hours']:.5f}; "
                         f"{ours['wait_p50']:.0f}, {ours['wait_p95']:.0f}, {ours['wait_p99']:.0f}")
        yield f"| {first}, {later} | " + " | ".join(cells) + " |"


def speed(program):
    yield "| policy | events/s (aim: 1 M) | passes due/s (aim: 200,000) | passes made/s | CPU time |"
    yield "|---|--:|--:|--:|--:|"
    for policy in ("muster", "muster-single", "tutorial"):
        begun = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        trace, = simulate(program, "--generate", MONTH, "--policy", policy)["traces"]
        took = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - begun
        made = f"{trace['passes_made'] / took:,.0f}" if trace["passes_made"] else "–"
        yield (f"| {policy} | {trace['events'] / took:,.0f} | {trace['passes'] / took:,.0f} | {made} "
               f"| {took:.2f} s |")


def decisions(bench):
    yield "| what deciding takes, the quickest of some rounds | | aim |"
    yield "|---|--:|--:|"
    yield subprocess.run([bench], check=True, capture_output=True, text=True).stdout.rstrip()


def main(machine, program, bench):
    files = [file.name for file in WORKLOADS]
    runs = [simulate(program, "--replace-after", delay, "--compare", PEERS, *files)
            for delay in DELAYS]
    near_max = simulate(program, "--max", "6", "--compare", PEERS, "long-jobs.csv")
    parts = [f"""\
`script/bench simulation` on {machine}: `muster simulate --replace-after D --compare
{PEERS} bench/workloads/*.csv`, a boot of {BOOT} s, muster's
idle time-out 10 s and 0 s after a task, seed 1. The workloads are described in [workloads/README.md](workloads/README.md), the
policies in [docs/simulate.md](../docs/simulate.md). D is 60 s; for 0 and 180 s only those are listed whose
result is another: nobody else's instances leave their places empty.
""", *(table(runs, number) + "\n" for number in range(len(files))),
             "Once more with at most 6 instances, fewer than its tasks need at their peak; the bound has no maximum:\n",
             table([near_max] * 3, 0), "", "What the default should reach, at 60 s:\n",
             "\n".join(aims(runs[1])), WHY,
             "How long an instance should wait for a task, at first and once it has had one: `muster`'s hours beside the tutorial's; "
             "its waits p50, p95 and p99 in seconds:\n", "\n".join(idle_timeouts(program, files)), IDLING,
             f"Speed, of one processor, for a month of one class (`--generate {MONTH}`), the reading of "
             "the command line and the table included:\n", "\n".join(speed(program)), NOTE,
             "\n".join(decisions(bench)), DECIDING]
    print("\n".join(parts))


DECIDING = """
Deciding for one class took 1.29 to 1.43 µs until instances had slots, and until those were told apart that
have had their task or work unlisted: each state is counted in instances and in slots."""

WHY = """
Where muster loses, and why:

- **Hours, where tasks are rare** (long jobs, nightly), are the tutorial's to a thousandth, and of the night a
  little above them. Reuse saves a boot only where a task waits when another ends; and an instance whose task
  went to another one waits 10 s for nothing, which makes the night 10 s longer, of 154 hours. Where two or three
  short tasks come at a time and seldom, that is more: up to 4 % of all hours
  (`--generate bursts,every=10m,size=2-2,within=1m,run=10s,days=2`), as the first instance takes both.
- **p95 beside the tutorial's, where tasks are frequent** (merge queue, office week): not 0.5, the aim. Who
  waits for a boot waits 90 to 95 s. Half of what the tutorial's tasks wait would be less than a boot, and
  so needs foresight, or instances that are kept for it: and `headroom: 4` still comes to 0.52 and 0.55
  only, for 84 and 29 % more hours (with an idle time-out of 1 s).
- **Launches that never ran a task** are a sixth to a quarter of `muster`'s where tasks are frequent. What
  will soon be free is counted (`muster-eager` shows what that saves and costs), but only with what two
  numbers tell: when a task will end, they do not. Whoever knew would waste hardly a boot
  ([ADR 13](../docs/adr/0013-what-will-soon-be-free.md)).
- **Median wait against GitLab, Buildkite and Drone.** They keep instances for 10 to 55 idle minutes. That
  buys short waits with up to six times the hours. A longer `--idle-timeout` buys them here.
- **Against the provisioner** `muster-single` is equal, as both poll every 5 s and launch one for each
  task. What sets them apart is what happens when something fails, which this table does not show.
- **Without a replacement delay** the tutorial wastes a boot for most tasks: its group replaces each
  instance that shuts down before the next minute lowers the desired capacity.
"""
IDLING = """
Before its first task an instance does well to wait some seconds: its boot is paid for, its task may just have gone
to another one, and at 0 s some tasks wait for two boots (p99), and a few for
three, as one ends just before the next task is there. After a task it does not: on each of these workloads
hours grow with that wait and p95 hardly falls, as who waits longest waits for a boot, whatever idles. What a long one
buys is the median, where tasks are frequent.
"""
NOTE = """
A pass that is due is not made where it would see, decide and do what the last one did; a test holds
that to be the same. A pass that is made costs what the real loop costs, with the group and the queue
listed anew; that is most of the time, much of it in maps from the ids of instances.
"""

if __name__ == "__main__":
    main(*sys.argv[1:])
