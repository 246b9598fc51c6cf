"""Past each limit there is a clear answer, and everybody else is served as before.

The longer forms, which script/soak runs as well; the third needs 5 GB of disk:
  pytest … -s --connections=10000 --line-megabytes=1000 --log-megabytes=5000 \
    tests/functional/test_limits.py
"""

import os
import socket
import sqlite3
import time
from contextlib import ExitStack, closing

import pytest

from support.api import bearer
from support.load import Crowd, Onlooker, at_rest, may_open, rss_mib, run_for_peak
from support.pipeline import config, job
from support.waiting import SLOW, wait_until

KIB, MIB = 1 << 10, 1 << 20
SLOW_ONES = 1_000  # connections
LONGEST_LOG = 4 << 30  # bytes of one step
MOST_QUEUED, LARGEST_PIPELINE = 50_000, 10_000  # tasks
MOST_RUNNERS = 20_000  # of a class
HALF_A_HEAD = "GET /api/muster/v1/health HTTP/1.1\r\nHost: x\r\nX-Slow: "
HALF_A_BODY = ("POST /api/muster/v1/claim HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
               "Content-Length: 60000\r\n\r\n{{")
HEALTH_WITH = ("GET /api/muster/v1/health HTTP/1.1\r\nHost: x\r\n"
               "Authorization: Bearer {token}\r\n\r\n")
NO_SHA = "0" * 64


@pytest.fixture
def few_files(world):
    """From now on what the test starts may open few files."""
    allowed = 600
    wrapper = world.place / "muster-with-few-files"
    wrapper.write_text(f'#!/bin/sh\nulimit -n {allowed}\nexec "{world.binary}" "$@"\n')
    wrapper.chmod(0o755)
    world.binary = wrapper
    return allowed


def a_job_runs(world, server, token):
    world.agent(server, token, mode="single-task")
    assert world.submit(server, config(build=job("echo done"))).wait()["state"] == "success"


@pytest.mark.timeout(900)
def test_idle_connections(world, server, small, request):
    count = request.config.getoption("--connections")
    assert may_open(count + 500), (
        f"{count} connections need as many open files: raise the hard limit (ulimit -Hn), or "
        "give fewer --connections")
    server.restart()  # with that limit
    before, memory = at_rest(server), rss_mib(server.program.pid)
    with Crowd(server, count) as crowd, Onlooker(server) as other:
        a_job_runs(world, server, small)
        wait_until(lambda: len(other.times) >= 200, 60, "200 requests of others")
        assert crowd.answers() == [None] * count, "an idle connection is kept for five minutes"
    print(f"\n{count} idle connections: {memory} MiB before")
    other.was_served_as(before, times=3)


def test_past_the_limit_of_connections(world, few_files, request):
    """However few files it may open: who comes too late is told so, and who is there is served."""
    server = world.server()
    small = server.create_class()
    pipeline = world.submit(server, config(build=job("true")))
    attempt = server.claimer(small).claim()
    attempt.step().expect(204)
    with ExitStack() as open_ones:
        def one_more():
            """It is known by its token before the next comes."""
            one = socket.create_connection(("127.0.0.1", server.port), 60 * SLOW)
            open_ones.enter_context(one)
            one.sendall(HEALTH_WITH.format(token=small).encode())
            return one, one.recv(65536)
        first, answer = one_more()
        answers = [answer]
        while len(answers) < few_files and b" 503 " not in answers[-1][:20]:
            answers.append(one_more()[1])
        assert b"Too many connections" in answers.pop()
        assert len(answers) > few_files // 3, f"only {len(answers)} of {few_files} are served"
        assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in answers)
        first.sendall(b"GET /api/muster/v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert first.recv(65536).startswith(b"HTTP/1.1 200 ")
    wait_until(lambda: attempt.output(b"text", 0).status == 200, 30, "room for others again")
    assert pipeline.output() == "text"


def test_connections_of_strangers_make_room(world, few_files):
    """One address holds as many as there may be, and keeps nobody out who has a token."""
    server = world.server()
    small = server.create_class()
    with Crowd(server, few_files) as crowd:
        wait_until(lambda: b"" in crowd.answers(), 30, "the first ones to be closed")
        a_job_runs(world, server, small)
        kept = crowd.answers().count(None)
        assert kept > few_files // 3 and set(crowd.answers()) == {None, b""}, "no more than needed"
    assert "cannot take new connections" not in server.program.output()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("begin", [HALF_A_HEAD, HALF_A_BODY])
def test_a_slow_loris(world, server, small, begin):
    """Who sends a byte now and then does not hold a connection for longer than 30 s."""
    before, memory = at_rest(server), rss_mib(server.program.pid)
    began = time.monotonic()
    begin = begin.format(token=small).encode()
    with Crowd(server, SLOW_ONES, begin) as crowd, Onlooker(server) as other:
        take_little(server, memory)
        a_job_runs(world, server, small)

        def all_ended():
            crowd.drip(b"y")
            time.sleep(0.5)  # as the attack goes
            return None not in crowd.answers()
        wait_until(all_ended, 60, "all of the slow to be turned away")
        assert time.monotonic() - began > 25, "it was no attack: they were not waited for at all"
        told = [answer for answer in crowd.answers() if answer]
        assert all(answer.startswith(b"HTTP/1.1 408") for answer in told), told[:1]
        assert told, "nobody was told why"
    other.was_served_as(before)


def take_little(server, before):
    """Of what SLOW_ONES have announced, or sent in vain, nothing is in the server's memory.

    Asked at once, as a sanitizer keeps for long what was freed."""
    server.api.get("/api/muster/v1/health").expect(200)
    grown = rss_mib(server.program.pid) - before
    print(f"{SLOW_ONES} connections: {grown} MiB more than before")
    assert grown * MIB < SLOW_ONES * 32 * KIB, f"{SLOW_ONES} connections take {grown} MiB"


@pytest.mark.timeout(300)
def test_bodies_of_strangers_are_not_read(world, server, small):
    """However many announce one and send a part of it: they are told so at once, and cost nothing."""
    before, memory = at_rest(server), rss_mib(server.program.pid)
    begin = (b"POST /api/muster/v1/claim HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer muc_x\r\n"
             b"Content-Length: 60000\r\n\r\n" + b"y" * 50_000)
    with Onlooker(server) as other, Crowd(server, SLOW_ONES, begin) as crowd:
        wait_until(lambda: None not in crowd.answers(), 10, "all strangers to be turned away")
        answers = crowd.answers()
        take_little(server, memory)
        assert all(answer.startswith(b"HTTP/1.1 401") for answer in answers), answers[:1]
        a_job_runs(world, server, small)
        wait_until(lambda: len(other.times) >= 50, 60, "50 requests of others")
    other.was_served_as(before)


def test_who_asks_too_often(world):
    """They are told when to come again, and others are served meanwhile."""
    server = world.server(options=("--request-rate", "5"))
    another = server.api.with_credential(bearer(server.create_class()))

    def ask(api):
        return api.get("/api/v3/runner/resource", namespace="local")
    answers = [ask(server.api) for _ in range(50)]
    refused = [answer for answer in answers if answer.status != 200]
    assert refused and {answer.status for answer in refused} == {429}, "fifty come in a moment"
    assert refused[0].headers["retry-after"] == "1" and "--request-rate" in refused[0].message
    assert ask(another).status == 403, "the limit is of each token"
    wait_until(lambda: ask(server.api).status == 200, 30, "a request to be answered again")


def test_who_makes_up_tokens(world):
    """It counts for the address, and takes nothing from those at that address who are known."""
    server = world.server(options=("--request-rate", "5"))
    small = server.create_class()
    fleet = server.api.with_credential(bearer(server.token))

    def made_up(n):
        api = server.api.with_credential(bearer(f"mup_{n:064x}"))
        if n % 2:
            return api.get("/api/muster/v1/pipelines").status
        return api.request("PUT", f"/api/muster/v1/sources/{NO_SHA}", b"x" * 100).status
    began = time.monotonic()
    told = [made_up(n) for n in range(60)]
    most = 10 + 5 * (time.monotonic() - began) + 1
    assert set(told) == {401, 429} and told.count(401) <= most, told
    wait_until(lambda: fleet.get("/api/muster/v1/pipelines").status == 200, 10, "a known token")
    server.claimer(small).ask().expect(204)


@pytest.mark.parametrize(("method", "path"), [("PUT", f"/api/muster/v1/sources/{NO_SHA}"),
                                              ("POST", "/api/muster/v1/pipelines")])
def test_who_may_not_send_is_refused_before_the_body(world, server, small, method, path):
    world.submit(server, config(build=job("true")))
    task = server.claimer(small).claim()
    for token in small, task.task["token"]:
        answer = ask_by_head(server, method, path, token, 1_000_000)
        assert answer.startswith(b"HTTP/1.1 403"), answer
    assert ask_by_head(server, method, path, "mup_x", 1_000_000).startswith(b"HTTP/1.1 401")
    assert list((server.data / "uploads").iterdir()) == []


def test_bodies_past_their_limit_are_refused_before_they_come(world, server, small):
    world.submit(server, config(build=job("true")))
    attempt = server.claimer(small).claim()
    output = f"{attempt.path}/steps/0/output?offset=0"
    source = f"/api/muster/v1/sources/{NO_SHA}"
    for path, token, limit in (source, server.token, 1 << 30), (output, attempt.task["token"], 4 * MIB):
        refused = ask_by_head(server, "PUT", path, token, limit + 1)
        assert refused.startswith(b"HTTP/1.1 413") and str(limit).encode() in refused, refused
        invited = ask_by_head(server, "PUT", path, token, limit, "Expect: 100-continue\r\n")
        assert invited.startswith(b"HTTP/1.1 100"), invited


def ask_by_head(server, method, path, token, length, fields=""):
    """What comes back while the body, which is announced, is not sent."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30 * SLOW) as connection:
        connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                           f"Content-Length: {length}\r\n{fields}\r\n".encode())
        return connection.recv(65536)


def test_a_long_output_is_shown_in_parts(world, server, small):
    """At most 8 MiB in the answer to a Range."""
    pipeline = world.submit(server, config(build=job("true")))
    attempt = server.claimer(small).claim()
    attempt.step().expect(204)
    attempt.output(b"begin", 0).expect(200)
    (log,) = (server.data / "output").glob("*/*.log")
    size = 20 * MIB
    os.truncate(log, size - 3)  # of holes: it takes no room
    attempt.output(b"end", size - 3).expect(200)
    path = f"/api/muster/v1/tasks/{pipeline.task()['id']}/steps/0/output"

    def part(wanted):
        return server.api.request("GET", path, headers={"Range": wanted}).expect(206)
    assert part("bytes=0-").headers["content-range"] == f"bytes 0-{8 * MIB - 1}/{size}"
    assert len(part(f"bytes=5-{15 * MIB}").body) == 8 * MIB


def test_a_class_is_requeued_ten_times_at_most(server):
    def make(name, most):
        return server.api.post("/api/v3/runner/resource",
                               {"resource_class": name, "max_requeues": most})
    assert "from 0 to 10" in make("local/a", 11).expect(400).message
    make("local/a", 10).expect(201)


def test_a_log_at_its_limit(world, server, small):
    """The server says so, keeps what it has, and the attempt goes on."""
    pipeline = world.submit(server, config(build=job("true")))
    attempt = server.claimer(small).claim()
    attempt.step().expect(204)
    attempt.output(b"begin", 0).expect(200)
    (log,) = (server.data / "output").glob("*/*.log")
    os.truncate(log, LONGEST_LOG - 3)  # of holes: it takes no room
    attempt.output(b"end", LONGEST_LOG - 3).expect(200)
    refused = attempt.output(b"x", LONGEST_LOG).expect(413)
    assert str(LONGEST_LOG) in refused.message
    before = at_rest(server)
    with Onlooker(server) as other:
        end = server.api.request(
            "GET", f"/api/muster/v1/tasks/{pipeline.task()['id']}/steps/0/output",
            headers={"Range": f"bytes={LONGEST_LOG - 3}-"}).expect(206)
        assert end.body == b"end"
        wait_until(lambda: len(other.times) >= 50, 30, "50 requests of others")
    other.was_served_as(before)
    attempt.step(state="success", exit_code=0).expect(204)
    attempt.finish().expect(204)
    assert pipeline.wait()["state"] == "success"


@pytest.mark.timeout(900)
def test_a_full_queue(world, server, small):
    """Five pipelines as large as any fill it; what is there goes on, and makes room."""
    many = config(**{f"j{n}": job("true", parallelism=250) for n in range(LARGEST_PIPELINE // 250)})
    repository = world.repository(many)
    pipelines = [repository.submit(server) for _ in range(MOST_QUEUED // LARGEST_PIPELINE)]
    one_more = world.repository(config(build=job("true")))
    refused = server.api.post("/api/muster/v1/pipelines", one_more.request(server)).expect(409)
    assert f"{MOST_QUEUED} tasks wait already" in refused.message
    shown = world.client(server, "run", one_more.directory)
    assert shown.returncode not in (0, 1) and "the queue is full" in shown.stderr
    server.claimer(small).claim().run()
    assert one_more.submit(server).status()["state"] == "running"
    for pipeline in pipelines:
        pipeline.cancel().expect(202)
    assert server.unclaimed() == 1


def test_a_class_with_as_many_runners_as_it_may(world, server, small):
    other = server.create_class("local/other")
    server.claimer(small, "known").ask().expect(204)
    server.stop()
    with closing(sqlite3.connect(server.data / "muster.db")) as database, database:
        database.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ? - 1) "
            "INSERT INTO runner SELECT resource_class, 'of-many-' || i, hostname, ip, version, 0, "
            "first_connected, last_connected, last_used, NULL FROM n, runner", (MOST_RUNNERS,))
    server.start()
    world.submit(server, config(build=job("true")))
    refused = server.claimer(small, "one-more").ask().expect(409)
    assert f"local/small has {MOST_RUNNERS} runners already" in refused.message
    server.claimer(other, "one-more").ask().expect(204)
    server.claimer(small, "known").claim().run()


@pytest.mark.timeout(3600)
def test_a_job_that_prints_one_enormous_line(world, server, small, request):
    length = request.config.getoption("--line-megabytes") * 1_000_000
    agent = world.agent(server, small)
    before = at_rest(server)
    began = time.monotonic()
    with Onlooker(server) as other:
        pipeline = world.submit(server, config(build=job(
            f"head -c {length} /dev/zero | tr '\\0' x; echo end")))
        highest = highest_while_it_runs(agent, pipeline)
        wait_until(lambda: len(other.times) >= 50, 30, "50 requests of others")
        ended = time.monotonic()
        shown = world.place / "shown"
        code, client = run_for_peak(world, "pipeline", "output", pipeline.number, "--server",
                                    server.url, "--token-file", server.data / "token", output=shown)
    print(f"\na line of {length} bytes: {ended - began:.0f} s; memory: the agent "
          f"{highest} MiB at most, the client {client} MiB at most")
    assert code == 0
    assert (shown.stat().st_size - length) in range(4, 1000), "the line is not shown whole"
    other.was_served_as(before)
    for program, peak in ("agent", highest), ("client", client), ("server", other.highest_rss):
        assert peak < 600, f"the {program} took {peak} MiB"  # a sanitizer alone keeps 256 MiB


@pytest.mark.timeout(3600)
def test_a_job_that_prints_more_than_is_kept(world, server, small, request):
    megabytes = request.config.getoption("--log-megabytes")
    if megabytes * 1_000_000 <= LONGEST_LOG:
        pytest.skip("needs --log-megabytes=5000, and 5 GB on the disk")
    agent = world.agent(server, small)
    before = at_rest(server)
    began = time.monotonic()
    with Onlooker(server) as other:
        pipeline = world.submit(server, config(build=job(
            f"yes 'one line of many' | head -c {megabytes * 1_000_000}", "echo next step")))
        highest = highest_while_it_runs(agent, pipeline)
    print(f"\n{megabytes} MB printed: {time.monotonic() - began:.0f} s; memory: the agent "
          f"{highest} MiB at most")
    assert "the server takes no more output of a step" in agent.output()
    assert pipeline.output(step=1).strip() == "next step"
    (log,) = (server.data / "output").glob("*/*.0.log")
    assert LONGEST_LOG - MIB < log.stat().st_size <= LONGEST_LOG
    other.was_served_as(before)


def highest_while_it_runs(agent, pipeline):
    """The memory of the agent's processes, in MiB at most, until the pipeline has succeeded."""
    highest = 0

    def ended():
        nonlocal highest
        highest = max(highest, *map(rss_mib, family(agent.pid)))
        return pipeline.status()["state"] != "running"
    wait_until(ended, 1000, "the job to end")
    assert pipeline.status()["state"] == "success"
    return highest


def family(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        return [pid, *map(int, children.read().split())]
