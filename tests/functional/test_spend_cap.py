"""Once its instance-hours are used up a class launches nothing, and ends nobody.

A thousand machines that are no more than a list use up an hour in some seconds.
"""

import json
from datetime import datetime

import pytest

from support.decisions import Decisions

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
        self.policy = {"max": 1000, "command": {"program": [str(program)]},
                       "spend_cap": {"instance_hours": 1, "per": "1h"}}

    def wait_in_queue(self, tasks):
        """Written whole, as the scaler reads it at any time."""
        new = self.world.place / "new-numbers"
        new.write_text(json.dumps({"unclaimed": tasks, "running": 0}))
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


def seconds(time):
    return datetime.fromisoformat(time).timestamp()


def used_until(made, end):
    """Instance-seconds, from the log alone: whoever lives uses them until the next decision."""
    return sum((each.counts["live"] + each.launch) * (after.at - each.at)
               for each, after in zip(made, made[1:]) if after.at <= end)


def one_more_each_time(fleet, decisions, tasks):
    """Until nothing is launched for the next one: the decision that says so."""
    for waiting in range(tasks, 1000):
        fleet.wait_in_queue(waiting)
        seen = decisions.wait_for(lambda each: each.unclaimed == waiting, f"{waiting} that wait")
        if not seen.launch:
            return seen
    raise AssertionError("the cap has bound nothing")


@pytest.mark.timeout(300)
def test_once_it_is_used_up_nothing_is_launched_and_nobody_ended(world, fleet):
    file = fleet.config()
    scaler = world.scaler(file)
    decisions = Decisions(world)
    bound = one_more_each_time(fleet, decisions, 900)
    made = decisions.all()
    launches = [each for each in made if each.launch]
    assert used_until(made, launches[-1].at) < HOUR <= used_until(made, bound.at)
    reason = bound.reasons["spend_cap"]
    assert (launches[0].launch, reason["wanted"], reason["allowed"]) == (900, 1, 0)
    assert "of 1 instance-hours in 1h are used, and the next are free at 20" in reason["words"]
    cause = decisions.explained()["causes"]["spend_cap"]
    assert launches[0].at <= seconds(cause["until"]) - HOUR <= bound.at, "as the first is an hour old"

    live = fleet.live()
    assert live == bound.counts["live"] == sum(each.launch for each in made)
    assert scaler.stop() == 0
    planned = world.run("plan", "--config", file)
    assert "launch 0 instead of 1" in planned.stdout, "it is remembered"
    assert world.run("scale", "--config", file, "--once").returncode == 0
    assert fleet.live() == live
    assert not fleet.asked() & {"drain", "end"}
    decisions.check_again()


@pytest.mark.timeout(300)
def test_a_higher_cap_lets_it_go_on(world, fleet):
    scaler = world.scaler(fleet.config())
    decisions = Decisions(world)
    bound = one_more_each_time(fleet, decisions, 950)
    assert scaler.stop() == 0
    higher = fleet.config(spend_cap={"instance_hours": 10, "per": "1h"})
    report = decisions.replayed("--policy", higher)
    first = report["differences"][0]
    assert (first["recorded"]["launch"], first["now"]["launch"]) == (0, 1)
    assert "spend_cap" in [reason["rule"] for reason in first["recorded"]["reasons"]]
    assert world.run("scale", "--config", higher, "--once").returncode == 0
    assert fleet.live() == bound.counts["live"] + 1
