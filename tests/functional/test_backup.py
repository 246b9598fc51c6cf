"""muster backup: a copy that is made while the server works, and that a server can be started on."""

import json
import os
import random
import shutil
import signal
import sqlite3
import threading

import pytest

from support.claimer import Attempt
from support.pipeline import Pipeline, config, job
from support.small_disk import fill
from support.waiting import wait_until

LEASE = "15s"


class Printing:
    """An attempt by hand that prints and lives on until it is told to end."""

    def __init__(self, attempt):
        self.attempt, self.printed, self.trouble = attempt, b"", None
        self.over = threading.Event()
        attempt.step().expect(204)
        self.thread = threading.Thread(target=self.print_on, daemon=True)
        self.thread.start()

    def print_on(self):
        try:
            while not self.over.wait(0.01):
                more = self.printed + b"line %d\n" % len(self.printed) * 100
                self.attempt.output(more[len(self.printed):], len(self.printed)).expect(200)
                self.printed = more  # and so it is acknowledged
                self.attempt.heartbeat().expect(200)
        except Exception as trouble:  # told by end(), where a test sees it
            self.trouble = trouble

    def end(self):
        self.over.set()
        self.thread.join(60)
        assert self.trouble is None, f"the old server no longer took what its task said: {self.trouble}"
        self.attempt.step(state="success", exit_code=0).expect(204)
        self.attempt.finish().expect(204)


def back_up(world, server, directory, *options):
    done = world.run("backup", directory, "--data", server.data, *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def output_file(data, attempt):
    return data / "output" / attempt.task["task_id"] / f"{attempt.number}.0.log"


@pytest.fixture
def seeded():
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    return random.Random(seed)


@pytest.fixture
def copy(world):
    return world.place / "copy"


def names(directory):
    return {entry.name for entry in directory.iterdir()}


def test_a_copy_is_served_as_it_was_at_that_moment(world, copy, seeded):
    old = world.server(lease=LEASE)
    token = old.create_class()
    ended = world.submit(old, config(build=job("true", parallelism=3)))
    outputs = [seeded.randbytes(seeded.randrange(1, 300_000)) for _ in range(3)]
    attempts = [old.claimer(token).claim() for _ in outputs]
    for attempt, text in zip(attempts, outputs):
        attempt.run(text)
    assert ended.status()["state"] == "success"
    under_way = world.submit(old, config(long=job("true"), waits=job("true"),
                                         requires={"waits": ["long"]}))
    running = Printing(old.claimer(token).claim())
    wait_until(lambda: len(running.printed) > 100_000 or running.trouble, 30, "output")

    acknowledged = len(running.printed)
    told = json.loads(back_up(world, old, copy, "--json"))
    later = world.submit(old, config(later=job("true")))
    wait_until(lambda: len(running.printed) > acknowledged + 100_000 or running.trouble, 30,
               "the old server to work on")

    kept = output_file(copy, running.attempt).read_bytes()
    assert acknowledged <= len(kept) and output_file(old.data, running.attempt).read_bytes(
        ).startswith(kept)
    assert {**told, "database_bytes": 0, "source_bytes": 0} == {
        "directory": str(copy), "pipelines": 2, "tasks": 5, "database_bytes": 0, "output_files": 4,
        "output_bytes": sum(map(len, outputs)) + len(kept), "sources": 2, "source_bytes": 0,
        "missing_sources": 0}
    assert copy.stat().st_mode & 0o777 == 0o700
    assert names(copy) == {"muster.db", "output", "sources", "token"}

    new = world.server(data=copy, lease=LEASE)
    again = Pipeline(new, {"id": ended.id, "number": ended.number})
    assert again.status() == ended.status()
    for attempt, text in zip(attempts, outputs):
        path = f"/api/muster/v1/tasks/{attempt.task['task_id']}/steps/0/output"
        assert new.api.get(path).expect(200).body == text
    new.api.get(f"/api/muster/v1/pipelines/{later.id}").expect(404)
    for attempt in (running.attempt, attempts[0]):
        Attempt(new.url, attempt.task).heartbeat().expect(401)

    lost = Pipeline(new, {"id": under_way.id, "number": under_way.number})
    assert lost.wait()["state"] == "failed"
    assert lost.task("long")["state"] == "infrastructure_fail"
    assert "Lost contact with runner" in lost.task("long")["message"]
    assert lost.task("waits")["state"] == "not_run"
    next_one = world.submit(new, config(build=job("true")))
    new.claimer(token).claim().run()
    assert next_one.status()["state"] == "success" and next_one.number == later.number

    running.end()
    assert under_way.task("long")["state"] == "success"
    assert under_way.output(under_way.task("long")).encode() == running.printed


def test_a_restored_server_goes_on_with_the_runners_of_before(world, copy):
    """As docs/operate.md has it: stop, move away, put in its place, start."""
    server = world.server(lease=LEASE)
    token = server.create_class(max_requeues=1)
    go = world.place / "go"
    build = world.submit(server, config(build=job(
        f"until [ -e {go} ]; do echo waiting; sleep 0.1; done; echo done")))
    agent = world.agent(server, token)
    build.wait_for_output("waiting")
    back_up(world, server, copy)
    server.stop()
    server.data.rename(world.place / "old-data")
    copy.rename(server.data)
    server.start()
    go.touch()
    assert build.wait()["state"] == "success"
    assert build.task()["attempt"] == 2
    assert build.output().endswith("done\n")
    assert agent.running


def test_it_needs_no_server_and_says_what_there_is(world, server, small, copy):
    world.submit(server, config(build=job("true")))
    server.claimer(small).claim().run(b"12345")
    server.kill()
    told = back_up(world, server, copy)
    database = (copy / "muster.db").stat().st_size
    source, = (copy / "sources").iterdir()
    assert told == (f"{copy}: 1 pipeline, 1 task; a database of {database} bytes, "
                    f"1 output file of 5 bytes, 1 source of {source.stat().st_size} bytes\n")
    with sqlite3.connect(f"file:{copy}/muster.db?mode=ro", uri=True) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("SELECT name FROM setting ORDER BY name").fetchall() == [
            ("organization",), ("service_time_ms",)]


def test_a_source_that_is_missing_is_told(world, server, small, copy):
    world.submit(server, config(build=job("true")))
    shutil.rmtree(server.data / "sources")
    done = world.run("backup", copy, "--data", server.data)
    assert done.returncode == 0
    assert done.stderr == ("muster: 1 source is missing, also in the backup: pipelines name what is "
                           f"not in {server.data}/sources\n")


@pytest.mark.parametrize("data, directory, complaint", [
    ("server-1-data", "there", "there: it exists already; name one that does not exist yet"),
    ("server-1-data", "file", "file: it exists already"),
    ("server-1-data", "none/copy", "cannot create the directory none/copy: No such file"),
    ("there", "copy", "there has no muster.db: give the --data directory of a muster server"),
    ("none", "copy", "none has no muster.db: give the --data directory of a muster server"),
    ("other", "copy", "nothing was changed"),
])
def test_what_cannot_be_is_refused_and_leaves_nothing(world, server, data, directory, complaint):
    for made in ("there", "other"):
        (world.place / made).mkdir()
    (world.place / "file").touch()
    sqlite3.connect(world.place / "other/muster.db").execute("CREATE TABLE fruit (name TEXT)")
    before = names(world.place)
    done = world.run("backup", directory, "--data", data)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr
    assert names(world.place) == before and names(world.place / "there") == set()


@pytest.mark.parametrize("what", ["the output", "the database"])
def test_a_full_disk_leaves_nothing(world, server, small, small_disk, what):
    world.submit(server, config(build=job("true")))
    attempt = server.claimer(small).claim()
    attempt.run(b"12345")
    ballast = None
    if what == "the output":  # a hole, which is 9 MB only in the copy
        os.truncate(output_file(server.data, attempt), 9_000_000)
    else:
        ballast = fill(small_disk)
    before = names(small_disk)
    done = world.run("backup", small_disk / "copy", "--data", server.data)
    assert (done.returncode, done.stdout) == (5, ""), done.stderr
    assert "full" in done.stderr or "No space left on device" in done.stderr
    assert names(small_disk) == before
    if ballast:
        ballast.unlink()
    os.truncate(output_file(server.data, attempt), 5)
    back_up(world, server, small_disk / "copy")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_nothing(world, server, small, copy, number):
    world.submit(server, config(build=job("true")))
    attempt = server.claimer(small).claim()
    attempt.run(b"12345")
    os.truncate(output_file(server.data, attempt), 3 << 30)  # a hole: long to copy, short to make
    program = world.start("backup", "backup", copy, "--data", server.data)

    def is_copying():
        assert program.running, f"it ended before it could be interrupted:\n{program.tail()}"
        return any(file.stat().st_size for file in world.place.glob(".copy.*/output/*/1.0.log"))
    wait_until(is_copying, 30, "output in a draft beside the copy")
    program.signal(number)
    assert program.wait(30) == 130
    assert program.output() == "muster: interrupted; nothing is left of the backup\n"
    assert not copy.exists() and not list(world.place.glob(".copy.*"))
