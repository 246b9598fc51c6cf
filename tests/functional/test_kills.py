"""Nothing is lost: server, scaler and agents are killed at random moments, and all tasks run.

Before a quarter of the kills there is a fault of a kind that --faults names, of which
support/faults.py tells; --kills counts only the kills.

The longer form, which script/soak runs as well:
  pytest … -s --kills=200 --tasks=1000 --runners=16 --faults=all tests/functional/test_kills.py
"""

import os
import random
import re
import sqlite3
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from copy import copy
from pathlib import Path

import pytest

from support.cut import Cutting
from support.faults import KINDS, Faults
from support.killer import Killer
from support.pipeline import config, job
from support.small_disk import mounted
from support.truth import Truth
from support.waiting import TooLate, wait_until

LINES, REQUEUES, KILLS_A_PIPELINE, LEASE = 20, 3, 5, 15
ROOM = 128  # MiB, of which the server needs some before it is to be full
CLASSES = {"local/once": 0, "local/again": REQUEUES}  # and how often a lost task is queued again
LOST = "\nLost contact with runner "
# What a worker says whose guardian was killed in the moment of its claim: the instance is over
# for the scaler, which has removed where it worked.
REMOVED = re.compile(r"(?:cannot (?:make|enter) )?the directory \S+/instances/([^/]+)/work\S*"
                     r"(?: was removed as soon as it was made)?: No such file or directory\n")


@pytest.fixture
def seed():
    chosen = int(os.environ.get("MUSTER_SEED") or random.SystemRandom().randrange(2**32))
    print(f"\nMUSTER_SEED={chosen} makes the same choices again")
    return chosen


@pytest.fixture
def kinds(request):
    """Of faults."""
    named = request.config.getoption("--faults")
    kinds = {"all": {*KINDS}, "none": set()}.get(named, {*named.split(",")})
    assert kinds <= {*KINDS}, f"--faults={named}: wants all, none, or some of {[*KINDS]}"
    return kinds


@pytest.fixture
def server(world, kinds):
    if "full" not in kinds:
        yield world.server(lease=f"{LEASE}s")
        return
    with mounted(world.place / "disk", ROOM) as disk:
        server = world.server(lease=f"{LEASE}s", data=disk / "data")
        yield server
        server.kill()


@pytest.fixture
def url(server, kinds, seed):
    """Where agents and scalers reach the server."""
    if "cut" not in kinds:
        yield server.url
        return
    cutting = Cutting(server.port, seed, 2_000, 100_000)
    yield cutting.url
    cutting.close()
    print(f"{cutting.cuts} connections were cut")


@pytest.mark.timeout(7200)
def test_every_accepted_task_ends_as_it_truly_did(world, request, server, url, kinds, seed):
    kills, tasks, runners = map(request.config.getoption, ("--kills", "--tasks", "--runners"))
    truth = Truth(world.place / "truth", LINES)
    killer = Killer(random.Random(seed), world, server, settings(world, server, url, runners),
                    LEASE)
    faults = Faults(killer, kinds, "local-again-", server.data.parent)
    began = time.monotonic()
    pipelines, shown = run(world, server, truth, killer, faults, kills, tasks)
    wait_until(lambda: not [*killer.agents()], 120, "a fleet of zero")
    took = time.monotonic() - began

    by_id = states(pipelines)
    check_answers(pipelines, truth)
    assert killer.scaler.stop() == 0
    server.stop()
    Disk(server.data, truth, killer.lost_runners).check(by_id, shown)
    print(f"{len(by_id)} tasks, {sum(killer.counts.values())} kills in {took:.0f} s: "
          f"{dict(killer.counts)}; {sum(faults.counts.values())} faults: {dict(faults.counts)}; "
          f"{dict(Counter(by_id.values()))}")


def settings(world, server, url, runners):
    """The configuration of a scaler."""
    reached = copy(server)
    reached.url = url
    return world.scaler_config(reached, {
        name: (server.create_class(name, max_requeues=most),
               {"max": runners // len(CLASSES), "local": {"mode": "continuous"}})
        for name, most in CLASSES.items()})


def run(world, server, truth, killer, faults, kills, tasks):
    """The accepted pipelines, and texts that were shown as the output of a task so far."""
    waves = max(1, kills // KILLS_A_PIPELINE)
    each = tasks // waves
    repository = world.repository(config(**{
        name.split("/")[1]: job(truth.command(), resource_class=name, parallelism=slices)
        for name, slices in zip(CLASSES, (each - each // 2, each // 2))}))
    accepted, shown = [], []
    with ThreadPoolExecutor(1) as client:  # so that a kill may meet a submission
        for number in range(kills):
            if number % KILLS_A_PIPELINE == 0 and len(accepted) < waves:
                accepted.append(client.submit(submit, repository, server))
            time.sleep(killer.choices.uniform(0, 1))
            shown.extend(look(accepted, killer.choices))
            faults.perhaps_one()
            killer.strike()
        pipelines = [answer.result() for answer in accepted]
    killer.later.wait()  # first, as what failed there may well be why a task is stuck
    for pipeline in pipelines:
        wait_for_end(pipeline)
    return pipelines, shown


def submit(repository, server):
    """Whoever hears no answer, or that the disk is full, asks again; a pipeline is accepted once it
    has its answer."""
    def accepted():
        try:
            return repository.submit(server)
        except AssertionError as refused:
            if "expected 201, got 507" in str(refused):
                return None
            raise
    return wait_until(accepted, 120, "a pipeline to be accepted")


def look(accepted, choices):
    """The output of a running task of a pipeline, if there is one."""
    known = [answer.result() for answer in accepted if answer.done()]
    running = [(pipeline, task) for pipeline in known[-1:] for task in pipeline.tasks()
               if task["state"] == "running"]
    if running:
        pipeline, task = choices.choice(running)
        yield pipeline.output(task)


def wait_for_end(pipeline):
    try:
        pipeline.wait(deadline=300)
    except TooLate as late:
        stuck = [task for task in pipeline.tasks() if not task.get("ended_at")]
        raise AssertionError(f"stuck: {stuck}") from late


def states(pipelines):
    return {task["id"]: task["state"] for pipeline in pipelines for task in pipeline.tasks()}


def check_answers(pipelines, truth):
    """By the server's answers: a success ran to its end, and its output is whole."""
    for pipeline in pipelines:
        for of_class in pipeline.jobs().values():
            for task in of_class["tasks"]:
                runs = truth.runs(of_class["id"], task["index"])
                if task["state"] == "success":
                    name, whole = runs[-1]
                    assert whole and pipeline.output(task) == truth.log(name), (task, runs)


class Disk:
    """What a server that has ended leaves."""

    def __init__(self, data, truth, lost_runners):
        self.data, self.truth, self.lost_runners = data, truth, lost_runners
        self.database = sqlite3.connect(f"file:{data}/muster.db?mode=ro", uri=True)
        self.database.row_factory = sqlite3.Row

    def rows(self, sql, *arguments):
        return self.database.execute(sql, arguments).fetchall()

    def check(self, states, shown):
        with closing(self.database):
            self.check_all(states, shown)

    def check_all(self, states, shown):
        assert self.rows("PRAGMA integrity_check")[0][0] == "ok"
        assert self.rows("PRAGMA foreign_key_check") == []
        tasks = self.rows("SELECT * FROM task")
        # More, if the answer to a submission was lost.
        assert states.items() <= {task["id"]: task["state"] for task in tasks}.items()
        for task in tasks:
            self.check_task(task)
        self.check_shown(shown)

    def check_task(self, task):
        told = dict(task)
        assert task["ended_at"] and task["state"] in ("success", "infrastructure_fail"), told
        claims = self.rows("SELECT attempt FROM claim WHERE task_id = ? ORDER BY attempt",
                           task["id"])
        assert [claim["attempt"] for claim in claims] == [*range(1, task["attempt"] + 1)], told
        assert 1 <= task["attempt"] <= 1 + CLASSES[task["resource_class"]], told
        runs = self.truth.runs(task["job_id"], task["slice"])
        assert len(runs) <= task["attempt"], (told, runs)
        if task["state"] == "success":
            assert runs[-1][1], f"it did not run to its end: {told}, {runs}"
        else:
            lost = self.lost_runners.get(task["runner"])
            assert lost and lost * 1000 <= task["ended_at"], f"its runner was not struck: {told}"
            assert task["attempt"] == 1 + CLASSES[task["resource_class"]], told
        for attempt in range(1, task["attempt"] + 1):
            self.check_output(task, attempt, dict(runs))

    def check_output(self, task, attempt, runs):
        text = self.output(task, attempt)
        printed, lost, _ = text.partition(LOST)
        name = printed.split(" ")[0]
        log = self.truth.log(name)
        is_last_of_a_success = attempt == task["attempt"] and task["state"] == "success"
        if is_last_of_a_success:
            assert text == log, (dict(task), text)
        elif removed := REMOVED.fullmatch(printed):
            assert removed[1] in self.lost_runners, f"its runner was not struck: {text}"
        elif printed:
            assert name in runs and log.startswith(printed), (dict(task), text)

    def output(self, task, attempt):
        file = Path(self.data / "output" / task["id"] / f"{attempt}.0.log")
        return file.read_text() if file.exists() else ""

    def check_shown(self, shown):
        """What somebody has been shown stays as it was."""
        held = [file.read_text() for file in (self.data / "output").glob("*/*.log")]
        for text in shown:
            assert any(each.startswith(text) for each in held), f"no longer held: {text!r}"
