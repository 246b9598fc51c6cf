"""Output keeps every byte once and in order, whatever the connection does."""

import threading

import pytest

from support.pipeline import config, job
from support.waiting import wait_until


@pytest.fixture
def pipeline(world, server, small):
    return world.submit(server, config(build=job("true")))


@pytest.fixture
def attempt(server, small, pipeline):
    attempt = server.claimer(small).claim()
    attempt.step().expect(204)
    return attempt


def read(pipeline, start=None, wait_ms=None):
    path = f"/api/muster/v1/tasks/{pipeline.task()['id']}/steps/0/output"
    return pipeline.server.api.request(
        "GET", path, query=None if wait_ms is None else {"wait_ms": wait_ms},
        headers={} if start is None else {"Range": f"bytes={start}-"})


def test_a_repeated_upload_doubles_nothing(pipeline, attempt):
    assert attempt.output(b"hello ", 0).expect(200).json() == {"size": 6}
    assert attempt.output(b"hello ", 0).expect(200).json() == {"size": 6}
    assert attempt.output(b"world\n", 6).expect(200).json() == {"size": 12}
    assert read(pipeline).expect(200).body == b"hello world\n"


def test_an_overlap_adds_only_what_is_new(pipeline, attempt):
    attempt.output(b"0123456789", 0).expect(200)
    assert attempt.output(b"56789abc", 5).expect(200).json() == {"size": 13}
    assert attempt.output(b"3", 3).expect(200).json() == {"size": 13}
    assert read(pipeline).body == b"0123456789abc"


def test_a_gap_is_refused_with_the_size(pipeline, attempt):
    attempt.output(b"abc", 0).expect(200)
    assert attempt.output(b"late", 10).expect(416).json() == {"size": 3}
    assert read(pipeline).body == b"abc"


@pytest.mark.parametrize("offset", ["-1", "x", "", "99999999999999999999"])
def test_an_offset_that_is_none_is_refused(attempt, offset):
    attempt.output(b"abc", offset).expect(400)


def test_any_bytes_survive(pipeline, attempt):
    every = bytes(range(256)) * 50
    attempt.output(every, 0).expect(200)
    assert read(pipeline).body == every


def test_ranges(pipeline, attempt):
    attempt.output(b"0123456789", 0).expect(200)
    part = read(pipeline, start=4).expect(206)
    assert part.body == b"456789"
    read(pipeline, start=11).expect(416)
    read(pipeline, start=10, wait_ms=0).expect(204)


def test_it_is_followed_to_the_end(pipeline, attempt):
    """A reader that waits has every byte when X-Terminal says that there is no more."""
    expected = b"".join(b"line %d\n" % n for n in range(50))

    def write():
        for at in range(0, len(expected), 37):
            attempt.output(expected[at:at + 37], at).expect(200)
        attempt.step(state="success", exit_code=0).expect(204)
        attempt.finish().expect(204)

    writer = threading.Thread(target=write)
    writer.start()
    held = b""

    def read_on():
        nonlocal held
        answer = read(pipeline, start=len(held), wait_ms=10000)
        assert answer.status in (200, 204, 206), answer
        held += answer.body
        return answer.headers.get("x-terminal") == "true"

    wait_until(read_on, 60, "the last byte")
    writer.join()
    assert held == expected


def test_a_finished_step_is_terminal(pipeline, attempt):
    attempt.output(b"abc", 0).expect(200)
    assert "x-terminal" not in read(pipeline).headers
    attempt.step(state="success", exit_code=0).expect(204)
    attempt.finish().expect(204)
    assert read(pipeline).headers["x-terminal"] == "true"
    assert read(pipeline, start=3, wait_ms=60000).headers["x-terminal"] == "true"


def test_nothing_is_added_to_a_step_that_has_ended(pipeline, attempt):
    attempt.output(b"abc", 0).expect(200)
    attempt.step(state="success", exit_code=0).expect(204)
    assert "ended" in attempt.output(b"abcd", 0).expect(409).message
    assert attempt.output(b"bc", 1).expect(200).json() == {"size": 3}  # said again
    assert read(pipeline).body == b"abc"


def test_a_word_that_comes_late_opens_no_step_again(pipeline, attempt):
    attempt.step(state="success", exit_code=0).expect(204)
    attempt.step(state="running").expect(204)
    assert pipeline.task()["steps"][0]["state"] == "success"


def test_the_end_of_a_task_ends_its_steps(pipeline, attempt):
    attempt.step().expect(204)
    attempt.finish("failed").expect(204)
    assert pipeline.task()["steps"][0]["state"] == "failed"


def test_it_survives_a_crash_of_the_server(server, pipeline, attempt):
    attempt.output(b"kept", 0).expect(200)
    server.kill()
    server.start()
    assert attempt.output(b"kept and more", 0).expect(200).json() == {"size": 13}
    assert read(pipeline).body == b"kept and more"


def test_output_of_a_task_that_is_not_there(server):
    server.api.get("/api/muster/v1/tasks/nothing/steps/0/output").expect(404)
