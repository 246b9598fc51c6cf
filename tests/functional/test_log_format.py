"""Logs: text on a terminal, JSON elsewhere; and ids by which the lines of all programs join up."""

import json
import re

import pytest

from support.pipeline import config, job
from support.terminal import on_terminal

CLAIMED = re.compile(r"task claimed task=(\S+) attempt=(\d+) .*?runner=(\S+) request=(\S+)")
ENDED = re.compile(r"task ended task=(\S+) attempt=(\d+) runner=(\S+) ")


def lines_of(world, **variables):
    """What a server says in its life, as objects. A server's log is no terminal."""
    world.variables = variables
    server = world.server()
    server.create_class()
    world.submit(server, config(build=job("true")))
    server.stop()
    return [json.loads(line) for line in server.program.output().splitlines()]


@pytest.mark.parametrize("word", ["auto", "json"])
def test_json_where_there_is_no_terminal(world, word):
    lines = lines_of(world, MUSTER_LOG_FORMAT=word)
    assert {"listening", "pipeline created"} <= {line["message"] for line in lines}
    for line in lines:
        assert line["level"] in ("info", "warn", "error")
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", line["time"])
        assert all(isinstance(value, str) for value in line.values())


def scale_once(world, server, token):
    world.submit(server, config(build=job("true")))
    file = world.scaler_config(server, {"local/small": (token, {"max": 1})})
    return "scale", "--config", file, "--once"


def test_text_on_a_terminal(world, server, small):
    code, written = on_terminal(world, *scale_once(world, server, small), MUSTER_LOG_FORMAT="auto")
    assert code == 0 and "launched 1 instance" in written
    assert '{"time"' not in written and "resource_class=local/small" in written


def test_the_option_wins_over_the_variable(world, server, small):
    done = world.run(*scale_once(world, server, small), "--log-format", "json")
    assert done.returncode == 0
    messages = [json.loads(line)["message"] for line in done.stderr.splitlines()]
    assert "launched 1 instance" in messages


def test_a_format_that_nobody_knows(world):
    done = world.run("server", "--data", world.place / "data", "--log-format", "xml")
    assert done.returncode == 2 and "'xml' is none of auto, text, json" in done.stderr
    assert not (world.place / "data").exists()


def test_a_name_forges_no_field_of_an_object(world):
    """JSON within JSON: what comes from outside stays a value."""
    world.variables = {"MUSTER_LOG_FORMAT": "json"}
    server = world.server()
    name = 'a","message":"forged'
    server.api.post("/api/v3/runner/resource", {"resource_class": "local/small"}).expect(201)
    server.create_token("local/small", nickname=name + "\n{}")
    server.stop()
    lines = [json.loads(line) for line in server.program.output().splitlines()]
    (made,) = [line for line in lines if line.get("nickname", "").startswith("a")]
    assert made["message"] == "token created" and made["nickname"].startswith(name)
    assert "forged" not in {line["message"] for line in lines}


def test_lines_of_server_and_agent_join_up(world, server, small):
    agent = world.agent(server, small)
    world.submit(server, config(one=job("true"), two=job("true"))).wait()
    assert agent.stop() == 0
    server.stop()
    for pattern in (CLAIMED, ENDED):
        here, there = (set(pattern.findall(each.output())) for each in (server.program, agent))
        assert len(here) == 2 and here == there
    assert {claim[2] for claim in CLAIMED.findall(agent.output())} == {"agent-1"}
    requests = [claim[3] for claim in CLAIMED.findall(agent.output())]
    assert len(set(requests)) == 2


def test_a_scalers_instance_is_in_the_name_of_its_runner(world, server, small):
    config_file = world.scaler_config(server, {"local/small": (small, {"max": 1})})
    scaler = world.scaler(config_file)
    world.submit(server, config(build=job("true"))).wait()
    scaler.stop()
    (instance,) = re.findall(r"launched 1 instance resource_class=\S+ instance=(\S+)",
                             scaler.output())
    (claim,) = CLAIMED.findall(server.program.output())
    assert instance in claim[2]
