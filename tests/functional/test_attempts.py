"""An attempt's reports: what is taken, what is refused, what may be said twice."""

import pytest

from support.pipeline import config, job


@pytest.fixture
def pipeline(world, server, small):
    return world.submit(server, config(build=job("true", "true")))


@pytest.fixture
def attempt(server, small, pipeline):
    return server.claimer(small).claim()


def test_a_finish_may_arrive_twice(server, pipeline, attempt):
    attempt.finish().expect(204)
    attempt.finish().expect(204)
    assert server.program.output().count("task ended") == 1
    assert pipeline.wait()["state"] == "success"


def test_a_second_finish_with_another_result_is_refused(pipeline, attempt):
    attempt.finish("failed").expect(204)
    attempt.finish("success").expect(409)
    assert pipeline.task()["state"] == "failed"


def test_after_the_end_everything_is_stale(attempt):
    attempt.finish().expect(204)
    attempt.heartbeat().expect(409)
    attempt.step().expect(409)
    attempt.output(b"late", 0).expect(409)


def test_every_result_becomes_the_state_of_its_name(world, server, small):
    for result in ("success", "failed", "timedout", "infrastructure_fail"):
        pipeline = world.submit(server, config(build=job("true")))
        server.claimer(small).claim().finish(result, "for a reason").expect(204)
        assert pipeline.task()["state"] == result
        assert pipeline.wait()["state"] == ("success" if result == "success" else "failed")


def test_steps_are_shown_as_reported(pipeline, attempt):
    attempt.step(0, "Build", "running").expect(204)
    attempt.step(0, "Build", "success", exit_code=0).expect(204)
    attempt.step(1, "Test", "failed", exit_code=7).expect(204)
    attempt.step(1, "Test", "failed", exit_code=7).expect(204)
    steps = pipeline.task()["steps"]
    assert [(s["name"], s["state"], s.get("exit_code")) for s in steps] == [
        ("Build", "success", 0), ("Test", "failed", 7)]


@pytest.mark.parametrize("index", [2, -1, "x", 10**30])
def test_a_step_that_the_job_does_not_have(attempt, index):
    attempt.step(index).expect(404)
    attempt.output(b"x", 0, step=index).expect(404)


def test_a_cancel_reaches_a_waiting_heartbeat(pipeline, attempt):
    assert attempt.heartbeat().expect(200).json()["canceled"] is False
    pipeline.cancel().expect(202)
    assert attempt.heartbeat(wait_ms=30000).expect(200).json()["canceled"] is True
    attempt.finish("canceled").expect(204)
    assert pipeline.wait()["state"] == "canceled"


def test_a_canceled_queue_is_empty(server, pipeline):
    pipeline.cancel().expect(202)
    assert server.unclaimed() == 0
    assert pipeline.wait()["state"] == "canceled"


def test_the_source_is_the_commit(world, server, small):
    repository = world.repository(config(build=job("checkout")), {"a.txt": "x"})
    repository.submit(server)
    attempt = server.claimer(small).claim()
    assert attempt.task["revision"] == repository.head()
    answer = attempt.api.get(f"{attempt.path}/source").expect(200)
    assert answer.body == repository.pack()
