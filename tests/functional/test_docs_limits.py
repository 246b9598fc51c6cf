"""docs/operate.md has the server's limits as the code has them."""

import re
from pathlib import Path

import pytest

from support.named import check_is_there, named_in

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/operate.md").read_text()
SECTION = re.search(r"^## Limits of the server$(.*?)^## ", PAGE, re.MULTILINE | re.DOTALL)[1]
ROWS = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in re.findall(r"^\| .*\|$", SECTION, re.MULTILINE)][1:]

# What a row calls it, and where the code has it.
CODE = {
    "a header": ("net/http_server.hpp", "header_limit"),
    "fields of a header": ("net/http_refusal.hpp", "kHeaderFields"),
    "a header, and each 64 KiB of a body, from its begin": ("net/http_server.hpp", "read_timeout"),
    "a connection between requests": ("net/http_server.hpp", "idle_timeout"),
    "each 256 KiB of an answer, to be taken": ("net/http_server.hpp", "write_timeout"),
    "connections": ("net/http_server.hpp", "connection_limit"),
    "requests of one known token, or of all others of one address, in a second":
        ("server/server.hpp", "requests_per_second"),
    "a body, if no other row has it": ("server/admission.cpp", "kLongestBody"),
    "a body that signs in": ("server/admission.cpp", "kLongestSignIn"),
    "a submission, in which the config is": ("server/admission.cpp", "kLongestSubmission"),
    "a config": ("pipeline/compile.hpp", "kLongestConfig"),
    "values of a config, once aliases are unfolded": ("yaml/value.hpp", "nodes"),
    "depth of a config": ("yaml/value.hpp", "depth"),
    "jobs of a config; of a workflow": ("pipeline/compile.cpp", "kMostJobs"),
    "workflows of a config": ("pipeline/compile.cpp", "kMostWorkflows"),
    "tasks of a pipeline": ("pipeline/compile.cpp", "kMostTasks"),
    "steps of a job": ("pipeline/read_job.cpp", "kMostSteps"),
    "queued tasks, when a pipeline is submitted": ("server/pipeline_api.cpp", "kMostQueued"),
    "a source": ("server/admission.cpp", "kLongestSource"),
    "output in one request": ("server/admission.cpp", "kLongestUpload"),
    "bodies that are not whole yet, all together, without the first 64 KiB of each and without sources":
        ("net/http_server.hpp", "half_bodies_limit"),
    "output of a step": ("store/files.cpp", "kLongestOutput"),
    "room of the disk that is not given to output and sources": ("store/room.cpp", "kMost"),
    "output of a task that its agent holds for the server": ("agent/task_runner.cpp", "kUnsentOutput"),
    "output of a step on the page": ("../web/src/parts/log.tsx", "kMostBytes"),
    "output in the answer to a `Range`": ("server/pipeline_api.cpp", "kLongestSlice"),
    "readings of a stream of events": ("server/events_api.cpp", "kMostWatched"),
    "streams of events of a token, with those of its sessions": ("server/dispatcher.cpp", "kMostStreams"),
    "a long poll": ("server/call.cpp", "kLongestWait"),
    "a runner's silence about its task": ("server/server.hpp", "lease"),
    "runners of a class that the server knows": ("store/runners.cpp", "kMostOfAClass"),
    "a session that is not used": ("store/sessions.hpp", "kIdleSession"),
    "a session": ("store/sessions.hpp", "kLongestSession"),
    "sessions of a token": ("store/sessions.cpp", "kMostSessions"),
    "a code that signs in": ("store/sessions.hpp", "kSignInCodeLife"),
    "codes of a token that were not used yet": ("store/sessions.cpp", "kMostCodes"),
    "rows of the audit log": ("store/audit.cpp", "kMostDeeds"),
    "a row of the audit log": ("store/audit.cpp", "kLongestDeed"),
    "rows of the audit log in one answer": ("server/audit.cpp", "kMostItems"),
    "decisions of a class in one report": ("protocol/messages.hpp", "kMostDecisions"),
    "decisions of a class that are kept": ("store/decision_log.cpp", "kMostOfAClass"),
    "a decision": ("store/decision_log.cpp", "kLongestKept"),
    "decisions in one answer": ("server/history_api.cpp", "kMostItems"),
    "series of a metric": ("metrics/registry.hpp", "kMostSeries"),
    "requeues of a class": ("store/catalog.cpp", "kMostRequeues"),
}
SIZES = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "s": 1, "min": 60, "h": 3600, "days": 86_400}


def value_in_the_code(file, name):
    text = (ROOT / "src" / file).read_text()
    declared = re.search(rf"\b{name} = ([^;]+);", text)
    assert declared, f"src/{file} has no {name} any more: say in CODE where the limit is now"
    words = declared[1].replace("std::chrono::", "").replace("'", "").replace("ULL", "")
    return eval(words, {
        "seconds": int, "minutes": lambda n: n * 60, "hours": lambda n: n * 3600,
        "days": lambda n: n * 86_400})  # noqa: S307


def value_in_the_page(cell):
    number, unit = re.match(r"([\d,]+)(?: (KiB|MiB|GiB|s|min|h|days)\b)?", cell).groups()
    return int(number.replace(",", "")) * SIZES.get(unit, 1)


def test_each_limit_has_a_row():
    assert [row[0] for row in ROWS] == [*CODE], "the rows of the table are those of CODE"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_row_is_as_the_code_has_it(row):
    file, name = CODE[row[0]]
    assert value_in_the_page(row[1]) == value_in_the_code(file, name), f"{name} of src/{file}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_row_names_a_test(row):
    assert named_in(row[3]), "which test shows what happens past it?"


@pytest.mark.parametrize(("file", "name"), named_in(SECTION))
def test_a_test_that_is_named_is_there(file, name):
    check_is_there(file, name)
