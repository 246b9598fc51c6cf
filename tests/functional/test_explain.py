"""muster explain: why a class or a job waits, from a real scaler's log and a real server."""

import json
from datetime import datetime

import pytest

from support.pipeline import config, job
from support.waiting import wait_until

STUCK = {"build": job("sleep 600", parallelism=2), "test": job("true")}


@pytest.fixture
def configured(world, server, small):
    return world.scaler_config(server, {"local/small": (small, {"max": 1})})


@pytest.fixture
def stuck(world, server, configured):
    """A pipeline of which one task runs, as many as may, one waits for it, and a job for both."""
    world.scaler(configured)
    pipeline = world.submit(server, config(requires={"test": ["build"]}, **STUCK))

    def full():
        done = world.run("explain", "--config", configured, "--json")
        if done.returncode != 0:
            return False
        (about,) = json.loads(done.stdout)["classes"]
        return about["instances"]["busy"] == 1 and about["unclaimed"] == 1
    wait_until(full, 60, "a class at its maximum")
    return pipeline


def test_a_class_at_its_maximum(world, stuck, configured):
    done = world.run("explain", "local/small", "--config", configured)
    assert (done.returncode, done.stderr) == (0, "")
    for words in ("local/small, as decided at 20", "1 waiting, 1 running; the oldest has waited since 20",
                  "why       maximum: at most 1 may be live and 1 are: launch 0 instead of 1\n",
                  "remedy    wait until a task ends, or raise 'max', which is 1\n",
                  "expected  when the task that runs ends, and nobody can tell when\n"):
        assert words in done.stdout, done.stdout


def test_its_json(world, stuck, configured):
    log = world.place / "scaler-state"
    report = json.loads(world.run("explain", "--log", log, "--json").stdout)
    (about,) = report["classes"]
    assert (report["tasks"], report["server"]) == ([], None)
    assert about["waiting_since"] <= about["at"]
    assert [cause["rule"] for cause in about["causes"]] == ["queue", "maximum"]
    bound = about["causes"][1]
    assert (bound["wanted"], bound["allowed"], bound["until"]) == (1, 0, None)
    assert datetime.fromisoformat(bound["since"]) <= datetime.fromisoformat(about["at"])
    assert about["boots"]["seen"] == 1 and about["boots"]["median_seconds"] < 60
    assert about["expected_start"] is None and about["expected"]


def test_each_job_says_what_it_waits_for(world, server, stuck, configured):
    done = world.client(server, "explain", stuck.number, "--config", configured)
    assert (done.returncode, done.stderr) == (0, "")
    tasks, why = done.stdout.split("\n\n")
    states = [line.split("  ", 1)[1].strip() for line in tasks.splitlines()]
    assert sorted(state.split()[0] for state in states) == ["blocked:", "queued", "running"]
    assert any("waits for a runner of local/small" in state for state in states)
    assert "blocked: waits for build (" in tasks
    assert why.startswith("local/small, as decided at ")
    one = world.client(server, "explain", stuck.number, "test", "--config", configured, "--json")
    (task,) = json.loads(one.stdout)["tasks"]
    assert (task["name"], task["state"]) == ("test", "blocked")
    assert [needed["name"] for needed in task["waits_for_jobs"]] == ["build"]
    assert json.loads(one.stdout)["classes"] == []


def test_without_a_log_the_server_tells_what_it_knows(world, server, stuck):
    wait_until(lambda: server.api.get("/api/muster/v1/fleet").expect(200).json()["classes"][0]
               .get("fleet", {}).get("live") == 1, 60, "a report of the scaler")
    for what in (stuck.number, "local/small"):
        done = world.client(server, "explain", what)
        assert (done.returncode, done.stderr) == (0, "")
        assert "local/small: 1 task waits, and the class is at its maximum of 1 runner." in done.stdout
    report = json.loads(world.client(server, "explain", "local/small", "--json").stdout)
    assert report["server"]["classes"][0]["unclaimed"] == 1 and report["classes"] == []


def test_that_no_scaler_is_there(world, server, small):
    pipeline = world.submit(server, config(build=job("true")))
    done = world.client(server, "explain", pipeline.number)
    assert done.returncode == 0
    assert "build  queued for " in done.stdout
    assert "local/small: 1 task waits, and no scaler has ever reported." in done.stdout
    assert "Start one: muster scale" in done.stdout


def test_an_instance_that_never_connects(world, server):
    """Its token is of another class: the boots fail, and the next may begin at a known time."""
    server.create_class("local/small")
    other = server.create_class("local/other")
    file = world.scaler_config(server, {"local/small": (other, {"max": 1})})
    world.scaler(file)
    world.submit(server, config(build=job("true")))

    def backing_off():
        done = world.run("explain", "local/small", "--config", file, "--json")
        if done.returncode != 0:
            return None
        (about,) = json.loads(done.stdout)["classes"]
        return next((cause for cause in about["causes"] if cause["rule"] == "backoff"
                     and cause["until"]), None)
    cause = wait_until(backing_off, 60, "a back-off")
    assert "muster doctor" in cause["remedy"]
    assert cause["until"] > cause["since"]


@pytest.mark.parametrize("arguments, why", [
    ([], "say what: a class, or a pipeline's number; or give --config FILE"),
    (["nothing"], "'nothing' is neither a class such as namespace/name nor a pipeline's number"),
    (["local/small", "test"], "JOB goes with a pipeline"),
    (["local/large", "--log", "one.jsonl"], "one.jsonl: line 1: this is no JSON"),
    (["--log", "absent.db"], "absent.db"),
    (["--log", "empty.jsonl"], "empty.jsonl: there is no decision of any class in it yet"),
    (["local/large", "--log", "empty.jsonl"], "see that it runs, and that this is its log"),
])
def test_a_bad_command_line(world, arguments, why):
    (world.place / "one.jsonl").write_text("hello\n")
    (world.place / "empty.jsonl").write_text("\n")
    done = world.run("explain", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr


def test_a_job_or_class_that_is_not_there(world, server, stuck, configured):
    done = world.client(server, "explain", stuck.number, "deploy")
    assert done.returncode == 2 and "has no job 'deploy'; it has: " in done.stderr
    done = world.client(server, "explain", "local/large")
    assert done.returncode == 2 and "the server has no class local/large" in done.stderr
    done = world.run("explain", "local/large", "--config", configured)
    assert done.returncode == 2
    assert "there is no decision of local/large; there are some of local/small. " in done.stderr


def test_a_scaler_that_prints_its_decisions(world, server, configured):
    settings = json.loads(configured.read_text())
    del settings["state_directory"]
    settings["lease"] = {"table": "scalers"}
    (policy,) = settings["resource_classes"].values()
    policy["command"] = {"program": ["true"]}
    del policy["local"]
    configured.write_text(json.dumps(settings))
    done = world.run("explain", "--config", configured)
    assert done.returncode == 2
    assert "has no state_directory, and so its scaler prints its decisions" in done.stderr
