"""A table of figures, each with what is aimed at and what others need; and how several runs are told."""

import math
import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    name: str
    aim: str
    others: str = "–"


class CannotRun(Exception):
    """What this machine lacks for a part, in words for the table."""


@dataclass
class Row:
    figure: Figure
    measured: str
    met: bool
    where: str  # the time or the memory goes; told where the aim is missed
    others: str = ""

    def line(self):
        aim = f"{self.figure.aim}: {'met' if self.met else '**missed**'}"
        return f"| {self.figure.name} | {aim} | {self.measured} | {self.others or self.figure.others} |"


def line_without(figure, why):
    return f"| {figure.name} | {figure.aim} | not measured: {why} | {figure.others} |"


middle = statistics.median


def spread(values, form="{:.1f}"):
    """The median, the lowest and the highest of the runs."""
    return "{0} ({1}–{2})".format(*(form.format(each) for each in (
        middle(values), min(values), max(values))))


def ratio(value, most):
    """Beside its aim: "0.960: met". With as many digits as it takes to tell it from the aim and from 1."""
    def is_told(shown):
        return all((float(shown) > mark) == (value > mark) for mark in (most, 1))
    shown = next(text for text in (f"{value:.{digits}f}" for digits in range(3, 18)) if is_told(text))
    if value <= most:
        return f"{shown}: met"
    above = 100 * (value / most - 1)
    digits = next(digits for digits in range(18) if abs(round(above, digits) - above) <= above / 10)
    return f"{shown}: **missed** by {above:.{digits}f} %"


def millis(values, form="{:.1f}"):
    return spread([1000 * each for each in values], form) + " ms"


def percentile(values, part):
    return sorted(values)[math.ceil(len(values) * part / 100) - 1]


def medians(runs, number_of):
    """Of each run that of its samples."""
    return [middle(map(number_of, run)) for run in runs]


def middle_of(samples):
    """A sample of the same kind, each field the median of theirs."""
    return type(samples[0])(*map(middle, zip(*samples)))
