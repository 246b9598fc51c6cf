"""What a scaler and an agent tell Prometheus, and who asks whether they live."""

import re

from support.api import Api
from support.exposition import Exposition
from support.pipeline import config, job
from support.promtool import check_metrics
from support.waiting import wait_until

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")
CLASS = {"resource_class": "local/small"}


def shown_by(program):
    """The Api of what is shown at a free port, which only the log knows."""
    def told():
        assert program.running, program.tail()
        return re.search(r"metrics are shown url=(http://\S+)/metrics", program.output())
    return Api(wait_until(told, 30, "the place of the metrics")[1])


def scrape(api):
    answer = api.get("/metrics").expect(200)
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Exposition(answer.text)


def start_scaler(world, server, token, **policy):
    file = world.scaler_config(server, {"local/small": (token, {"max": 3, **policy})})
    return world.start("scaler", "scale", "--config", file, "--metrics-listen", "0")


def test_a_scaler_from_the_queue_to_a_runner(world, server, small):
    scaler = start_scaler(world, server, small)
    api = shown_by(scaler)
    assert api.get("/healthz").expect(200).text == "ok\n"
    wait_until(lambda: api.get("/readyz").status == 200, 30, "a first pass")
    world.submit(server, config(build=job("echo hello"))).wait()

    def ended():
        page = scrape(api)
        done = page.value("muster_scaler_instances", state="idle", **CLASS) == 0
        return page if done and page.value("muster_scaler_desired_instances", **CLASS) == 0 else None
    page = wait_until(ended, 60, "the instance to end")
    assert page.value("muster_scaler_launches_total", **CLASS) == 1
    assert page.value("muster_scaler_launches_failed_total", **CLASS) == 0
    assert page.value("muster_scaler_boots_failed_total", **CLASS) == 0
    assert page.value("muster_scaler_decisions_total", rule="queue", **CLASS) >= 1
    assert page.value("muster_scaler_in_charge", **CLASS) == 1
    assert page.value("muster_scaler_held", **CLASS) == 0
    assert page.value("muster_scaler_instances_limit", **CLASS) == 3
    for stage in ("read_to_launched", "launched_to_registered"):
        assert page.value("muster_scaler_job_start_seconds_count", stage=stage, **CLASS) == 1
    assert page.value("muster_scaler_api_requests_total", service="muster", outcome="ok") > 1
    assert page.value("muster_scaler_passes_total", outcome="complete") > 1
    assert page.value("muster_scaler_queue_tasks", state="waiting", **CLASS) == 0
    assert not UUID.search(page.text), "an id is no label"
    check_metrics(page.text)
    assert api.get("/").status == 404
    assert api.request("POST", "/metrics").status == 405


def test_a_scaler_whose_server_is_away(world, server, small):
    scaler = start_scaler(world, server, small)
    api = shown_by(scaler)
    wait_until(lambda: api.get("/readyz").status == 200, 30, "a first pass")
    server.stop()

    def held():
        page = scrape(api)
        return page if page.value("muster_scaler_held", **CLASS) == 1 else None
    page = wait_until(held, 60, "it to be held")
    assert page.value("muster_scaler_queue_tasks", state="waiting", **CLASS) is None
    assert page.value("muster_scaler_api_requests_total", service="muster",
                      outcome="unreachable") >= 1
    assert page.value("muster_scaler_passes_total", outcome="held") >= 1
    assert scaler.stop() == 0


def test_it_is_shown_through_a_reload(world, server, small):
    scaler = start_scaler(world, server, small)
    api = shown_by(scaler)
    wait_until(lambda: api.get("/readyz").status == 200, 30, "a first pass")
    before = scrape(api).value("muster_scaler_passes_total", outcome="complete")
    file = world.scaler_config(server, {"local/small": (small, {"max": 5})})
    assert file.exists()
    scaler.signal(1)
    wait_until(lambda: scrape(api).value("muster_scaler_instances_limit", **CLASS) == 5, 30,
               "the new maximum")
    assert scrape(api).value("muster_scaler_passes_total", outcome="complete") > before


def test_a_place_that_is_taken_or_none(world, server, small):
    file = world.scaler_config(server, {"local/small": (small, {"max": 1})})
    taken = world.run("scale", "--config", file, "--metrics-listen", server.port)
    assert taken.returncode == 5, taken.stderr
    assert f"--metrics-listen: cannot listen on 127.0.0.1:{server.port}" in taken.stderr
    wrong = world.run("scale", "--config", file, "--metrics-listen", "somewhere")
    assert wrong.returncode == 2 and "no place to listen at" in wrong.stderr
    both = world.run("scale", "--config", file, "--metrics-listen", "0", "--once")
    assert both.returncode == 2


def test_an_agent(world, server, small):
    agent = world.agent(server, small, arguments=("--metrics-listen", "0"))
    api = shown_by(agent)
    assert api.get("/healthz").expect(200).text == "ok\n"
    wait_until(lambda: api.get("/readyz").status == 200, 30, "the server's first answer")
    world.submit(server, config(good=job("echo hello"), bad=job("false"))).wait()

    def idle():
        page = scrape(api)
        return page if page.value("muster_agent_tasks_total", result="success") and page.value(
            "muster_agent_tasks_total", result="failed") else None
    page = wait_until(idle, 30, "both ends to be counted")
    assert page.value("muster_agent_busy") == 0
    assert page.value("muster_agent_claim_wait_seconds_count") == 2
    assert page.value("muster_agent_output_bytes_total") >= len("hello\n")
    assert page.value("muster_agent_requests_total", outcome="ok") > 4
    assert not UUID.search(page.text), "an id is no label"
    check_metrics(page.text)
    server.stop()
    wait_until(lambda: api.get("/readyz").status == 503, 60, "it to miss the server")
    assert api.get("/readyz").text == "the server cannot be reached; the log says why\n"
    assert api.get("/healthz").status == 200
