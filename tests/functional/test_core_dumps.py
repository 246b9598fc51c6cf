"""A program that holds a token leaves no core file, however it ends."""

import resource

import pytest

from support.pipeline import config, job
from support.program import worker_of
from support.waiting import wait_until


def core_limit(pid):
    with open(f"/proc/{pid}/limits") as limits:
        line, = [line for line in limits if line.startswith("Max core file size")]
    return line.split()[4:6]


@pytest.fixture(autouse=True)
def cores_are_wanted():
    """As an administrator may have it; a program that lowers nothing would leave one."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


@pytest.fixture(autouse=True)
def cores_are_possible(cores_are_wanted):
    if resource.getrlimit(resource.RLIMIT_CORE)[0] == 0:
        pytest.skip("this machine allows no core files at all")


def test_neither_server_nor_scaler_leaves_a_core_file(world, server, small):
    assert core_limit(server.program.pid) == ["0", "0"]
    scaler = world.start("scaler", "scale", "--config",
                         world.scaler_config(server, {"local/small": (small, {"max": 1})}))
    wait_until(lambda: "scaling" in scaler.output(), what="the scaler")
    assert core_limit(scaler.pid) == ["0", "0"]


def test_no_process_of_an_agent_leaves_a_core_file(world, server, small):
    agent = world.agent(server, small)
    wait_until(lambda: "waiting for tasks" in agent.output(), what="the agent")
    for pid in (agent.pid, worker_of(agent)):
        assert core_limit(pid) == ["0", "0"]


def test_no_client_leaves_a_core_file(world, server, small):
    """One that waits for its pipeline, which nobody runs."""
    repository = world.repository(config(build=job("true")))
    client = world.start("client", "run", repository.directory, "--server", server.url,
                         "--token-file", server.data / "token")
    wait_until(lambda: "queued" in client.output(), what="the client")
    assert core_limit(client.pid) == ["0", "0"]
