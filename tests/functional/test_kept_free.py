"""Instances that are kept free, so that a task waits for no boot: headroom and warm."""

import pytest

from support.decisions import Decisions
from support.pipeline import config, job
from support.waiting import wait_until

HOLD = "while [ -e {} ]; do sleep 0.2; done"


@pytest.fixture
def decisions(world):
    return Decisions(world)


@pytest.fixture
def held(world, server):
    """Submits tasks that run until they are let go."""
    def submit(name, count):
        file = world.place / name
        file.touch(mode=0o644)
        pipeline = world.submit(server, config(build=job(HOLD.format(file), parallelism=count)))
        pipeline.let_go = file.unlink
        return pipeline
    return submit


def scaled(world, server, token, **policy):
    return world.scaler(world.scaler_config(server, {"local/small": (token, {
        "scale_in_delay": "1s", **policy,
        "local": {"mode": "continuous", "idle_timeout": "1h"}})}))


def runners(server):
    answer = server.api.get("/api/v3/runner", namespace="local").expect(200)
    return {item["name"] for item in answer.json()["items"]}


def stands(decisions, **counts):
    """Waits until the latest decision has counted so, and nothing boots any more."""
    def so():
        made = decisions.all()
        return made and made[-1].counts["booting"] == 0 and all(
            made[-1].counts[state] == count for state, count in counts.items()) and made[-1]
    return wait_until(so, 60, f"{counts}")


def test_headroom_is_there_while_any_task_is(world, server, small, decisions, held):
    scaled(world, server, small, max=4, headroom=2)
    stands(decisions, live=0)
    first = held("first", 1)
    stands(decisions, busy=1, idle=2)
    ready = runners(server)

    second = held("second", 1)
    second.wait_for_state("running")
    assert second.task()["runner"] in ready, "it waited for no boot"
    stands(decisions, busy=2, idle=2)
    reasons = [each.reasons["headroom"]["words"] for each in decisions.all()
               if "headroom" in each.reasons and each.launch]
    assert reasons[0].startswith("2 more are to be free than wait, and 0 will be: launch ")
    assert reasons[-1] == "2 more are to be free than wait, and 1 will be: launch 1"

    first.let_go()
    first.wait()
    stands(decisions, busy=1, idle=2)
    second.let_go()
    second.wait()
    stands(decisions, live=0)
    made = decisions.all()
    assert max(each.counts["live"] for each in made) == 4
    assert sum(each.launch for each in made) == 4
    decisions.check_again()


def test_the_maximum_bounds_headroom(world, server, small, decisions, held):
    scaled(world, server, small, max=2, headroom=3)
    task = held("task", 1)
    stands(decisions, busy=1, idle=1)
    cause = decisions.explained()["causes"]
    assert cause["headroom"]["allowed"] == 2 and cause["maximum"]["allowed"] == 0
    task.let_go()
    task.wait()
    stands(decisions, live=0)
    assert max(each.counts["live"] for each in decisions.all()) == 2


def test_warm_ones_in_proportion_to_the_busy(world, server, small, decisions, held):
    """At least one, of each two busy ones one, and at most two."""
    scaled(world, server, small, max=10, warm={"of_busy": "50%", "least": 1, "most": 2})
    stands(decisions, live=1, idle=1)
    (warm,) = runners(server)

    tasks = held("tasks", 2)
    stands(decisions, busy=2, idle=1)
    assert warm in {task["runner"] for task in tasks.tasks()}, "one of them waited for no boot"
    more = held("more", 3)
    stands(decisions, busy=5, idle=2)
    assert any("2 are to be kept warm (50% of " in each.reasons["warm"]["words"]
               for each in decisions.all() if "warm" in each.reasons)

    for pipeline in (more, tasks):
        pipeline.let_go()
        pipeline.wait()
    last = stands(decisions, live=1, idle=1)
    made = decisions.all()
    # It does not churn: whoever was launched was wanted, and the warm one is not replaced.
    assert max(each.counts["live"] for each in made) == sum(each.launch for each in made) == 7
    assert sum(each.drained for each in made) == 6 and last.decision["desired"] == 1
    decisions.check_again()
