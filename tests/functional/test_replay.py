"""muster replay: what a real scaler has decided, decided again."""

import json
import sqlite3
import subprocess

import pytest

from support.pipeline import config, job
from support.waiting import wait_until


@pytest.fixture
def configured(world, server, small):
    """A scaler's configuration, with another maximum as another file."""
    def write(maximum):
        file = world.scaler_config(server, {"local/small": (small, {"max": maximum})})
        return file.rename(world.place / f"max-{maximum}.yaml")
    return write


@pytest.fixture
def log(world, server, configured):
    """The log of a daemon that has run a pipeline of five tasks, three at a time at most."""
    scaler = world.scaler(configured(3))
    pipeline = world.submit(server, config(build=job("true", parallelism=5)))
    assert pipeline.wait()["state"] == "success"
    file = world.place / "scaler-state/scaler.db"
    wait_until(lambda: live(file) == 0, 60, "a fleet of zero")
    assert scaler.stop() == 0
    return file


def rows(file, columns="resource_class, snapshot, decision"):
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        return database.execute(f"SELECT {columns} FROM decision ORDER BY id").fetchall()


def live(file):
    return json.loads(rows(file)[-1][2])["counts"]["live"]


def lines(file):
    """As a scaler without a disk prints them."""
    return [json.dumps({"version": 1, "resource_class": name, "snapshot": json.loads(snapshot),
                        "decision": json.loads(decision)}) + "\n"
            for name, snapshot, decision in rows(file)]


def test_what_a_daemon_has_decided_is_decided_again(world, log):
    done = world.run("replay", log)
    assert (done.returncode, done.stderr) == (0, "")
    assert "of one class from 20" in done.stdout
    assert "All are the same.\nS1 to S8 hold, as far as a decision shows.\n" in done.stdout
    report = json.loads(world.run("replay", log.parent, "--json").stdout)
    assert report["decisions"] == report["same"] == len(rows(log)) >= 5
    assert report["differences"] == report["violations"] == []
    assert report["classes"] == {"local/small": report["decisions"]}


def test_a_scaler_at_work_is_not_disturbed(world, server, configured):
    world.scaler(configured(1))
    file = world.place / "scaler-state/scaler.db"
    wait_until(lambda: world.run("replay", file).returncode == 0, 60, "a decision in its log")


def test_another_policy_shows_where_they_part(world, log, configured):
    lower = configured(1)
    done = world.run("replay", log, "--policy", lower)
    assert (done.returncode, done.stderr) == (1, "")
    assert "acts otherwise (decision " in done.stdout
    assert "maximum: at most 1 may be live and 0 are: launch 1 instead of " in done.stdout
    assert "muster simulate" in done.stdout
    report = json.loads(world.run("replay", log, "--policy", lower, "--json").stdout)
    first = report["differences"][0]
    assert first["in"][0] == "acts" and first["resource_class"] == "local/small"
    assert first["recorded"]["launch"] > first["now"]["launch"] == 1
    assert report["differ"] == len(report["differences"]) == report["decisions"] - report["same"]
    assert report["policy"] == str(lower)
    assert report["violations"] == []


def test_its_own_policy_changes_nothing(world, log):
    done = world.run("replay", log, "--policy", world.place / "max-3.yaml")
    assert done.returncode == 0, done.stdout


def test_a_decision_that_was_wrong_is_told_with_its_invariant(world, log):
    with sqlite3.connect(log) as database:
        database.execute("UPDATE decision SET decision = json_set(decision, '$.launch', 50, "
                         "'$.desired', 50) WHERE id = 1")
    done = world.run("replay", log)
    assert done.returncode == 1
    assert "breaks S4 (decision 1, recorded): 50 are desired of at most 3" in done.stdout
    assert "1 differ: 1 act otherwise" in done.stdout


def test_a_plan_and_lines_of_json(world, server, configured):
    planned = world.run("plan", "--config", configured(2), "--json")
    done = world.run("replay", "-", standard_input=planned.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("standard input: 1 decision of one class")


def cut(text):
    """As lines, with their number: the last one, with and without its end, and one in the middle
    before others, which were appended on the next line or on its own."""
    first, second, *rest, last = text
    return {"at its end": ([first, second, *rest, last[:-100]], len(text), 1),
            "and its line ended": ([first, second, *rest, last[:-100] + "\n"], len(text), 1),
            "before others": ([first, second[:-100] + "\n", *rest, last], 2, 1),
            "appended to": ([first[:-100], second, *rest, last], 1, 1),
            "appended to, before a value": (
                [first[:first.index('"snapshot"') + 11], second, *rest, last], 1, 1)}


@pytest.mark.parametrize("name", ["at its end", "and its line ended", "before others", "appended to",
                                  "appended to, before a value"])
def test_of_a_log_that_is_cut_off_what_is_whole_is_read(world, log, name):
    whole = lines(log)
    text, line, missing = cut(whole)[name]
    file = world.place / "log.jsonl"
    file.write_text("".join(text))
    told = f"muster: {file}: a record is cut off, and left out: line {line}\n"
    done = world.run("replay", file, "--json")
    assert (done.returncode, done.stderr) == (0, told)
    report = json.loads(done.stdout)
    assert (report["decisions"], report["cut_off_lines"]) == (len(whole) - missing, [line])
    assert told in world.run("explain", "--log", file).stderr
    assert told in world.run("export-trace", "--log", file).stderr


def test_a_log_that_ends_with_zeros_after_a_power_cut_is_read_until_there(world, log):
    whole = lines(log)
    file = world.place / "log.jsonl"
    file.write_text("".join(whole[:-1]) + whole[-1][:100] + 4096 * "\0")
    told = f"muster: {file}: a record is cut off, and left out: line {len(whole)}\n"
    done = world.run("replay", file, "--json")
    assert (done.returncode, done.stderr) == (0, told)
    assert json.loads(done.stdout)["decisions"] == len(whole) - 1
    assert told in world.run("explain", "--log", file).stderr
    assert told in world.run("export-trace", "--log", file).stderr
    file.write_text(whole[0] + 4096 * "\0" + "\n" + whole[1])
    done = world.run("replay", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert "line 2: this is no JSON" in done.stderr


def test_many_that_are_cut_off_are_counted(world, log):
    whole = lines(log)
    file = world.place / "log.jsonl"
    file.write_text((whole[0][:90] + "\n") * 7 + whole[0])
    done = world.run("replay", file)
    assert done.returncode == 0
    assert done.stderr.endswith("7 records are cut off, and left out: line 1, 2, 3, 4, 5 and 2 more\n")


def test_a_pipe_is_as_good_as_a_file(world, log, binary):
    file = world.place / "log.jsonl"
    file.write_text("".join(lines(log)))
    done = subprocess.run(["bash", "-c", '"$1" replay <(cat "$2")', "_", binary, file],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert f"{len(rows(log))} decisions of one class" in done.stdout


def broken(text, old, new):
    assert old in text
    return text.replace(old, new, 1)


BAD_LINES = {
    "no JSON": (lambda line: "hello\n", "line 2: this is no JSON"),
    "no record": (lambda line: "{}\n", "line 2: this is no record of a decision"),
    "a newer version": (lambda line: broken(line, '"version": 1', '"version": 9'),
                        "line 2: version: 9 is not a version that this muster reads"),
    "an unknown rule": (lambda line: broken(line, '"rule": "', '"rule": "x'),
                        "line 2: decision.reasons[0].rule: 'x"),
    "an unknown key": (lambda line: broken(line, '"max": 3', '"max": 3, "mx": 4'),
                       "line 2: snapshot.policy: 'mx' is unknown (did you mean 'max'?)"),
    "an absurd number": (lambda line: broken(line, '"max": 3', '"max": 1e99'),
                         "line 2: snapshot.policy.max: expected a whole number"),
    "an absurd launch": (lambda line: broken(line, '"launch": ', '"launch": 999999999'),
                         "line 2: decision.launch: 999999999"),
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_a_line_that_is_no_record_is_refused_with_its_number(world, log, name):
    put, why = BAD_LINES[name]
    first, second, *rest = lines(log)
    file = world.place / "log.jsonl"
    file.write_text("".join([first, put(second), *rest]))
    done = world.run("replay", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{file}: {why}" in done.stderr


def test_decisions_of_an_earlier_muster_are_left_out(world, log):
    with sqlite3.connect(log) as database:
        database.execute("UPDATE decision SET version = 0 WHERE id <= 2")
    done = world.run("replay", log)
    assert done.returncode == 0
    assert "Left out: 2 decisions of an earlier muster" in done.stdout
    with sqlite3.connect(log) as database:
        database.execute("UPDATE decision SET version = 0")
    done = world.run("replay", log)
    assert (done.returncode, done.stdout) == (2, "")
    assert "are of an earlier muster" in done.stderr


@pytest.mark.parametrize("arguments, why", [
    (["absent.db"], "absent.db"),
    (["empty.jsonl"], "empty.jsonl: there is no decision in it"),
    (["noise.db"], "noise.db: line 1: "),
    ([], "LOG is required"),
    (["empty.jsonl", "--policy", "absent.yaml"], "absent.yaml"),
    (["empty.jsonl", "--polcy", "x"], "did you mean '--policy'?"),
])
def test_a_bad_command_line(world, arguments, why):
    (world.place / "empty.jsonl").write_text("")
    (world.place / "noise.db").write_bytes(bytes(range(256)))
    done = world.run("replay", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr


def test_a_class_that_is_not_there(world, log, configured):
    done = world.run("replay", log, "--class", "local/large")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no decision of local/large to replay; its classes: local/small" in done.stderr
    done = world.run("replay", log, "--class", "local/large", "--policy", configured(1))
    assert done.returncode == 2 and "local/large is not in " in done.stderr
    assert world.run("replay", log, "--class", "local/small").returncode == 0
