"""muster simulate: what a trace would have waited and cost, without a server, a cloud or a token."""

import gzip
import json
import os
import pty
import re
import resource
import subprocess
from html.parser import HTMLParser

import pytest

HEADER = "resource_class,queued_at,duration\n"
PEERS = "tutorial,provisioner,buildkite,gitlab,drone,fixed:3,bound"
MEMBERS = ["name", "wait_p50", "wait_p95", "wait_p99", "wait_max", "instance_hours", "idle_share",
           "launches", "wasted_boots"]


@pytest.fixture
def simulate(binary, tmp_path):
    def run(*arguments, **more):
        return subprocess.run([binary, "simulate", *map(str, arguments)], cwd=tmp_path,
                              capture_output=True, timeout=300, env={"PATH": "/usr/bin"},
                              **{"text": True, **more})
    return run


@pytest.fixture
def trace(tmp_path):
    """A task every ten minutes, for a minute each."""
    file = tmp_path / "trace.csv"
    file.write_text(HEADER + "".join(f"acme/linux,{600 * i},60\n" for i in range(30)))
    return file


def test_a_table(simulate, trace):
    done = simulate(trace, "--compare", PEERS)
    assert (done.returncode, done.stderr) == (0, "")
    assert "30 tasks of 1 class" in done.stdout
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines()[4:]}
    assert list(rows) == ["muster", *PEERS.split(",")]
    assert 90 <= float(rows["muster"][2]) <= 96  # a boot, and a poll
    assert float(rows["tutorial"][2]) > 96
    assert float(rows["fixed:3"][4]) == 0


def test_json_has_the_members_that_are_promised(simulate, trace):
    done = simulate(trace, "--json", "--policy", "muster,muster-single", "--policy", "bound")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert [list(policy) for policy in report["policies"]] == [MEMBERS] * 3
    assert report["traces"][0]["policies"] == report["policies"]
    single = report["policies"][1]
    assert single["launches"] == 30 and single["wasted_boots"] == 0
    assert single["instance_hours"] == pytest.approx(30 * 150 / 3600)
    assert single["idle_share"] == pytest.approx(0.6)


def test_a_price_adds_the_cost(simulate, trace):
    report = json.loads(simulate(trace, "--json", "--policy", "muster-single",
                                 "--price", "0.5").stdout)
    assert report["policies"][0]["cost"] == pytest.approx(30 * 150 / 3600 * 0.5)


def test_a_price_may_have_six_decimals(simulate, trace):
    done = simulate(trace, "--policy", "muster-single", "--price", "0.0416")
    assert "0.0416 an instance-hour" in done.stdout.splitlines()[0]
    report = json.loads(simulate(trace, "--json", "--policy", "muster-single",
                                 "--price", "0.041667").stdout)
    assert report["policies"][0]["cost"] == pytest.approx(30 * 150 / 3600 * 0.041667, abs=2e-6)


def test_a_terminal_shows_how_far_it_is(binary, trace):
    ours, theirs = pty.openpty()
    done = subprocess.run([binary, "simulate", str(trace), "--compare", "bound"], stderr=theirs,
                          stdout=subprocess.PIPE, timeout=300, text=True)
    os.close(theirs)
    shown = os.read(ours, 4096).decode()
    os.close(ours)
    assert done.returncode == 0 and "30 tasks of 1 class" in done.stdout
    assert "\rmuster: 1 of 2 policies" in shown.replace("\x1b[K", "")
    assert "bound: 2 of 2 policies" in shown
    assert shown.endswith("\r\x1b[K"), "the line is left there; it should disappear"


def test_several_traces_are_told_one_by_one_and_together(simulate, trace, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text(HEADER + "acme/large,2026-01-05T09:00:00Z,30\n")
    report = json.loads(simulate("--json", "--compare", "bound", trace, other).stdout)
    assert [each["tasks"] for each in report["traces"]] == [30, 1]
    assert report["policies"][0]["instance_hours"] == pytest.approx(
        sum(each["policies"][0]["instance_hours"] for each in report["traces"]), abs=1e-5)


def test_circlecis_usage_export_as_it_is(simulate, tmp_path):
    export = tmp_path / "export.csv"
    export.write_text("PROJECT_NAME,RESOURCE_CLASS,JOB_RUN_QUEUED_AT,JOB_RUN_STARTED_AT,"
                      "JOB_RUN_STOPPED_AT\n"
                      "web,acme/linux,2026-01-05 09:05:00,2026-01-05 09:05:09,2026-01-05 09:06:09\n"
                      "web,acme/linux,2026-01-05 09:00:00,2026-01-05 09:00:09,2026-01-05 09:01:09\n"
                      "web,acme/linux,2026-01-05 09:00:00,\\N,\\N\n"
                      "web,,2026-01-05 09:00:00,2026-01-05 09:00:09,2026-01-05 09:01:09\n"
                      "web,\\N,2026-01-05 09:00:00,2026-01-05 09:00:09,2026-01-05 09:01:09\n")
    done = simulate(export)
    assert done.returncode == 0
    assert "2 tasks of 1 class" in done.stdout and "3 jobs left out" in done.stdout


EXPORT = "resource_class,job_run_queued_at,job_run_started_at,job_run_stopped_at\n"


def test_several_exports_are_one_trace(simulate, trace, tmp_path):
    """Three tasks at once, two of them in one file and one in another: a fleet of two has no room."""
    row = "acme/linux,2026-01-05 09:00:00 +0000 UTC,2026-01-05 09:00:09 +0000,2026-01-05 09:01:09\n"
    for name, rows in ("1.csv", 2 * row), ("2.csv", row):
        (tmp_path / name).write_text(EXPORT + rows)
    done = simulate("--json", "--policy", "fixed:2", "1.csv", trace, "2.csv", trace)
    assert (done.returncode, done.stderr) == (0, "")
    merged, *others = json.loads(done.stdout)["traces"]
    assert (merged["name"], merged["tasks"]) == ("1.csv + 2.csv", 3)
    assert merged["policies"][0]["wait_max"] == 60
    assert [each["tasks"] for each in others] == [30, 30]
    many = simulate("--json", *4 * ["1.csv"])
    assert [each["name"] for each in json.loads(many.stdout)["traces"]] == ["1.csv and 3 more exports"]


def test_an_export_that_is_still_compressed(simulate, tmp_path):
    packed = tmp_path / "export.csv.gz"
    packed.write_bytes(gzip.compress(HEADER.encode()))
    done = simulate(packed)
    assert (done.returncode, done.stdout) == (2, "")
    assert "export.csv.gz: it is compressed by gzip; unpack it with gunzip first" in done.stderr


def test_only_some_classes(simulate, trace, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text(HEADER + "acme/large,0,30\ncloud/medium,1,30\n")
    done = simulate("--json", "--class", "acme/large", "--class", "acme/linux", trace, other)
    assert (done.returncode, done.stderr) == (0, "")
    assert [each["tasks"] for each in json.loads(done.stdout)["traces"]] == [30, 1]
    alone = simulate("--class", "acme/large", trace, other)
    assert "1 task of 1 class" in alone.stdout and "acme/linux" not in alone.stdout
    done = simulate("--class", "acme/lrage", trace, other)
    assert (done.returncode, done.stdout) == (2, "")
    assert ("--class: there is no task of acme/lrage, but of acme/large, acme/linux, cloud/medium"
            in done.stderr)


def test_standard_input(simulate, trace):
    assert simulate("-", input=trace.read_text()).stdout.count("standard input: 30 tasks") == 1


def test_the_same_seed_gives_the_same(simulate):
    arguments = ("--generate", "week,days=1,stages=1-3", "--boot", "lognormal:90s:0.3", "--json",
                 "--compare", "tutorial")
    first, second = simulate(*arguments), simulate(*arguments)
    assert first.returncode == 0 and first.stdout == second.stdout
    assert simulate(*arguments, "--seed", "2").stdout != first.stdout


def test_a_replacement_takes_a_time_by_chance(simulate, trace):
    always, by_chance = (
        json.loads(simulate(trace, "--json", "--policy", "tutorial,muster", "--replace-after",
                            delay).stdout)["policies"]
        for delay in ("60s", "lognormal:60s:0.5"))
    assert always[0] != by_chance[0] and always[1] == by_chance[1]


def test_what_is_generated_can_be_kept(simulate, tmp_path):
    made = simulate("--generate", "week,days=1", "--json", "--write-trace", "kept.csv")
    again = simulate(tmp_path / "kept.csv", "--json")
    assert json.loads(made.stdout)["policies"] == json.loads(again.stdout)["policies"]


@pytest.fixture
def configured(tmp_path):
    """A muster.yaml with one class of this policy."""
    def write(name="muster.yaml", resource_class="acme/linux", **policy):
        file = tmp_path / name
        file.write_text(json.dumps({
            "circleci": {"token_variable": "NOT_SET"}, "state_directory": "scaler",
            "resource_classes": {resource_class: {
                "max": 3, "command": {"program": ["./machines"], "mode": "continuous"}, **policy}}}))
        return file
    return write


OFFICE = {"name": "office", "start": "0 8 * * 1-5", "end": "0 18 * * 1-5", "warm": 1}


def test_a_configuration_is_a_policy(simulate, tmp_path, configured):
    dated = tmp_path / "dated.csv"
    dated.write_text(HEADER + "".join(f"acme/linux,2026-01-05T{hour:02}:30:00Z,60\n"
                                      for hour in range(24)))
    configured(schedules=[OFFICE])
    configured("plain.yml")
    done = simulate(dated, "--json", "--policy", "muster,muster.yaml", "--compare", "plain.yml",
                    "--idle-timeout", "15m")
    assert (done.returncode, done.stderr) == (0, "")
    ours, office, plain = json.loads(done.stdout)["policies"]
    assert (ours["name"], office["name"], plain["name"]) == ("muster", "muster.yaml", "plain.yml")
    assert office["wait_p50"] > 85 and office["instance_hours"] > ours["instance_hours"] + 5
    assert {**ours, "name": ""} == {**plain, "name": ""}


def test_a_configuration_must_fit_the_trace(simulate, trace, configured):
    configured(schedules=[OFFICE])
    done = simulate(trace, "--policy", "muster.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert "muster.yaml has schedules, and the trace tells no dates" in done.stderr
    configured("other.yaml", "acme/large")
    done = simulate(trace, "--policy", "other.yaml")
    assert done.returncode == 2
    assert "acme/linux of the trace is not in other.yaml, which has acme/large" in done.stderr
    configured("wrong.yaml", min=4)
    done = simulate(trace, "--policy", "wrong.yaml")
    assert done.returncode == 2 and "wrong.yaml:1:" in done.stderr
    assert simulate(trace, "--policy", "none.yaml").returncode == 2


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.words, self.outside = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.outside += [value for name, value in attrs if name in ("src", "href", "xlink:href")]

    def handle_data(self, data):
        self.words.append(data)


def test_a_page_that_needs_nothing_else(simulate, trace, tmp_path):
    done = simulate(trace, "--compare", PEERS, "--html", "page.html")
    assert done.returncode == 0 and "muster" in done.stdout
    text = (tmp_path / "page.html").read_text()
    page = Page(text)
    assert not page.outside and not {"script", "link", "img", "iframe"} & {*page.tags}
    assert not re.search(r"https?:|url\(|@import", text)
    assert "prefers-color-scheme: dark" in text
    # One plot of wait against cost, and one over time for each but the bound.
    assert page.tags.count("svg") == 1 + 7
    assert {"desired", "actual", "busy", "tasks that wait:", "at most"} <= {*page.words}
    assert any(word.startswith("instance-hours") for word in page.words)


BAD_TRACES = {
    "nothing": ("", "the file is empty"),
    "no header": ("acme/linux,0,60\n", "line 1: the header has no resource_class"),
    "unordered": (HEADER + "a/b,5,60\na/b,4,60\n", "line 3: queued_at is before that of line 2"),
    "negative": (HEADER + "a/b,0,-60\n", "line 2: duration: '-60' is negative"),
    "absurd": (HEADER + "a/b,0,99999999999\n", "line 2: a task of more than 30 days"),
    "missing": (HEADER + "a/b,0,60\n,1,60\n", "line 3: the resource class is missing"),
    "cut off": (HEADER + "a/b,0,60\na/b,1", "line 3: 2 fields where the header has 3"),
    "not UTF-8": (HEADER + "a/\udcff,0,60\n", "line 2: not UTF-8"),
}


@pytest.mark.parametrize("name", BAD_TRACES)
def test_a_bad_trace_is_refused_with_its_line_before_anything_runs(simulate, trace, tmp_path, name):
    text, why = BAD_TRACES[name]
    bad = tmp_path / "bad.csv"
    bad.write_text(text, errors="surrogateescape")
    done = simulate(trace, bad, "--html", "page.html")
    assert done.returncode == 2
    assert done.stdout == ""
    assert f"bad.csv: {why}" in done.stderr
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize("arguments, why", [
    ([], "give a TRACE, or --generate one"),
    (["trace.csv", "--generate", "week"], "not both"),
    (["absent.csv"], "absent.csv"),
    (["trace.csv", "--policy", "tutorail"], "did you mean 'tutorial'?"),
    (["trace.csv", "--compare", "fixed:0"], "a fixed fleet has 1 to"),
    (["trace.csv", "--boot", "soon"], "is no duration or distribution"),
    (["trace.csv", "--price", "-1"], "is no price"),
    (["trace.csv", "--price", "0.0416666"], "with at most six decimals"),
    (["trace.csv", "--max", "0"], "is not a number from 1 to 100000"),
    (["trace.csv", "--seed", "x"], "is not a number from 0"),
    (["trace.csv", "--replace-after", "1"], "--replace-after: '1' is no duration or distribution"),
    (["trace.csv", "--write-trace", "x.csv"], "only for what --generate makes"),
    (["--generate", "week,rat=3"], "there is no 'rat' (did you mean 'rate'?)"),
    (["--generate", "week,rate=1,days=1,rate=2"], "rate is given twice"),
    (["--generate", "week,vary=0.5"], "'week,vary=0.5': vary is of a chain alone"),
    (["--generate", "bursts,every=0s"], "every is a duration or distribution"),
    (["trace.csv", "--htm"], "did you mean '--html'?"),
])
def test_a_bad_command_line(simulate, trace, arguments, why):
    done = simulate(*arguments)
    assert done.returncode == 2
    assert why in done.stderr and done.stdout == ""


@pytest.mark.parametrize("option", ["--html", "--write-trace"])
def test_a_file_that_cannot_be_written_is_told_before_the_study(simulate, option):
    done = simulate("--generate", "week,rate=200", option, "absent/file")
    assert (done.returncode, done.stdout) == (5, "")
    assert "cannot write absent/file: open: No such file or directory" in done.stderr


def test_a_page_that_finds_no_room_leaves_the_table_and_the_device(simulate, trace, tmp_path):
    full = tmp_path / "full.html"
    full.symlink_to("/dev/full")
    done = simulate(trace, "--html", "full.html")
    assert done.returncode == 5
    assert "cannot write full.html: write: No space left on device" in done.stderr
    assert "30 tasks of 1 class" in done.stdout
    assert full.is_symlink() and full.is_char_device()


def test_a_page_that_may_not_become_so_large_leaves_the_table(simulate, trace, tmp_path):
    done = simulate(trace, "--html", "page.html",
                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)))
    assert done.returncode == 5
    assert "cannot write page.html: write: File too large" in done.stderr
    assert "30 tasks of 1 class" in done.stdout
    assert not (tmp_path / "page.html").exists()
