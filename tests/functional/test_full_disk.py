"""A disk that is full: refused, nothing lost, and work goes on when there is room again."""

import time

import pytest

from support.pipeline import config, job
from support.small_disk import fill, leave
from support.waiting import wait_until


def test_a_full_disk_loses_nothing(world, small_disk):
    server = world.server(data=small_disk / "data")
    token = server.create_class()
    pipeline = world.submit(server, config(build=job("true")))
    attempt = server.claimer(token).claim()
    attempt.step().expect(204)
    attempt.output(b"before\n", 0).expect(200)

    ballast = fill(small_disk)
    much = b"y" * 1_000_000
    assert attempt.output(b"before\n" + much, 0).expect(507).message
    server.api.put(f"/api/muster/v1/sources/{'0' * 64}", much).expect(507)
    assert pipeline.status()["state"] == "running"  # it still reads

    ballast.unlink()
    assert attempt.output(b"before\n" + much, 0).expect(200).json() == {"size": 1_000_007}
    attempt.step(state="success", exit_code=0).expect(204)
    attempt.finish().expect(204)
    server.kill()
    server.start()
    assert pipeline.wait()["state"] == "success"
    assert pipeline.output() == "before\n" + much.decode()


def test_an_agent_waits_for_room(world, small_disk):
    server = world.server(data=small_disk / "data")
    token = server.create_class()
    pipeline = world.submit(server, config(build=job(
        "echo begun; for n in $(seq 1 30); do echo line $n; head -c 20000 /dev/zero | tr '\\0' z; "
        "echo; sleep 0.1; done")))
    agent = world.agent(server, token)
    pipeline.wait_for_output("begun")
    ballast = fill(small_disk)
    wait_until(lambda: "full" in server.program.output(), 60, "an upload to be refused")
    ballast.unlink()
    assert pipeline.wait()["state"] == "success"
    lines = [line for line in pipeline.output().splitlines() if line.startswith("line ")]
    assert lines == [f"line {n}" for n in range(1, 31)]
    assert agent.output().count("the server's disk is full") == 1
    assert "has room again" in agent.output()


def test_output_alone_that_fills_it_is_told(world, small_disk):
    server = world.server(data=small_disk / "data")
    token = server.create_class()
    pipeline = world.submit(server, config(build=job("head -c 2000000000 /dev/zero | tr '\\0' z")))
    world.agent(server, token)
    wait_until(lambda: "the disk is full: output and sources" in server.program.output(), 120,
               "the server to tell that its disk is full")
    assert pipeline.status()["state"] == "running"


@pytest.mark.parametrize("requeues", [0, 1], ids=["lost at once", "queued again"])
def test_one_that_is_full_for_longer_than_a_lease_ends_nothing(world, small_disk, requeues):
    """Nobody is silent whose heartbeat cannot be noted. An agent cannot know that, so one whose task
    may be queued again ends it, and another attempt brings it to its end."""
    lease = 3
    server = world.server(data=small_disk / "data", lease=f"{lease}s")
    token = server.create_class(max_requeues=requeues)
    go = world.place / "go"
    pipeline = world.submit(server, config(
        build=job(f"echo begun; until test -e {go}; do sleep 0.2; done")))
    agent = world.agent(server, token)
    pipeline.wait_for_output("begun\n")
    ballast = fill(small_disk)
    wait_until(lambda: "was undone" in server.program.output(), 60, "a heartbeat to be refused")
    time.sleep(3 * lease)
    assert pipeline.status()["state"] == "running", "what only reads is answered"
    ballast.unlink()
    go.touch()
    assert pipeline.wait()["state"] == "success"
    assert pipeline.task()["attempt"] == 1 + requeues
    assert agent.running


def test_its_last_room_is_for_what_must_not_be_lost(world, small_disk):
    """Output is refused before there is none for claims, heartbeats and ends."""
    server = world.server(data=small_disk / "data")
    token = server.create_class()
    pipeline = world.submit(server, config(build=job("true", parallelism=2)))
    attempt = server.claimer(token).claim()
    ballast = leave(small_disk, 300_000)
    assert "kept" in attempt.output(b"text\n", 0).expect(507).message
    source = f"/api/muster/v1/sources/{'0' * 64}"
    assert "kept" in server.api.put(source, b"PACK").expect(507).message
    assert server.program.output().count("the disk is full") == 1
    attempt.heartbeat().expect(200)
    server.claimer(token).claim().finish().expect(204)
    ballast.unlink()
    attempt.output(b"text\n", 0).expect(200)
    assert "the disk has room again" in server.program.output()
    attempt.finish().expect(204)
    assert pipeline.wait()["state"] == "success"


def test_a_server_starts_in_the_last_room_of_its_disk(world, small_disk):
    server = world.server(data=small_disk / "data")
    server.create_class()
    pipeline = world.submit(server, config(build=job("true")))
    leave(small_disk, 250_000)
    for end in server.stop, server.kill:
        end()
        server.start()
        assert pipeline.status()["state"] == "running"
