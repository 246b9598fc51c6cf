"""The tasks that a plan lets run at once are shared among the classes: none uses up all of it.

Our server is in the place of CircleCI, which itself would let more run.
"""

import json
from datetime import datetime

import pytest

from support.decisions import Decisions
from support.machines import Machines
from support.pipeline import config, job
from support.waiting import wait_until

LIMIT = 5
HOLD = "while [ -e {} ]; do sleep 0.2; done"


@pytest.fixture
def scaler(world, server, small):
    """Of two classes, each of which may have 20 machines by itself."""
    tokens = {"local/small": small, "local/large": server.create_class("local/large")}
    classes = {name: {"max": 20, "command": {
        "program": Machines(world, server, token, name).program()}}
        for name, token in tokens.items()}
    file = world.place / "scaler.yaml"
    file.write_text(json.dumps({
        "circleci": {"url": server.url, "token_file": str(server.data / "token"),
                     "poll_interval": "1s", "concurrency_limit": LIMIT},
        "state_directory": str(world.place / "scaler-state"), "resource_classes": classes}))
    return lambda: world.scaler(file)


def tasks(world, server, name, count, hold):
    hold.touch(mode=0o644)
    return world.submit(server, config(build=job(
        HOLD.format(hold), parallelism=count, resource_class=name)))


def seconds(time):
    return datetime.fromisoformat(time).timestamp()


def times(*pipelines):
    return [(seconds(task["started_at"]), seconds(task["ended_at"]))
            for pipeline in pipelines for task in pipeline.tasks()]


def most_at_once(*pipelines):
    """Of their tasks, by the times that the server has noted."""
    ran = times(*pipelines)
    return max(sum(began <= at < ended for began, ended in ran) for at, _ in ran)


def running(pipeline):
    return sum(task["state"] == "running" for task in pipeline.tasks())


@pytest.mark.timeout(600)
def test_who_wants_much_leaves_others_what_they_want(world, server, scaler):
    hold = world.place / "hold"
    greedy = tasks(world, server, "local/large", 8, hold)
    modest = tasks(world, server, "local/small", 2, hold)
    scaler()
    wait_until(lambda: (running(greedy), running(modest)) == (LIMIT - 2, 2), 60, "fair shares")

    of_greedy, of_modest = Decisions(world, "local/large"), Decisions(world)
    of_greedy.wait_for(lambda each: each.running == LIMIT - 2 and "plan" in each.reasons,
                       "a decision that the plan binds")
    cause = of_greedy.explained()["causes"]["plan"]
    assert (cause["wanted"], cause["allowed"]) == (5, 0)
    assert "the plan lets 5 run at once, of which this class has a share of 3, and 3 run" in (
        cause["words"])
    assert not any("plan" in each.reasons for each in of_modest.all())

    hold.unlink()
    for pipeline in (greedy, modest):
        assert pipeline.wait(120)["state"] == "success"
    assert most_at_once(greedy, modest) == LIMIT
    for decisions in (of_greedy, of_modest):
        decisions.check_again()


@pytest.mark.timeout(600)
def test_who_comes_later_gets_its_share_once_something_ends(world, server, scaler):
    """What runs is not ended for it, and who came first does not go on with all of it."""
    hold, later = world.place / "hold", world.place / "later"
    greedy = tasks(world, server, "local/large", 14, hold)
    program = scaler()
    wait_until(lambda: running(greedy) == LIMIT, 60, "all of the plan in use by one class")
    modest = tasks(world, server, "local/small", 2, later)
    of_modest = Decisions(world)
    bound = of_modest.wait_for_rule("plan")
    assert (bound.reasons["plan"]["wanted"], bound.launch) == (2, 0)
    assert running(greedy) == LIMIT

    hold.unlink()
    wait_until(lambda: running(modest) == 2, 60, "its share")
    waited = [task for task in greedy.tasks() if task["state"] == "queued"]
    later.unlink()
    for pipeline in (greedy, modest):
        assert pipeline.wait(200)["state"] == "success", program.tail()
    assert waited, "it would have had its turn in any case"
    assert {task["attempt"] for task in greedy.tasks()} == {1}
    assert most_at_once(greedy, modest) <= LIMIT
    for name in ("local/large", "local/small"):
        Decisions(world, name).check_again()
