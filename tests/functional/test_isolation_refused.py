"""Where jobs cannot be isolated as they shall be, no job runs, and it is said at once what to do."""

import os

import pytest

from support.isolation import IsolatedAgents, why_no_bubblewrap
from support.pipeline import config, job

NOBODY_ELSE = "this machine lets nobody but root make user namespaces"
# In a user namespace of the test's own, in which no further ones may be made.
WITHOUT_NAMESPACES = ("unshare", "--user", "--map-user=1000", "--keep-caps", "sh", "-c",
                      "echo 0 > /proc/sys/user/max_user_namespaces && "
                      'exec setpriv --ambient-caps=-all --inh-caps=-all "$@"', "sh")


@pytest.fixture
def agents(world, server, small):
    return IsolatedAgents(world, server, small, "ourselves")


def refused(agent):
    assert agent.wait(60) == 2, agent.tail()
    said = agent.output()
    assert "waiting for tasks" not in said, "it would claim"
    return said


def bwrap_that_says(world, words):
    """A directory for PATH whose bwrap fails so."""
    directory = world.place / "bin"
    directory.mkdir()
    directory.chmod(0o755)
    (directory / "bwrap").write_text(f"#!/bin/sh\necho '{words}' >&2\nexit 1\n")
    (directory / "bwrap").chmod(0o755)
    return {"PATH": f"{directory}:{os.environ['PATH']}"}


def test_an_agent_without_bubblewrap(agents, world, server):
    pipeline = world.submit(server, config(build=job("echo ran")))
    said = refused(agents.start(environment={"PATH": "/nowhere"}))
    assert "isolation: bubblewrap does not work here: cannot run bwrap" in said
    assert "apt-get install bubblewrap" in said
    assert pipeline.task()["state"] == "queued"


def test_an_agent_where_namespaces_are_refused(agents, world):
    words = "bwrap: No permissions to create new namespace"
    said = refused(agents.start(environment=bwrap_that_says(world, words)))
    assert words in said and NOBODY_ELSE in said


@pytest.mark.skipif(bool(why_no_bubblewrap()), reason=why_no_bubblewrap())
def test_an_agent_in_a_container_that_makes_no_namespaces(agents):
    said = refused(agents.start(before=WITHOUT_NAMESPACES))
    assert NOBODY_ELSE in said


def test_a_scaler_in_its_first_second(world, server, small):
    words = "bwrap: setting up uid map: Permission denied"
    file = world.scaler_config(server, {"local/small": (small, {
        "max": 1, "local": {"isolation": "bubblewrap"}})})
    done = world.run("scale", "--config", file, environment=bwrap_that_says(world, words))
    assert done.returncode == 2, done.stderr
    assert "resource_classes.local/small.local: isolation: bubblewrap does not work" in done.stderr
    assert words in done.stderr and NOBODY_ELSE in done.stderr
    assert not list((world.place / "scaler-state").glob("trial*"))


@pytest.mark.parametrize("local, why", [
    ({"isolation": "docker"}, "local.isolation"),
    ({"isolation": "podman"}, "podman needs isolation_image"),
    ({"isolation_network": "none"}, "is for 'isolation: bubblewrap' or 'podman'"),
    ({"isolation": "bubblewrap", "isolation_image": "debian"}, "is for 'isolation: podman'"),
])
def test_a_configuration_that_makes_no_sense(world, server, small, local, why):
    file = world.scaler_config(server, {"local/small": (small, {"max": 1, "local": local})})
    done = world.run("scale", "--config", file, "--once")
    assert done.returncode == 2
    assert why in done.stderr
