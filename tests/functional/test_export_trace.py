"""muster export-trace: what has run, as a trace that muster simulate reads."""

import csv
import io
import json
import re
from datetime import datetime, timedelta

import pytest

from support.pipeline import config, job
from support.waiting import wait_until

SECONDS = 2


@pytest.fixture
def history(world, server, small):
    """Of a server and its scaler: three tasks that have run, and one that never will."""
    scaler = world.scaler(world.scaler_config(server, {"local/small": (small, {"max": 2})}))
    jobs = config(test=job(f"sleep {SECONDS}", parallelism=2), fails=job(f"sleep {SECONDS}; false"),
                  after=job("true"), requires={"after": ["fails"]})
    assert world.submit(server, jobs).wait()["state"] == "failed"
    log = world.place / "scaler-state/scaler.db"
    wait_until(lambda: export(world, "--log", log)[1].count("not ended yet") == 0, 60,
               "the end of all in the log")
    assert scaler.stop() == 0
    return server.data, log


def export(world, *arguments):
    """Its rows, and what it says of them."""
    done = world.run("export-trace", *arguments)
    if done.returncode:
        return [], done.stderr
    return list(csv.DictReader(io.StringIO(done.stdout))), done.stderr


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_a_servers_history_is_a_trace_that_can_be_simulated(world, history):
    data, _ = history
    rows, said = export(world, "--data", data)
    assert said == "muster: 3 tasks; left out: 1 never ran\n"
    assert {row["resource_class"] for row in rows} == {"local/small"}
    assert all(SECONDS <= float(row["duration"]) < 60 for row in rows)
    times = [moment(row["queued_at"]) for row in rows]
    assert times == sorted(times) and times[-1] - times[0] < timedelta(minutes=1)

    file = world.place / "trace.csv"
    kept = world.run("export-trace", "--data", data, "--output", file)
    assert (kept.returncode, kept.stdout, kept.stderr) == (0, "", said)
    study = json.loads(world.run("simulate", file, "--json").stdout)
    assert study["traces"][0]["tasks"] == 3


def test_a_log_of_decisions_tells_about_as_much(world, history):
    data, log = history
    rows, said = export(world, "--log", log)
    exact, _ = export(world, "--data", data)
    unseen = sum(int(count) for count in re.findall(r"(\d+) never seen to run", said))
    assert said.startswith(f"muster: {len(rows)} tasks, estimated from counts")
    assert len(rows) + unseen == len(exact) == 3
    for row, real in zip(rows, exact):
        assert abs(moment(row["queued_at"]) - moment(real["queued_at"])) < timedelta(seconds=5)
        assert float(row["duration"]) == pytest.approx(float(real["duration"]), abs=5)
    text = world.run("export-trace", "--log", log.parent).stdout
    done = world.run("simulate", "-", standard_input=text)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_wanted_can_be_said(world, history):
    data, _ = history
    rows, _ = export(world, "--data", data, "--since", "1h", "--class", "local/small")
    assert len(rows) == 3
    latest = rows[-1]["queued_at"]
    later, _ = export(world, "--data", data, "--since", latest)
    earlier, _ = export(world, "--data", data, "--until", latest)
    assert later and len(later) + len(earlier) == 3
    for none in (["--until", "1h"], ["--class", "local/large"]):
        done = world.run("export-trace", "--data", data, *none)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("muster: no task that has run was found")


@pytest.mark.parametrize("arguments, complaint", [
    (["--data", "empty"], "empty has no muster.db: give the --data directory of a muster server"),
    (["--since", "yesterday"], "--since: 'yesterday' is neither a time such as 2026-01-05T09:00:00Z "
                               "nor a duration such as 168h"),
    (["--since", "1h", "--until", "2h"], "and not before --until"),
    (["--log", "none.jsonl"], "cannot open none.jsonl"),
    (["--log", "bad.jsonl"], "bad.jsonl: line 1: "),
    (["--log", "bad.jsonl", "--data", "empty"], "--log"),
])
def test_what_cannot_be_is_told(world, arguments, complaint):
    (world.place / "empty").mkdir()
    (world.place / "bad.jsonl").write_text('{"version":1}\n')
    done = world.run("export-trace", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr


def test_a_file_that_cannot_be_written_is_of_this_machine(world, history):
    data, _ = history
    done = world.run("export-trace", "--data", data, "--output", world.place / "none/trace.csv")
    assert done.returncode == 5 and done.stdout == ""
