"""What a program tells Prometheus, read strictly."""

import re
from dataclasses import dataclass, field

NAME = r"[a-z_][a-z0-9_]*"
LINE = re.compile(rf'({NAME})(?:\{{((?:{NAME}="(?:[^"\\\n]|\\["\\n])*",?)*)\}})? (\S+)')
LABEL = re.compile(rf'({NAME})="((?:[^"\\]|\\.)*)"')


@dataclass
class Family:
    name: str
    help: str
    kind: str = ""
    samples: dict = field(default_factory=dict)  # (name, labels in order) -> value


class Exposition:
    def __init__(self, text):
        assert text.endswith("\n")
        self.text, self.families = text, {}
        family = None
        for line in text.splitlines():
            if line.startswith("# HELP "):
                _, _, name, words = line.split(" ", 3)
                assert name not in self.families, f"{name} comes twice"
                family = self.families[name] = Family(name, words)
            elif line.startswith("# TYPE "):
                assert line.split(" ")[2] == family.name
                family.kind = line.split(" ")[3]
            else:
                self.add(family, line)

    @staticmethod
    def add(family, line):
        name, labels, value = LINE.fullmatch(line).groups()
        suffix = name.removeprefix(family.name)
        assert suffix in ({"_bucket", "_sum", "_count"} if family.kind == "histogram" else {""})
        key = name, tuple(LABEL.findall(labels or ""))
        assert key not in family.samples, f"{line} comes twice"
        family.samples[key] = float(value)

    def value(self, name, **labels):
        """Of the one series that has these labels; None if there is none."""
        family = next((f for f in self.families.values()
                       if name.removesuffix("_count").removesuffix("_sum") == f.name
                       or name == f.name), None)
        found = [value for (series, has), value in (family.samples.items() if family else ())
                 if series == name and labels.items() <= dict(has).items()]
        assert len(found) <= 1, f"{name} with {labels} is {len(found)} series"
        return found[0] if found else None

    def labels(self, name):
        """What its series are told apart by."""
        return {tuple(label for label, _ in has if label != "le")
                for (_, has) in self.families[name].samples}
