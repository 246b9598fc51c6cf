"""Many clients of a server at once: those that claim as fast as they can, and those that wait.

Each function takes a `World` of tests/support, starts in it what it needs, and leaves it to its owner.
"""

import os
import statistics
import sys
import time
from typing import NamedTuple

import jobs
import wire
from measure import cpu_seconds, memory
from support.load import Crowd
from support.pipeline import config, job
from support.waiting import wait_until

PROCESSES = 2  # that the clients are spread over
PARALLELISM = 250  # tasks of a job
NO_LIMIT = "--request-rate", "0"


class Claims(NamedTuple):
    per_second: float
    fsyncs: float  # a claim
    largest: int  # group that shared a commit
    server_cpu: float  # seconds a claim
    client_cpu: float  # share of a processor of the busiest process of clients


def asked_by_many(server, queues):
    """Requests a second, and the share of a processor that the busiest process of clients took."""
    asked = wire.ask_from_processes(server.port, queues, PROCESSES)
    took = max(each.ended for each in asked) - min(each.begun for each in asked)
    return (sum(map(len, queues)) / took,
            max(each.cpu / (each.ended - each.begun) for each in asked))


def claims(world, clients, each):
    server = world.server(options=NO_LIMIT)
    token, total = server.create_class(), clients * each
    world.submit(server, config(**{f"j{number}": job("true", parallelism=PARALLELISM)
                                   for number in range(-(-total // PARALLELISM))}))
    server.restart()  # so that it counts from here
    queues = [[wire.claim(token, f"runner-{number}") for _ in range(each)]
              for number in range(clients)]
    before = cpu_seconds(server.program.pid)
    per_second, client_cpu = asked_by_many(server, queues)
    cpu = cpu_seconds(server.program.pid) - before
    cost = jobs.effort(server)
    return Claims(per_second, cost.fsyncs / total, cost.largest, cpu / total, client_cpu)


def answers_without_a_commit(world, clients, each):
    """How many a second the same clients get where the server has nothing to write."""
    server = world.server(options=NO_LIMIT)
    health = wire.request("GET", "/api/muster/v1/health")
    per_second, _ = asked_by_many(server, [[health] * each] * clients)
    server.stop()
    return per_second


def fsync_alone(world, count=100):
    """Seconds: the median of 4 KiB that are written and brought to the same disk."""
    taken = []
    with open(world.place / "fsync", "wb", buffering=0) as file:
        for _ in range(count):
            begun = time.monotonic()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            taken.append(time.monotonic() - begun)
    return statistics.median(taken)


class Resident(NamedTuple):
    """MB."""
    all: float
    own: float  # without the program's file and the libraries'


def resident(server):
    return Resident(*(memory(server.program.pid, name) for name in ("VmRSS", "RssAnon")))


def idle(world):
    server = world.server()
    seen = resident(server)
    server.stop()
    return seen


def waiting(world, count):
    """What a server has resident before, with so many connections, and while a claim waits on each."""
    server = world.server(options=NO_LIMIT)
    token = server.create_class()
    before = resident(server)
    with Crowd(server, count) as crowd:
        # It takes them in their order, so this is answered once all are there.
        server.api.get("/api/muster/v1/health").expect(200)
        connected = resident(server)
        for number, one in enumerate(crowd.sockets):
            one.sendall(wire.claim(token, f"runner-{number}", wait_ms=60_000))
        wait_until(lambda: jobs.in_database(server, "SELECT count(*) FROM runner") == count, 20,
                   f"{count} agents that wait")
        held = resident(server)
        if crowd.answers() != [None] * count:
            sys.exit("not all agents waited at once, so the memory is not that of so many")
    server.stop()
    return before, connected, held
