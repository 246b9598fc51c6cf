"""The wall clock is set a day forward, and two back, under programs that run: no task notices."""

import time

import pytest

from support.pipeline import config, job
from support.waiting import wait_until
from support.wall_clock import WallClock

DAY = 24 * 3600
JUMPS = [DAY, -DAY, 0]  # from the machine's clock
LEASE = 4  # seconds


@pytest.fixture
def clock(world):
    return WallClock(world)


@pytest.fixture
def leased(clock, world):
    return world.server(lease=f"{LEASE}s")


def live_through(clock, jumps=JUMPS):
    """More than a lease after each jump: what is counted by the wrong clock has shown by then."""
    for offset in jumps:
        clock.set_off(offset)
        time.sleep(LEASE + 2)


def queued_at(pipeline):
    return pipeline.status()["created_at"]


def test_the_programs_have_that_clock(clock, leased, world):
    """Or all below would show nothing."""
    leased.create_class("local/small")
    before = queued_at(world.submit(leased, config(build=job("true"))))
    clock.set_off(DAY)
    after = queued_at(world.submit(leased, config(build=job("true"))))
    assert before[:10] < after[:10]


@pytest.mark.parametrize("requeues", [0, 1], ids=["lost at once", "queued again"])
def test_a_task_keeps_its_lease(clock, leased, world, requeues):
    """On both sides: by the second form the agent ends what it runs when its lease may be over."""
    token = leased.create_class("local/small", requeues)
    agent = world.agent(leased, token)
    go = world.place / "go"
    pipeline = world.submit(leased, config(
        first=job(f"echo began; until test -e {go}; do sleep 0.2; done"), second=job("true")))
    pipeline.wait_for_output("began\n", "first")
    live_through(clock)
    go.touch()
    assert pipeline.wait()["state"] == "success"
    assert {task["attempt"] for task in pipeline.tasks()} == {1}
    assert agent.running


def test_a_claim_that_waits_is_answered(clock, leased, world):
    world.agent(leased, leased.create_class("local/small"))
    live_through(clock, [DAY, -DAY])
    assert world.submit(leased, config(build=job("true"))).wait()["state"] == "success"


def test_a_silent_runner_is_found_out_all_the_same(clock, leased, world):
    token = leased.create_class("local/small")
    pipeline = world.submit(leased, config(build=job("true")))
    leased.claimer(token).claim()
    clock.set_off(-DAY)
    pipeline.wait_for_state("infrastructure_fail")


def test_a_server_that_starts_under_another_clock(clock, leased, world):
    """What it has noted of leases before its end means what it meant."""
    world.agent(leased, leased.create_class("local/small"))
    go = world.place / "go"
    pipeline = world.submit(leased, config(
        build=job(f"echo began; until test -e {go}; do sleep 0.2; done")))
    pipeline.wait_for_output("began\n")
    for offset in (DAY, -DAY):
        leased.kill()
        clock.set_off(offset)
        leased.start()
        time.sleep(LEASE + 2)
    go.touch()
    assert pipeline.wait()["state"] == "success"
    assert pipeline.task()["attempt"] == 1


def test_the_scaler_launches_what_is_needed_and_ends_nobody(clock, leased, world):
    token = leased.create_class("local/small")
    scaler = world.scaler(world.scaler_config(leased, {"local/small": (token, {"max": 3})}))
    go = world.place / "go"
    first = world.submit(leased, config(
        build=job(f"echo began; until test -e {go}; do sleep 0.2; done", parallelism=2)))
    first.wait_for_state("running")
    for offset in JUMPS:
        clock.set_off(offset)
        assert world.submit(leased, config(build=job("true"))).wait()["state"] == "success"
        time.sleep(LEASE + 2)
    go.touch()
    assert first.wait()["state"] == "success"
    wait_until(lambda: not [*world.place.glob("**/instances/*/instance.json")], 60,
               "a fleet of zero")
    assert {task["attempt"] for task in first.tasks()} == {1}
    assert scaler.output().count("launched 1 instance") + 2 * scaler.output().count(
        "launched 2 instances") == 2 + len(JUMPS), scaler.output()
