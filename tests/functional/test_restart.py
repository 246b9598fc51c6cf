"""Servers go and come back; agents die. Work goes on, or is known to be lost."""

import http.client
import json
import re
import signal
import socket
import time

import pytest

from support.api import Api, bearer
from support.pipeline import config, job
from support.waiting import wait_until

COUNTING = job("for n in $(seq 1 40); do echo line $n; sleep 0.1; done")
COUNTED = "".join(f"line {n}\n" for n in range(1, 41))


@pytest.mark.threads
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_running_task_carries_on(world, server, small, end):
    world.agent(server, small)
    pipeline = world.submit(server, config(build=COUNTING))
    pipeline.wait_for_output("line 5\n")
    getattr(server, end)()
    server.start()
    assert pipeline.wait()["state"] == "success"
    assert pipeline.output() == COUNTED
    assert pipeline.task()["attempt"] == 1


def test_output_made_while_the_server_is_down_arrives_later(world, server, small):
    world.agent(server, small, mode="single-task")
    pipeline = world.submit(server, config(build=COUNTING))
    pipeline.wait_for_output("line 2\n")
    server.stop()
    time.sleep(6)  # the task has ended by now, and nobody has heard of it
    server.start()
    assert pipeline.wait()["state"] == "success"
    assert pipeline.output() == COUNTED


def test_the_queue_survives(world, server, small):
    pipeline = world.submit(server, config(build=job("true", parallelism=3)))
    server.kill()
    server.start()
    assert server.unclaimed() == 3
    world.agent(server, small)
    assert pipeline.wait()["state"] == "success"


def test_an_agent_waits_for_a_server_that_is_away(world, server, small):
    server.stop()
    agent = world.agent(server, small)
    wait_until(lambda: agent.output(), 30, "the agent to say something")
    server.start()
    assert world.submit(server, config(build=job("true"))).wait()["state"] == "success"
    assert agent.running


def test_a_killed_agent_loses_its_task_and_its_processes(world):
    server = world.server(lease="3s")
    token = server.create_class()
    agent = world.agent(server, token)
    pipeline = world.submit(server, config(build=job("echo begun; sleep 600")))
    pipeline.wait_for_output("begun")
    agent.kill()
    pipeline.wait_for_state("infrastructure_fail")
    assert pipeline.output().startswith("begun\n")


def test_a_client_follows_across_a_restart(world, server, small):
    world.agent(server, small)
    repository = world.repository(config(build=COUNTING))
    client = world.start("client", "run", repository.directory, "--server", server.url,
                         "--token-file", server.data / "token")

    def running():
        return server.api.get("/api/v3/runner/tasks/running", **{
            "resource-class": "local/small"}).json()["running_runner_tasks"] == 1
    wait_until(running, 60, "the task to run")
    server.restart()
    assert client.wait(90) == 0, client.output()


def test_a_supervisor_is_told_once_the_server_can_be_asked_and_that_it_stops(world):
    data = world.place / "data"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(world.place / "notify"))
        supervisor.settimeout(60)
        program = world.start("server", "server", "--data", data, "--port", 0,
                              environment={"NOTIFY_SOCKET": str(world.place / "notify")})
        assert supervisor.recv(100) == b"READY=1"
        api = Api((data / "address").read_text().strip(),
                  bearer((data / "token").read_text().strip()))
        api.get("/api/v3/runner/resource", namespace="local").expect(200)
        program.signal(signal.SIGTERM)
        assert supervisor.recv(100) == b"STOPPING=1"


def ask_at_once(server, connections, name):
    """A class each; they arrive while the server cannot answer."""
    server.program.signal(signal.SIGSTOP)
    for number, connection in enumerate(connections):
        connection.request("POST", "/api/v3/runner/resource", json.dumps(
            {"resource_class": f"local/{name}{number}"}).encode(), server.api.credential)
    server.program.signal(signal.SIGCONT)
    for connection in connections:
        answer = connection.getresponse()
        assert answer.status == 201, answer.read()
        answer.read()


@pytest.mark.threads
@pytest.mark.parametrize("rounds", [1, 2], ids=["as-they-connect", "on-open-connections"])
def test_requests_that_come_at_once_share_a_commit_and_the_server_tells(server, rounds):
    many = 20
    connections = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
                   for _ in range(many)]
    for number in range(rounds):
        ask_at_once(server, connections, f"round-{number}-")
    for connection in connections:
        connection.close()
    server.stop()
    told = re.search("requests=(\\d+) groups=(\\d+) largest=(\\d+) fsyncs=(\\d+)",
                     server.program.output())
    assert told, f"no line with the costs:\n{server.program.tail()}"
    requests, groups, largest, fsyncs = map(int, told.groups())
    assert requests >= rounds * many and largest >= many / 2, told[0]
    assert groups <= requests - rounds * many / 2 and 1 <= fsyncs < requests, told[0]
