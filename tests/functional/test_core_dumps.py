"""A program that holds a token leaves no core file, however it ends."""

import resource

import pytest

from support.waiting import wait_until


def core_limit(program):
    with open(f"/proc/{program.process.pid}/limits") as limits:
        line, = [line for line in limits if line.startswith("Max core file size")]
    return line.split()[4:6]


@pytest.fixture(autouse=True)
def cores_are_wanted():
    """As an administrator may have it; a program that lowers nothing would leave one."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


def test_neither_server_nor_scaler_leaves_a_core_file(world, server, small):
    if resource.getrlimit(resource.RLIMIT_CORE)[0] == 0:
        pytest.skip("this machine allows no core files at all")
    assert core_limit(server.program) == ["0", "0"]
    scaler = world.start("scaler", "scale", "--config",
                         world.scaler_config(server, {"local/small": (small, {"max": 1})}))
    wait_until(lambda: "scaling" in scaler.output(), what="the scaler")
    assert core_limit(scaler) == ["0", "0"]
