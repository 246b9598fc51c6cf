"""The metrics that the code defines."""

import re
from pathlib import Path

SRC = Path(__file__).parents[2] / "src"
STRING = r'"(?:[^"\\]|\\.)*"'
DEFINED = re.compile(
    rf'Kind::(counter|gauge|histogram),\s*"(\w+)",\s*(?:{STRING}\s*)+(?:,\s*\{{(.*?)\}})?', re.DOTALL)


def sources():
    return [file for file in sorted(SRC.rglob("*.cpp")) if not file.name.endswith("_test.cpp")]


def defined_metrics():
    """By name: the kind and the labels."""
    found = {}
    for file in sources():
        for kind, name, labels in DEFINED.findall(file.read_text()):
            assert name not in found, f"{name} is defined twice"
            found[name] = kind, re.findall(r'"(\w+)"', labels)
    return found
