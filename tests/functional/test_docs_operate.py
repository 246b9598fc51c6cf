"""docs/operate.md has an entry for all that may wake a person, and its query works."""

import json
import re
import sqlite3
from pathlib import Path

import pytest

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
    formats = "".join(re.findall(r'"([^"]*)"', block))
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
    ledger, = world.place.rglob("scaler.db")
    with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True) as database:
        rows = database.execute(query).fetchall()
    assert [row[1:] for row in rows] == [
        ("local/small", 1, "queue", "1 wait, 0 idle and 0 booting will serve 0: launch 1")]
