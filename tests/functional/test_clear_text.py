"""Who is to send a token in the clear to another machine says so, and does it all the same."""

import json

import pytest

from support.pipeline import config, job
from support.waiting import wait_until

SAID = "is http to another machine, where others can read the token on its way: write https://{}"


@pytest.fixture
def address(server):
    """Of this machine, where the server answers, but no loopback by its name."""
    return f"0.0.0.0:{server.port}"


@pytest.fixture
def scaler(world, server, small, address):
    """The configuration of one that reads its queue there."""
    file = world.scaler_config(server, {"local/small": (small, {"max": 1})})
    settings = json.loads(file.read_text())
    settings["server"]["url"] = f"http://{address}"
    file.write_text(json.dumps(settings))
    return file


def test_a_client(world, server, address):
    token = ("--token-file", server.data / "token")
    here = world.run("resource-class", "list", "--server", server.url, *token)
    there = world.run("resource-class", "list", "--server", f"http://{address}", *token)
    assert here.returncode == there.returncode == 0
    assert here.stderr == ""
    assert there.stdout == here.stdout
    assert there.stderr == ("muster: warning: --server or $MUSTER_SERVER: "
                            f"{SAID.format(address)}\n")


def warnings(program):
    return [line for line in program.output().splitlines() if "is http to another machine" in line]


def test_an_agent(world, server, small, address):
    agents = [world.agent(server, small),
              world.agent(server, small, {"CIRCLECI_RUNNER_API_URL": f"http://{address}"})]
    for agent in agents:
        wait_until(lambda agent=agent: "waiting for tasks" in agent.output(), 60, "the agent")
    here, there = map(warnings, agents)
    assert here == []
    assert len(there) == 1
    assert f"api.url: {SAID.format(address)}" in there[0]


def test_a_scaler_once_at_its_start(world, server, scaler, address):
    program = world.scaler(scaler)
    pipeline = world.submit(server, config(build=job("true")))
    assert pipeline.wait()["state"] == "success"
    assert program.stop() == 0
    assert len(warnings(program)) == 1
    assert f"server.url: {SAID.format(address)}" in warnings(program)[0]


def test_a_plan(world, scaler, address):
    done = world.run("plan", "--config", scaler, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)[0]["resource_class"] == "local/small"
    assert done.stderr == f"muster: warning: server.url: {SAID.format(address)}\n"


def test_the_doctor(world, server, small, scaler, address):
    def verdict():
        done = world.run("doctor", "--config", scaler, "--json")
        assert done.returncode == 0, done.stdout
        finding, = [each for each in json.loads(done.stdout) if each["check"] == "transport"]
        assert finding["subject"] == "server.url"
        return finding["verdict"], finding["text"]
    told, text = verdict()
    assert told == "warning"
    assert SAID.format(address) in text
    assert "tunnel" in text
    world.scaler_config(server, {"local/small": (small, {"max": 1})})
    assert verdict()[0] == "good"
