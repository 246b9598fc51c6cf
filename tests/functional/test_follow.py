"""What a person sees who follows a pipeline: the way back after Ctrl-C or a lost server, JSON."""

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import termios
import threading
from datetime import datetime, timezone

import pytest

from support.pipeline import config, job
from support.scripted import Scripted
from support.waiting import wait_until

GREEN = {"id": "p", "number": 7, "version": "1", "state": "success", "project": "app",
         "branch": "main", "revision": "a" * 40, "subject": "", "created_at": "2026-01-01T00:00:00Z",
         "workflows": []}
CREATED = {name: GREEN[name] for name in ("id", "number", "created_at")} | {"state": "created"}


@pytest.fixture
def scripted():
    started = []

    def start(answer, **options):
        started.append(Scripted(answer, **options))
        return started[-1]
    yield start
    for server in started:
        server.close()


def start_run(world, url, text=None, *arguments, **options):
    repository = world.repository(text or config(build=job("true")))
    token = world.place / "client.token"
    token.write_text("a-token")
    return world.start("client", "run", repository.directory, "--server", url, "--token-file",
                       token, *arguments, **options)


def accepting(get):
    """Takes source and submission, and answers a GET as `get` says."""
    def answer(method, path):
        if method == "PUT":
            return 201, {"message": "stored"}
        return (201, CREATED) if method == "POST" else get()
    return answer


def test_the_server_may_be_away_from_the_first_poll_on(world, scripted):
    answers = [None, None, (200, GREEN)]
    server = scripted(accepting(lambda: answers.pop(0) if len(answers) > 1 else answers[0]))
    client = start_run(world, server.url)
    assert client.wait() == 0, client.output()
    assert "Server away, waiting." in client.output()


def test_a_submission_without_an_answer_is_not_repeated(world, scripted):
    server = scripted(lambda method, path: (201, {"message": "stored"}) if method == "PUT" else None)
    client = start_run(world, server.url)
    assert client.wait() == 3
    assert "may have been created" in client.output()
    assert "muster pipeline list" in client.output()
    assert [call.split()[0] for call in server.calls] == ["PUT", "POST"]


def test_a_submission_that_never_left_is_not_taken_for_one_that_did(world, scripted):
    def answer(method, path):
        server.close()  # nobody listens any more when the submission comes
        return 201, {"message": "stored"}
    server = scripted(answer)
    client = start_run(world, server.url)
    assert client.wait() == 3
    assert "Connection refused" in client.output()
    assert client.output().endswith(" Nothing was submitted.\n")
    assert [call.split()[0] for call in server.calls] == ["PUT"]


def test_nobody_is_waited_for_who_was_never_there(world, scripted):
    server = scripted(lambda method, path: None)
    token = world.place / "client.token"
    token.write_text("a-token")
    result = world.run("pipeline", "follow", "7", "--server", server.url, "--token-file", token)
    assert result.returncode == 3
    assert result.stderr.startswith("muster: ")


def fleet_of(live, minimum, reported_at):
    fleet = {"resource_class": "local/small", "desired": live, "live": live, "booting": 0,
             "idle": live, "busy": 0, "draining": 0, "min": minimum, "max": 3, "reasons": []}
    return {"version": reported_at, "classes": [
        {"resource_class": "local/small", "unclaimed": 0, "running": 0, "fleet": fleet,
         "reported_at": reported_at}]}


def test_what_became_of_the_pipeline_is_told_before_the_fleet_is_waited_for(world, scripted):
    task = {"id": "t", "index": 0, "state": "success", "attempt": 1, "runner": "r", "message": "",
            "ended_at": "2026-01-01T00:00:05Z", "steps": []}
    job_ = {"id": "j", "number": 1, "name": "build", "state": "success", "requires": [],
            "resource_class": "local/small", "tasks": [task]}
    green = {**GREEN, "workflows": [{"id": "w", "name": "main", "state": "success",
                                     "jobs": [job_]}]}
    gone = threading.Event()

    def answer(method, path):
        if "/fleet" in path:
            return 200, fleet_of(2 if gone.is_set() else 3, 2, f"2026-01-01T00:00:0{6 + gone.is_set()}Z")
        return accepting(lambda: (200, green))(method, path)
    client = start_run(world, scripted(answer).url, None, "--fleet")
    wait_until(lambda: "RESULT" in client.output(), 60, "the table")
    wait_until(lambda: "idle 3" in client.output(), 60, "the fleet")
    assert client.running
    gone.set()
    assert client.wait() == 0, client.output()
    assert client.output().endswith(
        "\nPeak: 3 runners (local/small 3).\n"
        "Back at its minimum of 2 runners 2.0 s after the last job.\n")


def test_ctrl_c_leaves_the_pipeline_alone_and_names_the_way_back(world, server, small):
    repository = world.repository(config(build=job("true")))
    client = world.start("client", "run", repository.directory, "--server", server.url,
                         "--token-file", server.data / "token")
    wait_until(lambda: "queued" in client.output(), 60, "the job in the queue")
    client.signal(signal.SIGINT)
    assert client.wait() == 130
    assert "Stopped following; pipeline 1 goes on." in client.output()
    assert "muster pipeline follow 1" in client.output()
    world.agent(server, small)
    result = world.client(server, "pipeline", "follow", "1")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("arguments", [[], ["--fleet"], ["--json"]])
def test_whoever_waits_for_nobody_is_told_why(world, server, small, arguments):
    repository = world.repository(config(build=job("true")))
    client = world.start("client", "run", repository.directory, "--server", server.url,
                         "--token-file", server.data / "token", *arguments)
    why = "local/small: 1 task waits, and no scaler has ever reported.\n  Start one: muster scale "
    wait_until(lambda: why in client.output(), 60, "the reason")
    client.signal(signal.SIGINT)
    assert client.wait() == 130
    assert ('"state":"running"' in client.output()) == (arguments == ["--json"])


def stopped_scaler(age):
    """A server on which a task waits; by its clock its scaler has reported so many seconds ago."""
    now = 1_700_000_000
    at = datetime.fromtimestamp(now - age, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    fleet = fleet_of(0, 0, at)
    fleet["classes"][0] |= {"unclaimed": 1}
    fleet["classes"][0]["fleet"] |= {"reasons": ["nothing waits: nothing to do"]}
    task = {"id": "t", "index": 0, "state": "queued", "attempt": 0, "runner": "", "message": "",
            "queued_at": at, "steps": []}
    waiting = {**GREEN, "state": "running", "workflows": [{
        "id": "w", "name": "main", "state": "running", "jobs": [
            {"id": "j", "number": 1, "name": "build", "state": "queued", "requires": [],
             "resource_class": "local/small", "tasks": [task]}]}]}

    def answer(method, path):
        return accepting(lambda: (200, fleet if "/fleet" in path else waiting))(method, path)
    return answer, lambda: now


@pytest.mark.parametrize("age, why", [
    (29, "its scaler says: nothing waits: nothing to do"), (900, "its scaler no longer reports")])
def test_the_last_words_of_a_scaler_that_is_gone_are_no_reason(world, scripted, age, why):
    answer, clock = stopped_scaler(age)
    server = scripted(answer, clock=clock)
    client = start_run(world, server.url)
    told = f"local/small: 1 task waits, and {why}."
    wait_until(lambda: "1 task waits" in client.output(), 60, "the reason")
    assert told in client.output()
    done = world.run("explain", "local/small", "--server", server.url, "--token-file",
                     world.place / "client.token")
    assert done.stdout.splitlines()[0] == told
    client.signal(signal.SIGINT)
    assert client.wait() == 130


@pytest.mark.threads
def test_ctrl_c_cancels_the_pipeline_if_that_is_wanted(world, server, small):
    repository = world.repository(config(build=job("true")))
    client = world.start("client", "run", repository.directory, "--cancel-on-interrupt",
                         "--server", server.url, "--token-file", server.data / "token")
    wait_until(lambda: "queued" in client.output(), 60, "the job in the queue")
    client.signal(signal.SIGINT)
    assert client.wait() == 130
    assert "Canceled pipeline 1." in client.output()
    assert "goes on" not in client.output()
    shown = world.client(server, "pipeline", "show", "1", "--json")
    assert json.loads(shown.stdout)["state"] == "canceled"


def test_the_last_of_the_fleet_is_shown_even_if_it_is_back_at_once(world, scripted):
    ended = threading.Event()
    running = {**GREEN, "state": "running", "version": "0", "workflows": [
        {"id": "w", "name": "main", "state": "running", "jobs": [
            {"id": "j", "number": 1, "name": "build", "state": "running", "requires": [],
             "resource_class": "local/small", "tasks": []}]}]}

    def answer(method, path):
        if "/fleet" in path:
            return 200, fleet_of(0 if ended.is_set() else 3, 0, "2026-01-01T00:00:06Z")
        green = {**running, "state": "success", "version": "1"}
        return accepting(lambda: (200, green if ended.is_set() else running))(method, path)
    client = start_run(world, scripted(answer).url, None, "--fleet")
    wait_until(lambda: "idle 3" in client.output(), 60, "the fleet at work")
    ended.set()
    assert client.wait() == 0, client.output()
    lines = client.output().splitlines()
    assert "desired 0" in [line for line in lines if "desired" in line][-1]
    assert "Back at zero" in lines[-1]


def test_ctrl_c_before_the_first_status(world, scripted):
    asked, ended = threading.Event(), threading.Event()

    def hold():
        asked.set()
        ended.wait(60)
    client = start_run(world, scripted(accepting(hold)).url)
    assert asked.wait(60)
    client.signal(signal.SIGINT)
    assert client.wait() == 130
    ended.set()
    assert "muster pipeline follow 7" in client.output()


def test_a_second_ctrl_c_ends_at_once(world, server, small):
    pipeline = world.submit(server, config(build=job("true", parallelism=50)))
    pipeline.cancel().expect(202)
    pipeline.wait()
    reader, writer = os.pipe()  # nobody reads: the document gets stuck in it
    size = fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    client = subprocess.Popen(
        [world.binary, "pipeline", "follow", "1", "--json", "--server", server.url,
         "--token-file", server.data / "token"],
        stdout=writer, cwd=world.place, env=world.environment())

    def stuck():
        held = fcntl.ioctl(reader, termios.FIONREAD, b"1234")
        return int.from_bytes(held, sys.byteorder) == size

    def ended():
        client.send_signal(signal.SIGINT)
        return client.poll() is not None
    wait_until(stuck, 30, "the pipe to be full")
    wait_until(ended, 30, "the client's end")
    assert client.returncode == 130
    os.close(reader), os.close(writer)


def test_json_for_scripts(world, server, small):
    world.agent(server, small)
    text = config(build=job("true"))
    repository = world.repository(text)
    documents = {}
    for name, arguments in {"run": ["run", repository.directory],
                            "follow": ["pipeline", "follow", "1"],
                            "show": ["pipeline", "show", "1"],
                            "list": ["pipeline", "list"]}.items():
        result = world.client(server, *arguments, "--json")
        assert result.returncode == 0, result.stderr
        documents[name] = json.loads(result.stdout)
    assert documents["run"] == documents["follow"] == documents["show"]
    assert documents["run"]["state"] == "success"
    task = documents["run"]["workflows"][0]["jobs"][0]["tasks"][0]
    assert task["steps"][0]["exit_code"] == 0
    listed = documents["list"]["items"]
    assert [item["number"] for item in listed] == [1]
    assert listed[0]["id"] == documents["run"]["id"]


def test_a_failure_in_json_is_still_one_document(world, server, small):
    world.agent(server, small)
    repository = world.repository(config(build=job("exit 4")))
    result = world.client(server, "run", repository.directory, "--json")
    assert result.returncode == 1
    assert json.loads(result.stdout)["state"] == "failed"


def test_the_output_shown_is_that_of_the_step_that_failed(world, server, small):
    """Also where a step before it never ran, and has no place in the list of steps."""
    world.agent(server, small)
    build = job()
    build["steps"] = [{"run": {"name": "Only after a failure", "when": "on_fail",
                               "command": "echo cleaning up"}},
                      {"run": {"name": "Break", "command": "echo the reason; exit 3"}}]
    repository = world.repository(config(build=build))
    result = world.client(server, "run", repository.directory)
    assert result.returncode == 1
    assert "build: step 'Break' failed with exit code 3\nthe reason\n" in result.stdout


def test_without_a_scaler_the_fleet_is_not_waited_for_long(world, server, small):
    world.agent(server, small)
    repository = world.repository(config(build=job("true")))
    result = world.client(server, "run", repository.directory, "--fleet")
    assert result.returncode == 1
    assert "No scaler reports on local/small: is 'muster scale' running?" in result.stdout


@pytest.mark.threads
def test_the_fleet_is_waited_for_until_it_is_back_at_zero(world, server, small):
    world.scaler(world.scaler_config(server, {"local/small": (small, {"max": 2})}))
    repository = world.repository(config(build=job("sleep 2", parallelism=2)))
    result = world.client(server, "run", repository.directory, "--fleet")
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"^Peak: [12] runners? \(local/small [12]\)\.$", result.stdout, re.M)
    assert re.search(r"^Back at zero \d+(\.\d s| ms) after the last job\.$", result.stdout, re.M)


def test_a_fleet_with_a_minimum_is_waited_for_until_it_is_back_at_that(world, server, small):
    world.scaler(world.scaler_config(server, {"local/small": (
        small, {"min": 1, "max": 2, "local": {"idle_timeout": "30s"}})}))
    repository = world.repository(config(build=job("sleep 2")))
    result = world.client(server, "run", repository.directory, "--fleet")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Back at its minimum of 1 runner " in result.stdout
