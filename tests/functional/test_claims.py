"""A claim happens once, whatever gets lost."""

import threading
import time
import uuid

from support.pipeline import config, job
from support.waiting import wait_until


def test_a_retry_gets_the_same_task(world, server, small):
    world.submit(server, config(build=job("true", parallelism=2)))
    claimer, request = server.claimer(small), str(uuid.uuid4())
    first, again = claimer.claim(request), claimer.claim(request)
    assert again.task["task_id"] == first.task["task_id"]
    assert again.number == first.number == 1
    assert server.unclaimed() == 1
    again.heartbeat().expect(200)
    again.finish().expect(204)


def test_a_retry_after_a_restart_gets_the_same_task(world, server, small):
    world.submit(server, config(build=job("true", parallelism=2)))
    claimer, request = server.claimer(small), str(uuid.uuid4())
    first = claimer.claim(request)
    server.kill()
    server.start()
    assert claimer.claim(request).task["task_id"] == first.task["task_id"]
    assert server.unclaimed() == 1


def test_first_in_first_out(world, server, small):
    pipelines = [world.submit(server, config(build=job("true"))) for _ in range(3)]
    claimer = server.claimer(small)
    assert [claimer.claim().task["pipeline_id"] for _ in pipelines] == [p.id for p in pipelines]


def test_two_claimers_never_share_a_task(world, server, small):
    count = 20
    world.submit(server, config(build=job("true", parallelism=count)))
    got, lock = [], threading.Lock()

    def claim_all(name):
        claimer = server.claimer(small, name)
        while (answer := claimer.ask()).status == 200:
            with lock:
                got.append(answer.json()["task_id"])

    threads = [threading.Thread(target=claim_all, args=(f"r{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == len(set(got)) == count


def test_a_withdrawn_claim_gets_nothing_later(world, server, small):
    claimer, request = server.claimer(small), str(uuid.uuid4())
    claimer.withdraw(request).expect(204)
    world.submit(server, config(build=job("true")))
    claimer.ask(request).expect(409)
    assert server.unclaimed() == 1


def test_withdrawing_a_claim_that_won_says_so(world, server, small):
    world.submit(server, config(build=job("true")))
    claimer, request = server.claimer(small), str(uuid.uuid4())
    task = claimer.claim(request).task
    assert claimer.withdraw(request).expect(200).json()["task_id"] == task["task_id"]


def test_a_waiting_claim_hears_of_a_task_at_once(world, server, small):
    repository = world.repository(config(build=job("true")))
    body = repository.request(server)
    heard = []

    def wait():
        answer = server.claimer(small).ask(wait_ms=60000)
        heard.append((answer.status, time.monotonic()))

    waiter = threading.Thread(target=wait)
    waiter.start()
    wait_until(lambda: server.api.get("/api/v3/runner", namespace="local").json()["items"],
               30, "the claim to wait")
    server.api.post("/api/muster/v1/pipelines", body).expect(201)
    submitted = time.monotonic()
    waiter.join()
    ((status, moment),) = heard
    assert status == 200
    assert moment - submitted < 2  # milliseconds, but for a machine that is busy with other tests


def test_a_waiting_claim_ends_with_its_time(server, small):
    begun = time.monotonic()
    server.claimer(small).ask(wait_ms=500).expect(204)
    assert 0.4 < time.monotonic() - begun < 10


def test_demand_is_pushed(world, server, small):
    query = {"resource-class": "local/small"}
    now = server.api.get("/api/muster/v1/demand", **query).expect(200).json()
    assert [c["unclaimed"] for c in now["classes"]] == [0]
    timer = threading.Timer(0.3, lambda: world.submit(server, config(build=job("true"))))
    timer.start()
    news = server.api.get("/api/muster/v1/demand", seen=now["version"], wait_ms=60000, **query)
    timer.join()
    assert [c["unclaimed"] for c in news.expect(200).json()["classes"]] == [1]
    assert news.json()["version"] != now["version"]


def test_parallel_slices_are_numbered(world, server, small):
    world.submit(server, config(build=job("true", parallelism=3)))
    claimer = server.claimer(small)
    tasks = [claimer.claim().task for _ in range(3)]
    assert [task["index"] for task in tasks] == [0, 1, 2]
    assert {task["job"]["parallelism"] for task in tasks} == {3}
