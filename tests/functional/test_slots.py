"""Instances that run several tasks at once."""

import json
import sys
from pathlib import Path

import pytest

from support.pipeline import config, job
from support.waiting import wait_until

PROCESSES = Path(__file__).parents[2] / "examples/machines/processes"
# As docs/on-premises.md has it, of two slots.
MACHINE = """#!/bin/sh
for slot in 1 2; do
  CIRCLECI_RUNNER_NAME="$MACHINE_ID.$slot" {binary} agent --config {settings} &
  runners="$runners $!"
done
trap 'kill -TERM $runners' TERM
for runner in $runners; do
  while kill -0 $runner 2>&-; do wait $runner; done
done
"""
HELD = 'while [ -e "{}/hold-$CIRCLE_NODE_INDEX" ]; do sleep 0.2; done'


def local(world, server, token):
    return world.scaler_config(server, {"local/small": (token, {
        "max": 6, "slots": 2, "scale_in_delay": "2s",
        "local": {"mode": "continuous", "idle_timeout": "1h"}})})


def program(world, server, token):
    settings = world.place / "machine.yaml"
    settings.touch(mode=0o600)
    settings.write_text(json.dumps({
        "api": {"auth_token": token, "url": server.url},
        "runner": {"mode": "continuous", "idle_timeout": "1h"}}))
    machine = world.place / "machine"
    machine.write_text(MACHINE.format(binary=world.binary, settings=settings))
    machine.chmod(0o755)
    file = world.place / "scaler.yaml"
    file.write_text(json.dumps({
        "server": {"url": server.url, "token_file": str(server.data / "token")},
        "state_directory": str(world.place / "scaler-state"),
        "resource_classes": {"local/small": {
            "max": 6, "slots": 2, "scale_in_delay": "2s",
            "command": {"mode": "continuous", "program": [
                sys.executable, str(PROCESSES), str(world.place / "machines"), str(machine), "--"],
            }}}}))
    return file


def fleet(server):
    (status,) = server.api.get("/api/muster/v1/fleet").expect(200).json()["classes"]
    return status.get("fleet") or {}


def instance_of(task):
    return task["runner"].rpartition(".")[0]


@pytest.mark.parametrize("provider", [local, program])
def test_half_as_many_instances_as_tasks_and_nobody_busy_is_ended(world, server, small, provider):
    for node in range(5):
        (world.place / f"hold-{node}").touch()
    pipeline = world.submit(server, config(build=job(HELD.format(world.place), parallelism=5)))
    scaler = world.scaler(provider(world, server, small))
    pipeline.wait_for_state("running")
    tasks = pipeline.tasks()
    assert len({task["runner"] for task in tasks}) == 5
    instances = {instance_of(task) for task in tasks}
    assert len(instances) == 3, tasks
    assert "launched 3 instances" in scaler.output()
    assert scaler.output().count("launched ") == 1, "what is free is a slot beside a task"

    for node in range(1, 5):
        (world.place / f"hold-{node}").unlink()
    wait_until(lambda: fleet(server).get("live") == 1, 60, "an end of those that are idle")
    (left,) = [task for task in pipeline.tasks() if task["state"] == "running"]
    assert fleet(server)["busy"] == 1

    # Its other slot takes what comes.
    second = world.submit(server, config(build=job("true")))
    assert second.wait()["state"] == "success"
    assert instance_of(second.task()) == instance_of(left)

    (world.place / "hold-0").unlink()
    assert pipeline.wait()["state"] == "success", scaler.tail()
    wait_until(lambda: fleet(server).get("live") == 0, 60, "a fleet of zero")
