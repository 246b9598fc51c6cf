"""What runs jobs, and how long each part of that takes: agents, and a scaler's local instances.

Each function takes a `World` of tests/support, starts in it what it needs, and leaves it to its owner.
"""

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import datetime
from typing import NamedTuple

import wire
from measure import cpu_seconds
from support.pipeline import Pipeline, config, job
from support.program import worker_of
from support.waiting import wait_until

SMALL = "local/small"
EFFORT = re.compile(r"requests=(\d+) groups=(\d+) largest=(\d+) fsyncs=(\d+)")
# By bash, in microseconds, and without starting anything for it.
TELL_TIME = "echo $EPOCHREALTIME"
MEGABYTE = 1_000_000
UNFINISHED = "SELECT count(*) FROM task WHERE ended_at IS NULL"


class Effort(NamedTuple):
    """What a server tells at its end."""
    requests: int
    groups: int
    largest: int
    fsyncs: int


def effort(server):
    server.stop()
    told = EFFORT.findall(server.program.output())
    if not told:
        raise LookupError(f"the server told no costs at its end:\n{server.program.tail()}")
    return Effort(*map(int, told[-1]))


def moment(text):
    return datetime.fromisoformat(text).timestamp()


def told_time(text):
    """In the words of TELL_TIME; the decimal point may be a comma."""
    return float(text.strip().replace(",", "."))


def in_database(server, question):
    """A number, read beside the server, which is not asked and so does nothing for it."""
    with closing(sqlite3.connect(f"file:{server.data}/muster.db?mode=ro", uri=True)) as database:
        return database.execute(question).fetchone()[0]


def runners(server):
    return server.api.get("/api/v3/runner", **{"resource-class": SMALL}).expect(200).json()["items"]


def start_agents(world, server, token, count=1):
    agents = [world.agent(server, token) for _ in range(count)]
    names = {agent.name for agent in agents}
    wait_until(lambda: names <= {each["name"] for each in runners(server)}, 60,
               f"{count} agents that wait")
    return agents


class Submitter:
    """Submits the same again and again, on one connection."""

    def __init__(self, world, server, text):
        self.server = server
        body = world.repository(text).request(server)
        self.content = wire.request("POST", "/api/muster/v1/pipelines", server.token, body)
        self.connection = wire.Connection(server.port)

    def submit(self):
        return Pipeline(self.server, json.loads(self.connection.exchange(self.content, 201)))


def succeed(pipeline):
    status = pipeline.wait(300)
    if status["state"] != "success":
        sys.exit(f"a pipeline of the bench has not succeeded: {json.dumps(status)[:2000]}")
    return pipeline


# --- From the queue to a step -----------------------------------------------------------------

class Start(NamedTuple):
    """Seconds since the task was queued. Server and agent tell milliseconds, rounded down."""
    answered: float  # the submission: it is on disk
    claimed: float  # as the server notes it, before that is on disk
    step: float  # the agent starts it
    command: float  # the first one of the step runs
    runner: str


def start_once(submitter, pause):
    """`pause`: it is asked of only after that, so that asking does not disturb what is measured."""
    pipeline = submitter.submit()
    answered = time.time()
    time.sleep(pause)
    task = succeed(pipeline).task()
    times = (answered, moment(task["started_at"]), moment(task["steps"][0]["started_at"]),
             told_time(pipeline.output(task)))
    return Start(*(each - moment(task["queued_at"]) for each in times), task["runner"])


def starts_with_a_runner_waiting(world, runs, count):
    server = world.server()
    start_agents(world, server, server.create_class())
    submitter = Submitter(world, server, config(build=job(TELL_TIME)))
    start_once(submitter, 0.1)  # the first one finds nothing in any cache

    def next_one():
        time.sleep(0.05)  # until the agent asks again; it is not in what is measured
        return start_once(submitter, 0.05)
    return [[next_one() for _ in range(count)] for _ in range(runs)]


def starts_from_zero(world, runs, count):
    """A scaler that has no instance launches one for each."""
    server = world.server()
    token = server.create_class()
    world.scaler(world.scaler_config(server, {SMALL: (token, {"max": 1})}))
    submitter = Submitter(world, server, config(build=job(TELL_TIME)))
    at_zero(world, server)
    start_once(submitter, 0.5)

    def next_one():
        at_zero(world, server)
        return start_once(submitter, 0.2)
    starts = [[next_one() for _ in range(count)] for _ in range(runs)]
    if len({each.runner for run in starts for each in run}) != runs * count:
        sys.exit("an instance was not launched for its task: what was measured is no cold start")
    return starts


def at_zero(world, server):
    def nobody():
        seen = server.api.get("/api/muster/v1/fleet").expect(200).json()["classes"]
        return (seen and all(each.get("fleet", {"live": 1})["live"] == 0 for each in seen)
                and not list(world.place.glob("scaler-state/**/instance.json")))
    wait_until(nobody, 60, "a fleet of zero")


# --- Many tasks -------------------------------------------------------------------------------

def cpu_with_children(pid):
    """Seconds, those of the processes that it has waited for among them; see proc(5)."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


class Rate(NamedTuple):
    per_second: float
    server_cpu: float  # seconds a task
    agents_cpu: float  # with all that they start
    requests: float  # a task
    fsyncs: float


def rate_of_tasks(world, agents, jobs, parallelism):
    """From the first claim to the last end."""
    server = world.server(options=("--request-rate", "0"))
    started = start_agents(world, server, server.create_class(), agents)
    submitter = Submitter(world, server, config(
        **{f"j{number}": job("true", parallelism=parallelism) for number in range(jobs)}))
    workers = [worker_of(agent) for agent in started]

    def cpu():
        return cpu_seconds(server.program.pid), sum(map(cpu_with_children, workers))
    before = cpu()
    pipeline = submitter.submit()
    wait_until(lambda: in_database(server, UNFINISHED) == 0, 300, "all tasks to end")
    of_server, of_agents = (now - was for now, was in zip(cpu(), before))
    tasks = succeed(pipeline).tasks()
    took = (max(moment(task["ended_at"]) for task in tasks)
            - min(moment(task["started_at"]) for task in tasks))
    for agent in started:
        agent.kill()
    cost, many = effort(server), len(tasks)
    return Rate(many / took, of_server / many, of_agents / many, cost.requests / many,
                cost.fsyncs / many)


# --- Output -----------------------------------------------------------------------------------

class Printed(NamedTuple):
    """Megabytes a second, and CPU seconds."""
    through: float
    to_file: float
    took: float
    after_step: float  # seconds from the step's end until all of it is at the server
    server_cpu: float
    agent_cpu: float


def prepare_text(file, megabytes):
    line = "".join(chr(33 + number % 94) for number in range(99)) + "\n"
    with open(file, "w") as out:
        for _ in range(megabytes):
            out.write(line * (MEGABYTE // len(line)))
    file.chmod(0o644)


def output_of(world, runs, megabytes):
    """A job prints a file that is in memory; `cat` writes it into another one."""
    server = world.server(options=("--request-rate", "0"))
    (agent,) = start_agents(world, server, server.create_class())
    text, copy = world.place / "text", world.place / "copy"
    prepare_text(text, megabytes)
    submitter = Submitter(world, server, config(build=job(f"cat {text}")))
    processes = server.program.pid, agent.pid, worker_of(agent)
    for _ in range(runs):
        begun = time.monotonic()
        subprocess.run(f"cat '{text}' >'{copy}'", shell=True, check=True)
        to_file = time.monotonic() - begun
        copy.unlink()
        before = [cpu_seconds(pid) for pid in processes]
        task = succeed(submitter.submit()).task()
        cpu = [cpu_seconds(pid) - was for pid, was in zip(processes, before)]
        (step,) = task["steps"]
        if step["output_size"] < megabytes * MEGABYTE:
            sys.exit(f"of {megabytes} MB the server holds {step['output_size']} bytes")
        took = moment(task["ended_at"]) - moment(step["started_at"])
        yield Printed(megabytes / took, megabytes / to_file, took,
                      moment(task["ended_at"]) - moment(step["ended_at"]), cpu[0], cpu[1] + cpu[2])
        for log in server.data.glob("output/**/*.log"):
            log.unlink()


# --- Steps ------------------------------------------------------------------------------------

class Steps(NamedTuple):
    """Seconds: of the job from its claim to its end, of its steps from the first to the last, and of bash."""
    job: float
    steps: float
    one_bash: float
    bash_each: float


def steps_of(world, runs, count, steps):
    server = world.server()
    start_agents(world, server, server.create_class())
    submitter = Submitter(world, server, config(build=job(*["true"] * steps)))
    by_bash = (f"{TELL_TIME}; bash -c '{'true; ' * steps}'; {TELL_TIME}; "
               f"for ((i = 0; i < {steps}; ++i)); do bash -eo pipefail -c true; done; {TELL_TIME}")

    def once():
        pipeline = submitter.submit()
        time.sleep(0.2)
        task = succeed(pipeline).task()
        told = subprocess.run(["bash", "-c", by_bash], check=True, capture_output=True, text=True)
        begun, between, ended = map(told_time, told.stdout.split())
        each = task["steps"]
        return Steps(moment(task["ended_at"]) - moment(task["started_at"]),
                     moment(each[-1]["ended_at"]) - moment(each[0]["started_at"]),
                     between - begun, ended - between)
    once()
    return [[once() for _ in range(count)] for _ in range(runs)]
