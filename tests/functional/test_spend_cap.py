"""A class launches no more than its instance-hours are enough for, and ends no task.

A thousand machines that are no more than a list use up an hour in some seconds.
"""

import json
import time

import pytest

from support.decisions import Decisions
from support.waiting import wait_until

HOUR = 3600

MACHINES = """#!/bin/sh
# Each line of the list is a machine.
touch "{place}/machines"
echo "$1" >> "{place}/asked"
case $1 in
  list) sed 's/.*/{{"id":"&"}}/' "{place}/machines" | paste -sd, | sed 's/.*/{{"instances":[&]}}/' ;;
  launch)
    had=$(wc -l < "{place}/machines")
    seq -f vm-%g $((had + 1)) $((had + $3)) | tee -a "{place}/machines" |
      sed 's/.*/"&"/' | paste -sd, | sed 's/.*/{{"ids":[&]}}/' ;;
esac
"""


class Fleet:
    def __init__(self, world):
        self.world, self.list, self.numbers = world, world.place / "machines", world.place / "numbers"
        self.wait_in_queue(0)
        program = world.place / "provider"
        program.write_text(MACHINES.format(place=world.place))
        program.chmod(0o755)
        self.policy = {"max": 1000, "command": {"program": [str(program)]}}

    def wait_in_queue(self, tasks, running=0):
        """Written whole, as the scaler reads it at any time."""
        new = self.world.place / "new-numbers"
        new.write_text(json.dumps({"unclaimed": tasks, "running": running}))
        new.rename(self.numbers)

    def config(self, **policy):
        file = self.world.place / "scaler.yaml"
        file.write_text(json.dumps({
            "command": {"program": ["/bin/sh", "-c", f'cat "{self.numbers}"', "queue"],
                        "poll_interval": "1s"},
            "state_directory": str(self.world.place / "scaler-state"),
            "resource_classes": {"local/small": {**self.policy, **policy}}}))
        return file

    def live(self):
        return len(self.list.read_text().split())

    def asked(self):
        return set((self.world.place / "asked").read_text().split())


@pytest.fixture
def fleet(world):
    return Fleet(world)


def one_more_each_time(fleet, decisions, tasks):
    """Until nothing is launched for the next one: the decision that says so."""
    for waiting in range(tasks, 1000):
        fleet.wait_in_queue(waiting)
        seen = decisions.wait_for(lambda each: each.unclaimed == waiting, f"{waiting} that wait")
        if not seen.launch:
            return seen
    raise AssertionError("the cap has bound nothing")


def hours(many):
    return {"spend_cap": {"instance_hours": many, "per": "1h"}}


@pytest.mark.timeout(300)
def test_no_more_are_launched_than_it_has_hours_for_and_nobody_is_ended(world, fleet):
    file = fleet.config(**hours(900))
    scaler = world.scaler(file)
    decisions = Decisions(world)
    bound = one_more_each_time(fleet, decisions, 899)
    made = decisions.all()
    assert [each.launch for each in made if each.launch] == [899], "an hour each"
    reason = bound.reasons["spend_cap"]
    assert (reason["wanted"], reason["allowed"]) == (1, 0)
    assert "of 900 instance-hours in 1h are used, 899 live" in reason["words"]
    assert scaler.stop() == 0
    planned = world.run("plan", "--config", file)
    assert "launch 0 instead of 1" in planned.stdout
    assert world.run("scale", "--config", file, "--once").returncode == 0
    assert fleet.live() == 899
    assert not fleet.asked() & {"drain", "end"}
    decisions.check_again()


@pytest.mark.timeout(300)
def test_once_it_is_used_up_that_is_remembered(world, fleet):
    fleet.wait_in_queue(900)
    scaler = world.scaler(fleet.config(**hours(1000)))
    decisions = Decisions(world)
    launched = decisions.wait_for(lambda each: each.launch == 900, "900 launches")
    wait_until(lambda: time.time() > launched.at + 2 * HOUR / 900, what="more than an hour of use")
    assert scaler.stop() == 0
    lower = fleet.config(**hours(1))
    fleet.wait_in_queue(901)
    planned = world.run("plan", "--config", lower)
    assert "of 1 instance-hours in 1h are used, 900 live" in planned.stdout
    assert "launch 0 instead of 1" in planned.stdout
    assert world.run("scale", "--config", lower, "--once").returncode == 0
    assert fleet.live() == 900


@pytest.mark.timeout(300)
def test_a_higher_cap_lets_it_go_on(world, fleet):
    scaler = world.scaler(fleet.config(**hours(900)))
    decisions = Decisions(world)
    bound = one_more_each_time(fleet, decisions, 899)
    assert scaler.stop() == 0
    higher = fleet.config(**hours(1000))
    report = decisions.replayed("--policy", higher)
    first = report["differences"][0]
    assert (first["recorded"]["launch"], first["now"]["launch"]) == (0, 1)
    assert "spend_cap" in [reason["rule"] for reason in first["recorded"]["reasons"]]
    assert world.run("scale", "--config", higher, "--once").returncode == 0
    assert fleet.live() == bound.counts["live"] + 1


@pytest.mark.timeout(300)
def test_who_takes_one_task_after_the_other_is_asked_to_end_after_it(world, fleet):
    fleet.policy["command"]["mode"] = "continuous"
    fleet.policy["boot_timeout"] = "1s"
    fleet.wait_in_queue(900)
    scaler = world.scaler(fleet.config(**hours(901)))
    decisions = Decisions(world)
    decisions.wait_for(lambda each: each.launch == 900, "900 launches")
    fleet.wait_in_queue(50, running=900)
    decisions.wait_for(lambda each: each.counts["busy"] == 900, "900 at work")
    assert not fleet.asked() & {"drain", "end"}, "what is left is enough"
    assert scaler.stop() == 0
    world.scaler(fleet.config(**hours(1)))
    wait_until(lambda: "drain" in fleet.asked(), what="the first is asked to end")
    ended = decisions.wait_for(lambda each: "last_task" in each.reasons, "the last tasks")
    assert "of 1 instance-hours in 1h are used" in ended.reasons["last_task"]["words"]
    assert "900 of 900 end after the task they run" in ended.reasons["last_task"]["words"]
    assert ended.launch == 0
    assert "end" not in fleet.asked()
