"""docs/operate.md has an entry for all that may wake a person; its query and its commands work."""

import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from support.alarms import alarms as template_alarms
from support.alarms import metrics
from support.moto import REGION, Moto
from support.stack import Stack

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
PAGE = (ROOT / "docs/operate.md").read_text()

STRING = r'"(?:[^"\\]|\\.)*"'
# What is said, with all the strings that it may choose from; log::write is told the level before.
CALL = re.compile(rf'log::(?:warn|error|write)\(((?:{STRING}|[^";])*?)(?:,\s*\{{\{{|\);)')
LITERAL = re.compile(rf"(?:{STRING}\s*)+")


def named_in_the_page(name):
    """As code, in a cell or alone; `{}` is `{}`."""
    return f"`{name}`" in PAGE


def heading(name):
    return re.search(rf"^### {re.escape(name)}$", PAGE, re.MULTILINE)


def rules():
    """As describe.cpp names them, which the compiler holds to Rule."""
    text = (SRC / "scaling/describe.cpp").read_text()
    found = re.findall(r'case Rule::(\w+):\s+return "(\w+)";', text)
    declared = re.search(r"enum class Rule \{(.*?)\};", (SRC / "scaling/decide.hpp").read_text(),
                         re.DOTALL)[1]
    assert [rule for rule, _ in found] == re.findall(r"^\s*(\w+),", declared, re.MULTILINE)
    return [name for _, name in found]


def words_of(rule):
    """What describe() prints behind the details of a rule: the literal parts of its formats."""
    text = (SRC / "scaling/describe.cpp").read_text()
    cases = text[text.index("std::string in_words"):]
    block = re.search(rf"case Rule::{rule}:(.*?);", cases, re.DOTALL)[1]
    formats = "".join(re.findall(r'"([^"]*)"', block.replace('? "none" :', "")))
    return [part for part in re.split(r"\{\}|(?=: )", formats) if part.strip(": ")]


def alarms():
    """By the ends of their names."""
    template = (ROOT / "deploy/aws/muster.yaml").read_text()
    found = re.findall(r"AlarmName: !Sub \$\{AWS::StackName\}-([a-z-]+)", template)
    assert len(found) == template.count("Type: AWS::CloudWatch::Alarm") > 0
    return found


def messages():
    """Every message that is logged as a warning or an error, and where."""
    for file in sorted(SRC.rglob("*.cpp")):
        if file.name.endswith("_test.cpp"):
            continue
        for call in CALL.findall(file.read_text()):
            for literals in LITERAL.findall(call):
                yield "".join(part[1:-1] for part in re.findall(STRING, literals)), str(
                    file.relative_to(ROOT))


@pytest.mark.parametrize("rule", rules())
def test_each_rule_has_a_row_with_its_words(rule):
    row = re.search(rf"^\| `{rule}` \|.*$", PAGE, re.MULTILINE)
    assert row, (f"docs/operate.md says nothing of the rule {rule}: add a row to the table "
                 "'Reasons of a decision', with its words, what it means and what to do")
    for words in words_of(rule):
        assert words in row[0], (f"docs/operate.md does not show what a decision by {rule} prints: "
                                 f"write {words!r} into its row, as describe.cpp has it")


@pytest.mark.parametrize("alarm", alarms())
def test_each_alarm_has_a_section(alarm):
    assert heading(alarm), (f"docs/operate.md says nothing of the alarm {alarm}: add a section "
                            f"'### {alarm}' that says what it means, what to look at, what to do")


def test_there_is_no_section_of_an_alarm_that_is_gone():
    section = PAGE[PAGE.index("## Alarms"):PAGE.index("## Reasons of a decision")]
    assert set(re.findall(r"^### (.*)$", section, re.MULTILINE)) == set(alarms())


def test_each_warning_has_a_row():
    all_messages = set(messages())
    assert len(all_messages) > 60
    missing = [f"{message}  ({file})" for message, file in sorted(all_messages)
               if not named_in_the_page(message) and not named_in_the_page(f"{message} (error)")]
    assert not missing, ("docs/operate.md says nothing of these lines of a log; add a row for each "
                         "to its component's table, with its meaning and cure:\n"
                         + "\n".join(missing))


def test_the_query_reads_the_decisions(tmp_path, world, server, small):
    world.submit(server, json.dumps({
        "version": 2.1, "jobs": {"build": {"machine": True, "resource_class": "local/small",
                                           "steps": [{"run": "true"}]}},
        "workflows": {"main": {"jobs": ["build"]}}}))
    config = world.scaler_config(server, {"local/small": (small, {"max": 1})})
    done = world.run("scale", "--config", config, "--once")
    assert done.returncode == 0, done.stderr
    query, = re.findall(r"^```sql\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert "->" not in query  # SQLite has it from 3.38 on, and Ubuntu 22.04 has 3.37
    ledger, = world.place.rglob("scaler.db")
    with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True) as database:
        rows = database.execute(query).fetchall()
    assert [row[1:] for row in rows] == [
        ("local/small", 1, "queue", "1 wait, 0 idle and 0 booting will serve 0: launch 1")]


# The `aws` here is PyPI's, of version 1, which has no `logs tail`. What version 2 would read is read:
# the group has to be there.
TAIL = """aws() {
  if [ "$1 $2" = "logs tail" ]; then
    command aws logs filter-log-events --log-group-name "$3" > /dev/null
  else
    command aws "$@"
  fi
}
"""
TAIL_OPTIONS = {"--since", "--filter-pattern", "--follow", "--format"}
MEANT = {"$STACK": "runners", "$RULE": "a-rule", "ID": "i-0123456789abcdef0"}


@pytest.fixture
def moto(tmp_path):
    server = Moto(tmp_path)
    yield server
    server.close()


@pytest.fixture
def shell(moto, tmp_path, binary):
    """Runs a script where `aws` is the administrator's and `muster` is the one to test."""
    place = tmp_path / "clone"
    keys = {name.upper(): value for name, value in moto.administrator.items()}

    def run(script):
        for directory in (tmp_path / "bin", place / "build/package"):
            directory.mkdir(parents=True, exist_ok=True)
            (directory / "muster").unlink(missing_ok=True)
            (directory / "muster").symlink_to(binary)
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], cwd=place, text=True, capture_output=True,
            timeout=200, env={
                **keys, "AWS_ENDPOINT_URL": moto.url, "AWS_DEFAULT_REGION": REGION, "AWS_PAGER": "",
                "AWS_MAX_ATTEMPTS": "1", "HOME": str(tmp_path),
                "PATH": f"{tmp_path}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}"})
    return run


def fences():
    """(language, text) of each block."""
    return re.findall(r"^ *```(\w*)\n(.*?)^ *```$", PAGE, re.MULTILINE | re.DOTALL)


def aws_commands():
    """Each of the page, in a block or in a sentence, as words."""
    lines = "\n".join(text for language, text in fences() if language != "sql")
    lines = lines.replace("\\\n", " ")
    found = re.findall(r"(?:^ *|\()(aws (?:[^#|\n()]|\([^)]*\))*)", lines, re.MULTILINE)
    found += re.findall(r"`(aws [^`]*)`", PAGE)
    commands = []
    for text in found:
        words = shlex.split(text)
        words = words[:words.index(">")] if ">" in words else words
        for name, meaning in MEANT.items():
            words = [re.sub(rf"(?<![\w$]){re.escape(name)}\b", meaning, word) for word in words]
        if words not in commands and words != ["aws", "logs", "tail"]:
            commands.append(words)
    return commands


def test_the_commands_to_look_with_work_on_the_stack(world, server, small, moto, shell, tmp_path):
    Stack(moto, tmp_path / "clone").made(
        PersonalToken=server.token, ClassToken=small, ResourceClass="local/small",
        ApiUrl=server.url, Runner="muster")
    moto.client("cloudwatch").set_alarm_state(
        AlarmName="runners-scaler-silent", StateValue="ALARM", StateReason="no data")
    blocks = [text for language, text in fences() if language == "sh"]
    assert len(blocks) >= 6
    with moto.unchecked():
        done = shell(TAIL + "".join(blocks))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "runners-scaler-silent\tALARM\tno data" in done.stdout
    assert "runners-queue-waits" not in done.stdout
    assert " 0 bad, " in done.stdout and "ENABLED" in done.stdout
    assert server.token not in done.stdout + done.stderr


def test_all_its_commands_are_ones_that_aws_knows(shell, tmp_path):
    """Read and checked by AWS's own tool, which then finds nobody to send them to."""
    place = tmp_path / "clone"
    place.mkdir()
    for name in ("circleci.token", "class.token", "out.yaml"):
        (place / name).write_text("x")
    commands = aws_commands()
    assert len(commands) >= 20
    for words in commands:
        if words[1:3] == ["logs", "tail"]:
            options = {word for word in words if word.startswith("--")}
            assert words[3].startswith("/muster/runners/") and options <= TAIL_OPTIONS, words
        elif words[1:3] == ["cloudformation", "deploy"]:
            options = {word for word in words if word.startswith("--")}
            assert options <= {"--template-file", "--stack-name", "--capabilities",
                               "--parameter-overrides"}, words
        else:
            done = shell(f"export AWS_ENDPOINT_URL=http://127.0.0.1:1\n{shlex.join(words)}")
            assert "Could not connect to the endpoint URL" in done.stderr, (
                shlex.join(words) + ": " + done.stderr)


def test_what_the_stack_costs_is_counted():
    """The alarms of the template, and the metrics that a class has."""
    printed = len(set(re.findall(r'sample\("(\w+)"', (
        SRC / "fleet/embedded_metrics.cpp").read_text())))
    looked_at = sum(len(metrics(alarm)) for alarm in template_alarms().values())
    cost = (ROOT / "docs/aws.md").read_text()
    assert f"CloudWatch: {printed} metrics; {len(alarms())} alarms of {looked_at} metrics; a dashboard" in cost
    assert f"{0.3 * printed:.2f} $; {0.1 * looked_at:.2f} $" in cost
    by_hand = (ROOT / "docs/scaler-by-hand.md").read_text()
    assert f"CloudWatch: {printed} metrics a class | {0.3 * printed:.2f} $" in by_hand
