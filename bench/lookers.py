"""Many people who look at the page at once: a stream of events each, and some follow a job's output.

Takes a `World` of tests/support, starts in it what it needs, and leaves it to its owner.
"""

import http.client
import selectors
import threading
import time
from typing import NamedTuple

import jobs
import wire
from measure import cpu_seconds, memory
from support.load import Crowd
from support.pipeline import config, job
from support.waiting import wait_until

NO_LIMIT = "--request-rate", "0"
LINES_A_SECOND, SECONDS = 10_000, 10
# A tenth of a second's lines each tenth of a second.
PRINTS = (f"for i in $(seq {12 * SECONDS}); do seq -f 'line %g of what a job prints' "
          f"{LINES_A_SECOND // 10}; sleep 0.1; done")


class Looked(NamedTuple):
    server_cpu: float  # share of a processor
    memory: float  # KiB a page
    heard: float  # seconds until half of the pages had the news
    all_heard: float  # until the last had it
    lines: float  # a second, that the slowest follower read
    others: float  # seconds that another request took, all but one in a hundred


class Pages(threading.Thread):
    """Reads what comes to all of them, and notes when each hears of the latest news."""

    def __init__(self, sockets):
        super().__init__(daemon=True)
        self.selector, self.ended = selectors.DefaultSelector(), False
        self.news, self.begun, self.times = None, 0, {}
        for one in sockets:
            one.setblocking(False)
            self.selector.register(one, selectors.EVENT_READ)

    def expect(self, news):
        self.news, self.begun, self.times = news, time.monotonic(), {}

    def run(self):
        while not self.ended:
            for key, _ in self.selector.select(0.1):
                content = key.fileobj.recv(1 << 16)
                if self.news and self.news in content:
                    self.times.setdefault(key.fd, time.monotonic() - self.begun)


class Follower(threading.Thread):
    """Reads a step's output as the page does."""

    def __init__(self, server, path):
        super().__init__(daemon=True)
        self.server, self.path, self.lines, self.ended = server, path, 0, False

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        offset = 0
        while not self.ended:
            connection.request("GET", f"{self.path}?wait_ms=5000", headers={
                **self.server.api.credential, "Range": f"bytes={offset}-{offset + (2 << 20) - 1}"})
            content = connection.getresponse().read()
            offset, self.lines = offset + len(content), self.lines + content.count(b"\n")
            time.sleep(0.1)


def report(server, desired):
    server.api.put("/api/muster/v1/fleet", {"classes": [{
        "resource_class": jobs.SMALL, "desired": desired, "live": 1, "booting": 0, "idle": 0,
        "busy": 1, "draining": 0, "min": 0, "max": 1_000_000, "reasons": ["a measurement"]}]}).expect(204)


def looked_at(world, pages, followers):
    server = world.server(options=NO_LIMIT)
    token = server.create_class()
    jobs.start_agents(world, server, token)
    pipeline = world.submit(server, config(build=job(PRINTS)))
    task = pipeline.task()["id"]
    wait_until(lambda: pipeline.task()["steps"], 60, "the first line of the job")
    before = memory(server.program.pid, "VmRSS")
    watch = wire.request("GET", "/api/muster/v1/events?watch=fleet", server.token)
    with Crowd(server, pages, watch) as crowd:
        readers = Pages(crowd.sockets)
        readers.start()
        follow = [Follower(server, f"/api/muster/v1/tasks/{task}/steps/0/output")
                  for _ in range(followers)]
        for one in follow:
            one.start()
        report(server, 1)
        server.api.get("/api/muster/v1/health").expect(200)
        looked = measure(server, readers, follow, pages, before)
        readers.ended = True
        for one in follow:
            one.ended = True
        for one in [readers, *follow]:
            one.join()
    server.stop()
    return looked


def measure(server, readers, follow, pages, before):
    other, taken, heard, all_heard = wire.Connection(server.port), [], [], []
    begun, cpu = time.monotonic(), cpu_seconds(server.program.pid)
    lines = [one.lines for one in follow]
    for second in range(SECONDS):
        desired = 1_000 + second
        readers.expect(b'"desired":%d,' % desired)
        report(server, desired)
        while time.monotonic() < begun + second + 1:
            asked = time.monotonic()
            other.exchange(wire.request("GET", "/api/muster/v1/health"))
            taken.append(time.monotonic() - asked)
            time.sleep(0.01)
        times = sorted(readers.times.values())
        if len(times) != pages:
            raise AssertionError(f"only {len(times)} of {pages} pages have heard within a second")
        heard.append(times[pages // 2])
        all_heard.append(times[-1])
    took = time.monotonic() - begun
    middle = SECONDS // 2
    return Looked((cpu_seconds(server.program.pid) - cpu) / took,
                  1024 * (memory(server.program.pid, "VmRSS") - before) / pages,
                  sorted(heard)[middle], sorted(all_heard)[middle],
                  min(one.lines - at for one, at in zip(follow, lines)) / took,
                  sorted(taken)[int(len(taken) * 0.99)])
