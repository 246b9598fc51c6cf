"""A server that is away for long: the work goes on without it, and it learns all of it afterwards.

For fifteen seconds, which is several leases; script/soak and script/test --outage=3600 have it away
for an hour.
"""

import time

import pytest

from support.pipeline import config, job
from support.waiting import SLOW, wait_until

LEASE = 3  # seconds


@pytest.fixture
def leased(world):
    return world.server(lease=f"{LEASE}s")


def fleet(world, server, requeues):
    """A scaler for local/small, of which two run at once."""
    token = server.create_class("local/small", requeues)
    return world.scaler(world.scaler_config(server, {"local/small": (token, {"max": 2})}))


def be_away(server, seconds):
    """Killed, so that it has said good-bye to nobody."""
    server.kill()
    time.sleep(seconds)
    server.start()


@pytest.mark.timeout(3 * 3600)
def test_what_runs_goes_on_and_what_waits_is_run_later(world, leased, outage):
    scaler = fleet(world, leased, requeues=0)
    lines = int(outage) + 5
    pipeline = world.submit(leased, config(
        long=job(f"for n in $(seq 1 {lines}); do echo line $n; sleep 1; done"),
        short=job("echo began; sleep 2"),
        later=job("true", parallelism=3)))
    pipeline.wait_for_output("line 2\n", "long")
    be_away(leased, outage)
    assert scaler.running, scaler.tail()

    assert pipeline.wait(90 + outage / SLOW)["state"] == "success"
    assert pipeline.output(pipeline.task("long")) == "".join(
        f"line {n}\n" for n in range(1, lines + 1))
    assert {task["attempt"] for task in pipeline.tasks()} == {1}
    wait_until(lambda: not [*world.place.glob("**/instances/*/instance.json")], 60,
               "a fleet of zero")


@pytest.mark.timeout(3 * 3600)
def test_a_task_that_may_be_queued_again_is_ended_before_its_lease_and_run_again(
        world, leased, outage):
    """Nobody else can have it before the server is back; but its agent cannot know that."""
    fleet(world, leased, requeues=1)
    begun = world.place / "begun"
    begun.mkdir(mode=0o777)
    begun.chmod(0o777)
    lives = f'mkdir {begun}/first && while date +%s >{begun}/alive; do sleep 0.2; done; echo again'
    pipeline = world.submit(leased, config(build=job(lives)))
    wait_until((begun / "alive").exists, 60, "the first attempt")
    killed = time.time()
    be_away(leased, outage)

    assert pipeline.wait(90)["state"] == "success"
    assert pipeline.task()["attempt"] == 2
    assert pipeline.output().endswith("again\n")
    assert float((begun / "alive").read_text()) < killed + LEASE + 2
