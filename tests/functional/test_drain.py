"""An administrator drains a runner, which works its task to the end and ends; and forgets it."""

import sqlite3
import threading
import uuid

import pytest

from support.pipeline import config, job
from support.session import of_role, sign_in
from support.waiting import wait_until

DRAIN, REMOVE = "/api/muster/v1/runners/drain", "/api/muster/v1/runners/remove"
GATED = "echo begun; until [ -e %s ]; do sleep 0.1; done; echo ended"
DRAINED = 'stopped why="an administrator of the server has drained it"'


def chosen(name, resource_class="local/small"):
    return {"resource_class": resource_class, "name": name}


def inventory(server):
    items = server.api.get("/api/v3/runner", namespace="local").expect(200).json()["items"]
    return {item["name"]: item for item in items}


def state(server, name):
    return inventory(server).get(name, {}).get("state")


def drain(server, name):
    assert server.api.post(DRAIN, chosen(name)).expect(202).message == "Accepted."


def wait_for_state(server, name, wanted):
    wait_until(lambda: state(server, name) == wanted, 60, f"{name} being {wanted}")


def deeds(server):
    """Of runners, the oldest first."""
    items = server.api.get("/api/muster/v1/audit").expect(200).json()["items"]
    return [(item["actor"], item["action"], item["subject"], item["detail"])
            for item in reversed(items) if item["action"].startswith("runner.")]


@pytest.fixture
def gate(world):
    """A job that ends once this is called, and its config."""
    path = world.place / "gate"

    def open_it():
        path.touch()
    open_it.job = job(GATED % path)
    return open_it


@pytest.mark.threads
def test_an_idle_one_ends_at_once(world, server, small):
    agent, other = world.agent(server, small), world.agent(server, small)
    for each in agent, other:
        wait_until(lambda each=each: "waiting for tasks" in each.output(), 60, each.name)
    drain(server, agent.name)
    assert agent.wait(20) == 0  # and not when its poll of 25 s is over
    assert DRAINED in agent.output() and "WARN" not in agent.output()
    assert state(server, agent.name) == "draining" and state(server, other.name) == "idle"
    pipeline = world.submit(server, config(build=job("true")))
    assert pipeline.wait()["state"] == "success"
    assert pipeline.task()["runner"] == other.name
    assert other.running


@pytest.mark.threads
def test_a_busy_one_works_its_task_to_the_end(world, server, small, gate):
    agent = world.agent(server, small)
    pipeline = world.submit(server, config(build=gate.job))
    pipeline.wait_for_output("begun")
    drain(server, agent.name)
    shown = inventory(server)[agent.name]
    assert shown["state"] == "draining"
    assert shown["task"]["id"] == pipeline.task()["id"]
    assert (shown["task"]["job"], shown["task"]["pipeline_number"]) == ("build", pipeline.number)
    second = world.submit(server, config(build=job("true")))
    gate()
    assert pipeline.wait()["state"] == "success"
    assert pipeline.output() == "begun\nended\n"
    assert agent.wait(30) == 0
    assert DRAINED in agent.output()
    assert second.task()["state"] == "queued"
    other = world.agent(server, small)
    assert second.wait()["state"] == "success"
    assert second.task()["runner"] == other.name


def test_a_single_task_one_ends_after_its_task(world, server, small, gate):
    agent = world.agent(server, small, mode="single-task")
    pipeline = world.submit(server, config(build=gate.job))
    pipeline.wait_for_output("begun")
    drain(server, agent.name)
    gate()
    assert agent.wait(60) == 0
    assert pipeline.wait()["state"] == "success"


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_it_is_drained_after_a_restart_of_the_server_and_of_itself(world, server, small, end):
    agent = world.agent(server, small)
    wait_for_state(server, agent.name, "idle")
    drain(server, agent.name)
    getattr(server, end)()
    server.start()
    assert agent.wait(60) == 0
    again = world.agent(server, small, name=agent.name)
    assert again.wait(60) == 0
    assert DRAINED in again.output()
    assert state(server, agent.name) == "draining"


def test_twice_is_fine_and_told_once(world, server, small):
    server.claimer(small, "r").ask().expect(204)
    for _ in range(2):
        drain(server, "r")
    for _ in range(2):
        assert server.api.post(REMOVE, chosen("r")).expect(200).message == "Deleted."
    assert deeds(server) == [("first", "runner.drained", "r", "local/small"),
                             ("first", "runner.removed", "r", "local/small")]
    assert inventory(server) == {}


@pytest.mark.threads
def test_a_claim_that_waits_is_answered_at_once_and_gone(world, server, small):
    runner, answers = server.claimer(small, "r"), []
    waiting = threading.Thread(target=lambda: answers.append(runner.ask(wait_ms=60_000)))
    waiting.start()
    wait_for_state(server, "r", "idle")
    drain(server, "r")
    waiting.join(30)
    assert answers[0].expect(410).message == (
        "runner r was drained by an administrator: it gets no further task, and may end")
    world.submit(server, config(build=job("true")))
    assert runner.ask(wait_ms=60_000).status == 410
    assert server.unclaimed() == 1


def test_the_task_of_a_lost_answer_is_its_own_still(world, server, small):
    pipeline = world.submit(server, config(build=job("true", parallelism=2)))
    runner, request = server.claimer(small, "r"), str(uuid.uuid4())
    first = runner.claim(request)
    drain(server, "r")
    again = runner.claim(request)
    assert again.task["task_id"] == first.task["task_id"]
    again.run()
    assert runner.ask().status == 410
    assert sorted(task["state"] for task in pipeline.tasks()) == ["queued", "success"]


@pytest.mark.threads
def test_none_is_given_a_task_once_its_drain_is_answered(world, server, small):
    """Of many that claim, while tasks come and others are drained."""
    names = [f"r{n}" for n in range(12)]
    runners = {name: server.claimer(small, name) for name in names}
    for runner in runners.values():
        runner.ask().expect(204)
    drained, late, sent_away, lock = set(), [], set(), threading.Lock()

    def claim_until_sent_away(name):
        while True:
            with lock:
                before = name in drained
            answer = runners[name].ask(wait_ms=30_000)
            if answer.status == 410:
                return sent_away.add(name)
            if answer.status == 200 and before:
                late.append(name)

    threads = [threading.Thread(target=claim_until_sent_away, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for name in names:
        world.submit(server, config(build=job("true")))
        drain(server, name)
        with lock:
            drained.add(name)
    for thread in threads:
        thread.join(60)
    assert late == [] and sent_away == set(names)


def test_remove(world, server, small, gate):
    """What is gone; of what is there, only what was drained."""
    agent = world.agent(server, small)
    pipeline = world.submit(server, config(build=gate.job))
    pipeline.wait_for_output("begun")

    def refused():
        return server.api.post(REMOVE, chosen(agent.name)).expect(409).message
    assert refused() == f"runner {agent.name} runs a task: drain it first"
    drain(server, agent.name)
    assert "still runs a task" in refused()
    gate()
    assert agent.wait(60) == 0
    server.api.post(REMOVE, chosen(agent.name)).expect(200)
    assert agent.name not in inventory(server)
    again = world.agent(server, small, name=agent.name)
    assert again.wait(60) == 0  # it is too soon
    assert DRAINED in again.output() and agent.name not in inventory(server)


def test_who_was_removed_may_come_back_after_five_minutes(world, server, small):
    runner = server.claimer(small, "r")
    runner.ask().expect(204)
    assert "may take a task" in server.api.post(REMOVE, chosen("r")).expect(409).message
    drain(server, "r")
    server.api.post(REMOVE, chosen("r")).expect(200)
    runner.ask().expect(410)
    server.stop()
    with sqlite3.connect(server.data / "muster.db") as database:
        database.execute("UPDATE runner SET last_connected = last_connected - 301000")
    database.close()
    server.start()
    runner.ask().expect(204)
    assert state(server, "r") == "idle"


def test_who_is_gone_is_forgotten(world, server, small):
    server.claimer(small, "r").ask().expect(204)
    server.stop()
    with sqlite3.connect(server.data / "muster.db") as database:
        database.execute("UPDATE runner SET last_connected = last_connected - 301000")
    database.close()
    server.start()
    assert state(server, "r") == "gone"
    server.api.post(REMOVE, chosen("r")).expect(200)
    assert inventory(server) == {}
    assert deeds(server) == [("first", "runner.removed", "r", "local/small")]


@pytest.mark.parametrize("path", [DRAIN, REMOVE])
def test_bad_input(server, small, path):
    server.claimer(small, "hidden").ask().expect(204)
    drain(server, "hidden")
    server.api.post(REMOVE, chosen("hidden")).expect(200)
    before = deeds(server)
    refused = server.api.post(path, chosen("r")).expect(404)
    assert refused.message == "there is no runner r of resource class local/small"
    told = server.api.post(DRAIN, chosen("hidden")).expect(404).message
    assert told == refused.message.replace("runner r ", "runner hidden ")
    for body in {}, {"name": "r"}, {"resource_class": "local/small", "name": 7}, b"[", b"":
        assert "\n" not in server.api.request("POST", path, body).expect(400).message
    evil = server.api.post(path, chosen("\x1b[2J\n" + "x" * 10_000, "<b>/none")).expect(404)
    assert len(evil.message) < 500 and "\x1b" not in evil.message
    server.api.post(path, chosen("x" * 70_000)).expect(413)
    assert deeds(server) == before


@pytest.mark.parametrize("path", [DRAIN, REMOVE])
def test_it_is_for_administrators(server, small, path):
    server.claimer(small, "r").ask().expect(204)
    for role in "read", "run":
        api = of_role(server, role)
        there, nowhere = (api.post(path, chosen(name)).expect(403) for name in ("r", "nobody"))
        assert there.body == nowhere.body
    server.claimer(small, "r").api.post(path, chosen("r")).expect(403)
    assert state(server, "r") == "idle" and deeds(server) == []
    drain(server, "r")
    assert sign_in(server, token=server.token).post(path, chosen("r")).status in (200, 202)


def test_names_are_those_that_are_shown(world, server, small):
    """Whatever a runner calls itself, it can be drained by what the inventory has."""
    runner = server.claimer(small, "a\x1bb\u202e\u00e9 c")
    world.submit(server, config(build=job("true")))
    attempt = runner.claim()
    [item] = inventory(server).values()
    assert item["state"] == "busy" and "\x1b" not in item["name"]
    drain(server, item["name"])
    attempt.run()
    runner.ask().expect(410)


def test_a_scaler_replaces_a_drained_one(world, server, small):
    world.scaler(world.scaler_config(server, {"local/small": (
        small, {"min": 1, "max": 2, "local": {"idle_timeout": "10m"}})}))
    first = wait_until(lambda: [name for name, item in inventory(server).items()
                                if item["state"] == "idle"], 60, "a runner")[0]
    drain(server, first)
    wait_until(lambda: [name for name, item in inventory(server).items()
                        if item["state"] == "idle" and name != first], 60, "another runner")


def test_commands(world, server, small):
    server.claimer(small, "r").ask().expect(204)
    listed = world.client(server, "runner", "list").stdout.splitlines()
    assert listed[0].split()[:4] == ["RESOURCE", "CLASS", "NAME", "STATE"]
    assert listed[1].split()[:3] == ["local/small", "r", "idle"]
    early = world.client(server, "runner", "remove", "local/small", "r")
    assert (early.returncode, early.stderr) == (
        1, "muster: runner r may take a task: drain it first\n")
    assert world.client(server, "runner", "drain", "local/small", "r").returncode == 0
    for scope in [], ["local/small"]:
        shown = world.client(server, "runner", "list", *scope, "--json")
        assert '"state":"draining"' in shown.stdout
    gone = world.client(server, "runner", "remove", "local/small", "r")
    assert (gone.returncode, gone.stdout, gone.stderr) == (0, "", "")
    assert "r  " not in world.client(server, "runner", "list").stdout
    unknown = world.client(server, "runner", "drain", "local/small", "x")
    assert (unknown.returncode, unknown.stderr) == (
        2, "muster: there is no runner x of resource class local/small\n")
