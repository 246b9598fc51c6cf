"""A scaler that is root says of which classes jobs may get at each other's files."""

import os
import re

import pytest

from support.isolation import why_no_bubblewrap

SHARE = "share a user, and can read and change each other's files"
NIGHT = {"name": "night", "start": "0 20 * * *", "end": "0 6 * * *", "max": 2}
CONTINUOUS = {"mode": "continuous"}


def classes_told_of(world, server, classes, **environment):
    """Each with the user whom its jobs share; and all that was said."""
    made = {f"local/{name}": (server.create_class(f"local/{name}"), policy)
            for name, policy in classes.items()}
    done = world.run("scale", "--config", world.scaler_config(server, made), "--once",
                     environment=environment)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if SHARE in line]
    return [re.search(r"resource_class=local/(\S+) user=(\S+)", line).groups() for line in lines]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run jobs as another user")
def test_it_is_told_once_of_each_class_that_may_have_several_jobs_at_once(world, server):
    told = classes_told_of(world, server, {
        "one": {"max": 1}, "none": {"max": 0}, "two": {"max": 2},
        "slots": {"max": 1, "slots": 2, "local": CONTINUOUS},
        "at-night": {"max": 1, "schedules": [NIGHT]}}, MUSTER_JOB_USER="daemon")
    assert told == [("two", "daemon"), ("slots", "daemon"), ("at-night", "daemon")]


@pytest.mark.skipif(bool(why_no_bubblewrap()), reason=why_no_bubblewrap())
def test_it_is_not_told_of_those_that_are_isolated(world, server):
    assert classes_told_of(world, server, {
        "isolated": {"max": 2, "local": {"isolation": "bubblewrap"}}}) == []
