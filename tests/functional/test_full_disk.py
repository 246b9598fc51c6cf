"""A disk that is full: refused, nothing lost, and work goes on when there is room again."""

import os
import subprocess

import pytest

from support.pipeline import config, job
from support.waiting import wait_until


@pytest.fixture
def small_disk(world):
    place = world.place / "disk"
    place.mkdir()
    if os.getuid() != 0:
        pytest.skip("only root can mount a small file system")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "none", place],
                             capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a small file system: {mounted.stderr.strip()}")
    yield place
    for program in world.programs:
        program.kill()
    subprocess.run(["umount", place], check=True)


def fill(place):
    """Leaves no block free; the file to remove again."""
    path = place / "ballast"
    with path.open("wb", buffering=0) as ballast:
        for size in (65536, 4096):
            try:
                while ballast.write(b"x" * size) > 0:
                    pass
            except OSError:
                pass
    return path


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
