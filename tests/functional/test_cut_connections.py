"""A connection is cut after every byte of a request and of its answer. Nothing is lost or doubled.

What arrives in part has not been said. What was answered in part has happened, and is said again.
"""

import time
import uuid

import pytest

from support.cut import Cutting, Line
from support.pipeline import config, job

API = "/api/muster/v1"


def cut_every_request(line):
    """After each number of bytes that is less than all of it."""
    for size in range(len(line.request)):
        line.cut_request(size)


def cut_every_answer(line):
    _, length, _ = line.answer()
    for size in range(length):
        line.cut_answer(size)


@pytest.fixture
def pipeline(world, server, small):
    return world.submit(server, config(build=job("true", parallelism=2)))


@pytest.fixture
def attempt(server, small, pipeline):
    attempt = server.claimer(small).claim()
    attempt.step().expect(204)
    return attempt


def about(attempt, method, what, body):
    return Line(attempt.api, method, f"{attempt.path}/{what}", body)


def newest(server):
    """The number of the newest pipeline. They are counted from 1."""
    items = server.api.get(f"{API}/pipelines", limit=1).expect(200).json()["items"]
    return items[0]["number"] if items else 0


def test_a_submission_makes_one_pipeline_or_none(world, server, small):
    body = world.repository(config(build=job("true"))).request(server)
    line = Line(server.api, "POST", f"{API}/pipelines", body)
    cut_every_request(line)
    assert newest(server) == 0
    status, length, _ = line.answer()
    assert (status, newest(server)) == (201, 1)
    for size in range(length):
        line.cut_answer(size)  # its answer is lost, not the pipeline
    assert line.answer()[0] == 201
    assert newest(server) == length + 2
    assert server.unclaimed() == length + 2


def test_a_claim_takes_one_task(server, small, pipeline):
    claimer = server.claimer(small)
    body = {"request_id": str(uuid.uuid4()), "name": "by-hand", "hostname": "host",
            "version": "test", "wait_ms": 0}
    line = Line(claimer.api, "POST", f"{API}/claim", body)
    cut_every_request(line)
    assert server.unclaimed() == 2
    cut_every_answer(line)
    assert server.unclaimed() == 1
    first = claimer.claim(body["request_id"])
    assert first.number == 1
    other = claimer.claim()
    assert other.task["task_id"] != first.task["task_id"]
    first.run()
    other.run()
    assert pipeline.wait()["state"] == "success"


def test_a_waiting_claim_that_was_cut_takes_no_task_from_another(world, server, small):
    claimer = server.claimer(small)
    line = Line(claimer.api, "POST", f"{API}/claim",
                {"request_id": str(uuid.uuid4()), "name": "by-hand", "hostname": "host",
                 "version": "test", "wait_ms": 60000})
    for _ in range(20):
        line.cut_request(len(line.request))  # it is heard, and waits; nobody waits for its answer
    pipeline = world.submit(server, config(build=job("true")))
    claimed = claimer.claim(wait_ms=60000)
    claimed.run()
    assert pipeline.wait()["state"] == "success"


def test_a_heartbeat_keeps_its_task(pipeline, attempt):
    line = about(attempt, "POST", "heartbeat", {"wait_ms": 0})
    cut_every_request(line)
    cut_every_answer(line)
    attempt.heartbeat().expect(200)
    assert sorted(task["state"] for task in pipeline.tasks()) == ["queued", "running"]


def test_output_is_there_once_and_in_order(pipeline, attempt):
    task = {"id": attempt.task["task_id"]}
    whole = about(attempt, "PUT", "steps/0/output?offset=0", b"begun\n")
    cut_every_request(whole)
    assert pipeline.output(task) == ""
    _, length, _ = whole.answer()
    expected = b"begun\n"
    for size in range(length):
        chunk = b"line %d\n" % size
        line = about(attempt, "PUT", f"steps/0/output?offset={len(expected)}", chunk)
        line.cut_answer(size)
        expected += chunk
        status, _, body = line.answer()  # said again, as an agent does
        assert (status, body) == (200, b'{"size":%d}' % len(expected))
    assert pipeline.output(task) == expected.decode()


def test_a_task_ends_once(pipeline, attempt):
    line = about(attempt, "POST", "finish", {"result": "failed", "message": "once"})
    cut_every_request(line)
    assert sorted(task["state"] for task in pipeline.tasks()) == ["queued", "running"]
    cut_every_answer(line)
    assert line.answer()[0] == 204
    attempt.finish("success").expect(409)
    assert sorted(task["state"] for task in pipeline.tasks()) == ["failed", "queued"]


def test_an_agent_on_a_line_that_breaks_all_the_time(world, server, small):
    seed = int(time.time())
    print(f"seed {seed}")
    cutting = Cutting(server.port, seed, 100, 4000)
    try:
        server.url, straight = cutting.url, server.url
        agent = world.agent(server, small)
        server.url = straight
        expected = "".join(f"line {n}\n" for n in range(30))
        pipelines = [world.submit(server, config(build=job(
            "for n in $(seq 0 29); do echo line $n; sleep 0.05; done"))) for _ in range(3)]
        for pipeline in pipelines:
            assert pipeline.wait()["state"] == "success"
            assert pipeline.output() == expected
            assert pipeline.task()["attempt"] == 1
        assert cutting.cuts > 10
        assert agent.stop() == 0
    finally:
        cutting.close()
