"""How fast a fleet may grow and shrink: launch_rate, scale_in_delay, scale_in_rate."""

from datetime import datetime

import pytest

from support.decisions import Decisions
from support.pipeline import config, job
from support.waiting import wait_until


@pytest.fixture
def decisions(world):
    return Decisions(world)


def scaled(world, server, token, **policy):
    return world.scaler(world.scaler_config(server, {"local/small": (token, policy)}))


def seconds(time):
    return datetime.fromisoformat(time).timestamp()


def test_no_more_are_launched_than_the_rate_allows(world, server, small, decisions):
    scaled(world, server, small, max=10, launch_rate={"launches": 2, "per": "5s"})
    pipeline = world.submit(server, config(build=job("true", parallelism=6)))
    bound = decisions.wait_for_rule("launch_rate")
    told = decisions.explained()["causes"].get("launch_rate")
    assert pipeline.wait(120)["state"] == "success"
    assert decisions.most_within(5, lambda each: each.launch) == 2
    assert len({task["runner"] for task in pipeline.tasks()}) == 6
    launches = [each.at for each in decisions.all() if each.launch]
    assert len(launches) >= 3 and launches[-1] - launches[0] >= 10
    assert (bound.reasons["launch_rate"]["wanted"], bound.launch) == (6, 2)
    assert "at most 2 in 5s are launched, and the next may be at 20" in (
        bound.reasons["launch_rate"]["words"])
    if told:  # it may have launched the next ones already
        assert told["until"] and "launch_rate" in told["remedy"]
    decisions.check_again()


def test_the_next_launch_comes_when_it_was_announced(world, server, small, decisions):
    """A rate whose time is long: the log says when the next may be, and explain expects it then."""
    file = world.scaler_config(server, {"local/small": (small, {
        "max": 10, "launch_rate": {"launches": 2, "per": "10m"}})})
    scaler = world.scaler(file)
    world.submit(server, config(build=job("sleep 600", parallelism=5)))
    decisions.wait_for(lambda each: each.counts["busy"] == 2 and each.unclaimed == 3, "two that work")
    launched = [each.at for each in decisions.all() if each.launch]
    about = decisions.explained()
    cause = about["causes"]["launch_rate"]
    assert (cause["wanted"], cause["allowed"]) == (3, 0)
    assert launched[0] + 600 <= seconds(cause["until"]) <= launched[-1] + 601
    assert seconds(about["expected_start"]) >= seconds(cause["until"])
    assert scaler.stop() == 0
    planned = world.run("plan", "--config", file)
    assert "at most 2 in 10m are launched" in planned.stdout, "the next scaler has it in mind"
    assert "launch 0 instead of 3" in planned.stdout


def needless(each):
    """So many are idle of whom no task has need."""
    return each.counts["idle"] - (each.unclaimed or 0)


def least_in_force(made, begin, end, number_of):
    """The lowest from `begin` to `end`: each decision holds until the next one."""
    return min(number_of(each) for each, after in zip(made, [*made[1:], None])
               if each.at < end and (after is None or after.at > begin))


def test_idle_ones_are_asked_to_end_after_the_delay_and_one_by_one(world, server, small, decisions):
    scaled(world, server, small, max=4, scale_in_delay="3s",
           scale_in_rate={"drains": 1, "per": "4s"},
           local={"mode": "continuous", "idle_timeout": "1h"})
    pipeline = world.submit(server, config(build=job("sleep 3", parallelism=4)))
    assert pipeline.wait()["state"] == "success"
    wait_until(lambda: (made := decisions.all()) and made[-1].counts["live"] == 0, 120, "zero")
    made = decisions.all()
    drains = [each for each in made if each.drained]
    assert sum(each.drained for each in drains) == sum(each.launch for each in made) == 4
    for each in drains:
        assert least_in_force(made, each.at - 3, each.at, needless) >= each.drained, (
            "one was needed, or busy, within the delay")
    assert decisions.most_within(4, lambda each: each.drained) == 1
    held_back = [each for each in made if "scale_in_rate" in each.reasons]
    assert held_back and "at most 1 in 4s are drained" in (
        held_back[0].reasons["scale_in_rate"]["words"])
    assert "not needed for 3s: drain" in drains[0].reasons["surplus"]["words"]
    decisions.check_again()


def test_who_is_needed_again_within_the_delay_stays(world, server, small, decisions):
    """A queue that goes up and down ends nobody: the same instance runs all of it."""
    scaled(world, server, small, max=1, scale_in_delay="1m",
           local={"mode": "continuous", "idle_timeout": "1h"})
    runners = set()
    for _ in range(3):
        pipeline = world.submit(server, config(build=job("true")))
        assert pipeline.wait()["state"] == "success"
        runners.add(pipeline.task()["runner"])
        wait_until(lambda: needless(decisions.all()[-1]) == 1, 60, "an idle one")
    made = decisions.all()
    assert len(runners) == 1 and sum(each.launch for each in made) == 1
    assert not any(each.drained for each in made)
