"""A class with several Auto Scaling groups, in order of preference."""

import json

import pytest

from support.bridge import Bridge
from support.pipeline import config, job
from support.scaler import Scaler
from support.strict import StrictAws
from support.strict.group import NO_CAPACITY
from support.waiting import wait_until

BOTH = {"local/small": [{"name": "spot", "max": 4}, "reserve"]}


@pytest.fixture
def aws():
    server = StrictAws(launch_delay=0.3, boot_delay=0.5, replace_delay=1, terminate_delay=0.5)
    yield server
    server.close()


@pytest.fixture
def groups(world, server, small, aws, bridges):
    """Each instance in service is a runner."""
    made = [aws.create_group(name, maximum=10) for name in ("spot", "reserve")]
    for group in ("spot", "reserve"):
        bridges(Bridge(world, server, small, aws.client("autoscaling"), group))
    return made


def tasks_done(world, server, program, count=1):
    pipeline = world.submit(server, config(build=job("true", parallelism=count)))
    assert pipeline.wait(200)["state"] == "success", program.tail()
    assert {task["attempt"] for task in pipeline.tasks()} == {1}


def wait_for_zero(*groups):
    wait_until(lambda: not any(group.instances or group.desired for group in groups), 120,
               "no instances, and none desired")


@pytest.mark.timeout(600)
def test_the_next_group_serves_while_the_first_is_short(world, server, groups, aws):
    spot, reserve = groups
    spot.launches_fail = NO_CAPACITY
    scaler = Scaler(world, server, aws, groups=BOTH)
    program = scaler.start()
    tasks_done(world, server, program, 3)
    wait_for_zero(spot, reserve)
    assert (spot.launched(), reserve.launched()) == (0, 3)
    desired = [call.parameters["DesiredCapacity"] for call in aws.calls_of("SetDesiredCapacity")
               if call.parameters["AutoScalingGroupName"] == "spot"]
    assert desired == [3, 0], "it was not hammered, and what it owed was withdrawn"
    assert f"{aws.region}/spot is short ({NO_CAPACITY[:60]}" in program.output()
    assert "boot failed" not in program.output() and "boots failed" not in program.output()

    told = world.run("explain", "local/small", "--log",
                     world.place / "scaler-state/scaler.db", "--json")
    assert told.returncode == 0, told.stderr
    replayed = world.run("replay", world.place / "scaler-state/scaler.db")
    assert replayed.returncode == 0, replayed.stdout

    spot.launches_fail = None

    def served_by_spot():
        tasks_done(world, server, program)
        return spot.launched() > 0
    wait_until(served_by_spot, 180, "the preferred group's return")
    served = reserve.launched()
    tasks_done(world, server, program, 2)
    wait_for_zero(spot, reserve)
    assert reserve.launched() == served, "the preferred group serves alone again"


@pytest.mark.timeout(300)
def test_a_full_group_leaves_the_rest_to_the_next(world, server, groups, aws):
    spot, reserve = groups
    program = Scaler(world, server, aws, groups=BOTH).start()
    pipeline = world.submit(server, config(build=job("sleep 3", parallelism=6)))
    assert pipeline.wait(200)["state"] == "success", program.tail()
    wait_for_zero(spot, reserve)
    assert (spot.launched(), reserve.launched()) == (4, 2)


@pytest.mark.timeout(300)
def test_a_group_that_cannot_be_resized_is_passed_over(world, server, groups, aws):
    """Once it has gone on so for some passes, as nobody knows whether one was carried out."""
    spot, reserve = groups
    aws.faults.throttle("SetDesiredCapacity", times=50)
    world.submit(server, config(build=job("true")))
    program = Scaler(world, server, aws, groups=BOTH).start()
    wait_until(lambda: f"{aws.region}/spot is short (" in program.output(), 90, "the shortage")
    told = program.output()
    assert f"{aws.region}/reserve is the first that has room: launch 1 of 1 there" in told
    assert (spot.desired, reserve.desired) == (0, 0)


def test_a_plan_says_where(world, server, small, aws):
    for name in ("spot", "reserve"):
        aws.create_group(name, maximum=10)
    world.submit(server, config(build=job("true", parallelism=5)))
    scaler = Scaler(world, server, aws, groups=BOTH)
    done = world.run("plan", "--config", scaler.file, "--json", environment=scaler.environment)
    assert done.returncode == 0, done.stderr
    (plan,) = json.loads(done.stdout)
    places = [(place["group"], place["launch"]) for place in plan["decision"]["places"]]
    assert places == [(f"{aws.region}/spot", 4), (f"{aws.region}/reserve", 1)]
