"""What a running job blocks is foreseen by how long that took before: its runner boots meanwhile."""

import time

import pytest

from support.pipeline import config, job
from support.waiting import wait_until

HELD = "while [ -e {} ]; do sleep 0.2; done"


@pytest.fixture
def large(server):
    return server.create_class("local/large")


def demand(server):
    """Of the second stage's class."""
    answer = server.api.get("/api/muster/v1/demand", **{"resource-class": "local/large"})
    (only,) = answer.expect(200).json()["classes"]
    return only


def runners(server):
    return {runner["name"] for runner in demand(server)["runners"]}


def foreseen(server):
    return demand(server).get("foreseen")


def test_the_second_stage_has_its_runner_before_the_first_ends(world, server, small, large):
    file = world.scaler_config(server, {"local/large": (large, {
        "max": 2, "foresight": True, "local": {"idle_timeout": "1h"}})})
    scaler = world.scaler(file)
    world.agent(server, small)
    hold = world.place / "hold"
    stages = config(requires={"test": ["build"]}, build=job("sleep 3; " + HELD.format(hold)),
                    test=job("true", resource_class="local/large"))

    first = world.submit(server, stages)
    first.wait_for_state("running", "build")
    assert not foreseen(server), "it never ran before"
    assert first.wait()["state"] == "success"
    booted = runners(server)

    hold.touch()
    second = world.submit(server, stages)
    second.wait_for_state("running", "build")
    assert foreseen(server)[0]["tasks"] == 1
    ready = wait_until(lambda: runners(server) - booted, 60, "a runner for the second stage")
    assert second.task("build")["state"] == "running"
    assert "to be free for what is expected within" in scaler.output()
    hold.unlink()
    assert second.wait()["state"] == "success"
    assert second.task("test")["runner"] in ready


def test_nothing_is_launched_for_what_has_failed(world, server, small, large):
    """Half a minute after the moment at which it was expected an idle instance is one as any other."""
    file = world.scaler_config(server, {"local/large": (large, {
        "max": 2, "foresight": True, "scale_in_delay": "1s", "local": {"idle_timeout": "1h"}})})
    scaler = world.scaler(file)
    world.agent(server, small)
    hold = world.place / "hold"
    command = f"sleep 3; {HELD.format(hold)}; test ! -e {world.place / 'broken'}"
    stages = config(requires={"test": ["build"]}, build=job(command),
                    test=job("true", resource_class="local/large"))
    assert world.submit(server, stages).wait()["state"] == "success"
    booted = runners(server)

    hold.touch()
    (world.place / "broken").touch()
    second = world.submit(server, stages)
    (ready,) = wait_until(lambda: runners(server) - booted, 60, "a runner for what never comes")
    began = time.monotonic()
    hold.unlink()
    assert second.wait()["state"] == "failed"
    wait_until(lambda: "not needed for 1s: drain 1" in scaler.output(), 60, "its end")
    assert time.monotonic() - began < 60
    assert ready and not foreseen(server)
