"""A disk that is full: refused, nothing lost, and work goes on when there is room again."""

from support.pipeline import config, job
from support.small_disk import fill
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
