"""Whether CloudWatch would alarm: the template's alarms, held against samples.

As "Using Amazon CloudWatch alarms" and "Using math expressions with CloudWatch metrics" of its user
guide have it, as far as the template needs it.
"""

import re
from pathlib import Path

import yaml

TEMPLATE = Path(__file__).parents[2] / "deploy/aws/muster.yaml"
STATISTICS = {"Minimum": min, "Maximum": max, "Sum": sum, "SampleCount": len}
OPERATORS = {"GreaterThanThreshold": lambda value, bound: value > bound,
             "GreaterThanOrEqualToThreshold": lambda value, bound: value >= bound,
             "LessThanThreshold": lambda value, bound: value < bound}
MATH = {"__builtins__": {}, "IF": lambda condition, yes, no: yes if condition else no}
# IF(FILL(a, 0) == 1, 0, FILL(b, REPEAT))
UNLESS = re.compile(r"IF\(FILL\((\w+), 0\) == 1, 0, (.*)\)")
FILLED = re.compile(r"FILL\((.*), REPEAT\)")
MINUTE = 60


class Template(yaml.SafeLoader):
    """Of a `!Ref A` it makes {"Ref": "A"}."""


def tagged(loader, tag, node):
    construct = {yaml.ScalarNode: loader.construct_scalar,
                 yaml.SequenceNode: loader.construct_sequence,
                 yaml.MappingNode: loader.construct_mapping}[type(node)]
    return {tag: construct(node, deep=True) if construct != loader.construct_scalar
            else construct(node)}


Template.add_multi_constructor("!", tagged)


def alarms(**given):
    """By the ends of their names; what is not given has its default."""
    template = yaml.load(TEMPLATE.read_text(), Template)
    values = {name: given.get(name, parameter.get("Default"))
              for name, parameter in template["Parameters"].items()}

    def filled_in(value):
        return values.get(value["Ref"], value) if isinstance(value, dict) and "Ref" in value else (
            value)
    found = [resource["Properties"] for resource in template["Resources"].values()
             if resource["Type"] == "AWS::CloudWatch::Alarm"]
    return {alarm["AlarmName"]["Sub"].removeprefix("${AWS::StackName}-"): {
        key: filled_in(value) for key, value in alarm.items()} for alarm in found}


def metrics(alarm):
    """What it looks at, each as its own alarm would be written."""
    if "MetricName" in alarm:
        return [alarm]
    stats = [query["MetricStat"] for query in alarm["Metrics"] if "MetricStat" in query]
    return [{**stat["Metric"], "Statistic": stat["Stat"], "Period": stat["Period"]}
            for stat in stats]


def measured(metric, samples, minute):
    """Nothing: no sample has come in that minute."""
    assert int(metric["Period"]) == MINUTE
    values = [value for second, value in samples.get(metric["MetricName"], [])
              if second // MINUTE == minute]
    return STATISTICS[metric["Statistic"]](values) if values else None


def expression(alarm):
    shown, = [query for query in alarm["Metrics"] if query.get("ReturnData", True)]
    return shown["Expression"]


def repeats(alarm):
    """Whether a minute that has no value has that of the one before."""
    if "Metrics" not in alarm:
        return None
    unless = UNLESS.fullmatch(expression(alarm))
    return FILLED.fullmatch(unless[2] if unless else expression(alarm))


def point(alarm, samples, minute):
    """Its value of that minute; nothing if any metric of it has none."""
    if "MetricName" in alarm:
        return measured(alarm, samples, minute)
    ids = [query["Id"] for query in alarm["Metrics"] if "MetricStat" in query]
    values = {name: measured(metric, samples, minute)
              for name, metric in zip(ids, metrics(alarm))}
    if unless := UNLESS.fullmatch(expression(alarm)):
        if values.pop(unless[1]) == 1:
            return 0
    if None in values.values():
        return None
    filled = repeats(alarm)
    words = filled[1] if filled else expression(alarm)
    return eval(re.sub(r"\b(AND|OR)\b", lambda word: word[0].lower(), words), MATH, values)


def judged(alarm, values):
    """Those that it looks at at the end of a minute: only among these is it filled in."""
    found = []
    for value in values:
        found.append(found[-1] if value is None and found and repeats(alarm) else value)
    return found


def breaches(alarm, value):
    if value is None:
        return alarm["TreatMissingData"] == "breaching"
    return OPERATORS[alarm["ComparisonOperator"]](value, float(alarm["Threshold"]))


def fires(alarm, samples, minutes):
    """Whether it is in ALARM at the end of any minute of a run, before which there was nothing.

    `samples`: of each metric, by name, the (second of the run, value)s.
    """
    periods = int(alarm["EvaluationPeriods"])
    needed = int(alarm.get("DatapointsToAlarm", periods))
    values = [point(alarm, samples, minute) for minute in range(minutes)]
    return any(sum(breaches(alarm, value) for value in judged(
        alarm, values[max(end - periods, 0):end])) >= needed for end in range(1, minutes + 1))
