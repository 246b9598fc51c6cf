"""What the server tells Prometheus, and who asks whether it lives."""

import re

import pytest

from support.api import bearer
from support.exposition import Exposition
from support.pipeline import config, job
from support.promtool import check_metrics
from support.small_disk import fill
from support.waiting import wait_until

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")
CLASS = {"resource_class": "local/small"}


def scrape(server):
    answer = server.api.get("/metrics").expect(200)
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Exposition(answer.text)


def test_a_task_from_queue_to_end(world, server, small):
    before = scrape(server)
    assert before.value("muster_server_tasks", state="queued", **CLASS) == 0
    assert before.value("muster_server_next_task_queued_timestamp_seconds", **CLASS) is None
    pipeline = world.submit(server, config(good=job("echo hello"), bad=job("false")))
    waiting = scrape(server)
    assert waiting.value("muster_server_tasks", state="queued", **CLASS) == 2
    assert waiting.value("muster_server_next_task_queued_timestamp_seconds", **CLASS) > 1.7e9
    world.agent(server, small)
    pipeline.wait()
    after = scrape(server)
    for result in ("success", "failed"):
        assert after.value("muster_server_tasks_finished_total", result=result, **CLASS) == 1
    for stage in ("queued_to_claimed", "claimed_to_first_step"):
        assert after.value("muster_server_job_start_seconds_count", stage=stage, **CLASS) == 2
        assert 0 <= after.value("muster_server_job_start_seconds_sum", stage=stage, **CLASS) < 300
    assert after.value("muster_server_job_start_seconds_count", stage="claimed_to_first_output",
                       **CLASS) >= 1
    assert after.value("muster_server_output_bytes_total") >= len("hello\n")
    assert after.value("muster_server_fsyncs_total") > before.value("muster_server_fsyncs_total")
    assert after.value("muster_server_requests_total", method="POST", status="2xx",
                       route="/api/muster/v1/pipelines") == 1
    assert after.value("muster_server_connections") >= 1
    wait_until(lambda: scrape(server).value("muster_server_runners", state="idle", **CLASS) == 1,
               10, "the runner to be idle")
    assert not UUID.search(after.text), "an id is no label"
    check_metrics(after.text)


def test_who_may_read_them(server, small):
    stranger = server.api.with_credential({})
    assert stranger.get("/metrics").status == 401
    assert server.api.with_credential(bearer(small)).get("/metrics").status == 403
    assert server.api.with_credential(bearer("mup_0000")).get("/metrics").status == 401
    refused = server.api.with_credential(bearer("mup_0000")).post("/metrics", {"a": 1})
    assert refused.status == 401
    page = scrape(server)
    assert page.value("muster_server_refused_requests_total", status="401") == 1
    assert page.value("muster_server_requests_total", route="/metrics", status="4xx") == 3


def test_anybody_may_ask_whether_it_lives(server):
    stranger = server.api.with_credential({})
    for path, words in (("/healthz", "ok\n"), ("/readyz", "ready\n")):
        assert stranger.get(path).expect(200).text == words
        assert stranger.request("HEAD", path).expect(200).text == ""
        assert stranger.request("POST", path).status == 404


def test_on_a_full_disk_it_lives_and_is_not_ready(world, small_disk):
    server = world.server(data=small_disk / "data")
    stranger = server.api.with_credential({})
    stranger.get("/readyz").expect(200)
    ballast = fill(small_disk)

    def refused():
        return stranger.get("/readyz").status == 503
    wait_until(refused, 10, "it not to be ready")
    answer = stranger.get("/readyz").expect(503)
    assert answer.text.startswith("the server's disk is full") and answer.text.count("\n") == 1
    assert str(small_disk) not in answer.text
    stranger.get("/healthz").expect(200)
    page = scrape(server)  # reads only, and so is answered
    assert page.value("muster_server_disk_available_bytes") < page.value(
        "muster_server_disk_reserve_bytes")
    ballast.unlink()
    wait_until(lambda: stranger.get("/readyz").status == 200, 10, "it to be ready again")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_stranger_who_asks_too_often(world, path):
    server = world.server(options=("--request-rate", "5"))
    stranger = server.api.with_credential({})
    statuses = [stranger.get(path).status for _ in range(30)]
    assert set(statuses) == {200, 429}
