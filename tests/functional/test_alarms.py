"""The alarms of deploy/aws/muster.yaml: each tells of its fault, and none of a normal day."""

import pytest

from support.alarms import MINUTE, alarms, fires, metrics

PASS = 5  # seconds between two decisions
ALARMS = alarms()
QUIET = {"Waiting": 0, "Running": 0, "Held": 0, "LookDead": 0, "Desired": 0, "Booting": 0,
         "Idle": 0, "Busy": 0, "Lost": 0, "Launches": 0, "FailedBoots": 0, "EndedUnused": 0}


def steady(minutes, begin=0, **changed):
    """Samples of a scaler that sees the same in each pass, and of its function, which ends well."""
    seconds = range(begin * MINUTE, (begin + minutes) * MINUTE, PASS)
    samples = {name: [(second, value) for second in seconds]
               for name, value in {**QUIET, **changed}.items() if name != "Errors"}
    samples["Errors"] = [(minute * MINUTE, changed.get("Errors", 0))
                         for minute in range(begin, begin + minutes)]
    return samples


def joined(*runs):
    return {name: [sample for run in runs for sample in run[name]] for name in runs[0]}


def without(samples, minutes, *names):
    """As CloudWatch has them if something of a minute was lost, or nothing is known of it."""
    return {name: [(second, value) for second, value in of_one
                   if name not in names or second // MINUTE not in minutes]
            for name, of_one in samples.items()}


def rounds(minutes, every, **changed):
    """Each so many minutes one that is otherwise."""
    usual, other = changed.pop("usual", {}), changed
    return joined(*(steady(1, k, **(other if k % every == 0 else usual))
                    for k in range(minutes)))


def day(jobs_a_minute, minutes, boot=90, claim=3, run=60):
    """Each job has an instance of its own, which the pass after its coming asks for."""
    samples = steady(minutes)
    came = [2 + k * MINUTE / jobs_a_minute for k in range(jobs_a_minute * minutes)]
    lives = []
    for at in came:
        launched = -(-at // PASS) * PASS
        lives.append((at, launched, launched + boot, launched + boot + claim))
    for k, (second, _) in enumerate(samples["Waiting"]):
        counts = {
            "Waiting": sum(at <= second < claimed for at, _, _, claimed in lives),
            "Launches": sum(launched == second for _, launched, *_ in lives),
            "Booting": sum(launched < second < booted for _, launched, booted, _ in lives),
            "Idle": sum(booted <= second < claimed for _, _, booted, claimed in lives),
            "Running": sum(claimed <= second < claimed + run for *_, claimed in lives)}
        for name, count in counts.items():
            samples[name][k] = (second, count)
    return samples


NORMAL = {
    "nothing to do": steady(60),
    "a job now and then": day(1, 60, run=20),
    "four jobs a minute": day(4, 120),
    "many jobs a minute, and slow boots": day(30, 60, boot=240),
    "two boots that failed": joined(steady(5, FailedBoots=2), steady(5, 5)),
    "a queue that is full for ten minutes": joined(
        steady(10, Waiting=9, Running=20), steady(1, 10), steady(10, 11, Waiting=9, Running=20)),
    "four invocations that failed": joined(steady(4, Errors=1), steady(10, 4)),
    "one of three invocations fails": rounds(60, 3, Errors=1),
    "a minimum that ends idle, and a job now and then": joined(
        *(joined(steady(1, 2 * k, EndedUnused=1, Idle=2),
                 steady(1, 2 * k + 1, Waiting=1, Launches=1)) for k in range(60))),
    "a canceled workflow": joined(steady(5, Waiting=9, Booting=9), steady(1, 5, EndedUnused=1),
                                  steady(1, 6, Waiting=1, Booting=1, EndedUnused=1), steady(60, 7)),
    "a minute of the queue is lost": without(steady(60), range(7, 8), "Waiting", "Running"),
    "an outage of the queue that begins as one waits": joined(
        steady(1, Waiting=1), without(steady(4, 1, Held=1), range(1, 5), "Waiting", "Running"),
        steady(5, 5)),
    "four minutes without a scaler": joined(steady(5), steady(5, 9)),
    "four minutes of dead ones": joined(steady(4, LookDead=2), steady(10, 4)),
    "nine minutes of a lost one": joined(steady(9, Lost=1), steady(10, 9)),
}
FAULTS = {
    "queue-waits": {
        "all instances that may be are busy": steady(20, Waiting=9, Running=20),
        "more than comes": steady(20, Waiting=3, Booting=1, Idle=1, Running=1),
        "runners that do not claim": steady(20, Waiting=2, Idle=2),
        "boots without an end": steady(20, Waiting=2, Booting=2),
        "some of the runners do not claim": steady(20, Waiting=2, Idle=2, Running=3),
        "a sample is missing": without(
            steady(20, Waiting=9, Running=20), range(7, 8), "Waiting", "Running"),
        "a sample of anything is missing": without(
            steady(20, Waiting=9, Running=20), range(7, 8), "Idle")},
    "ends-unused": {
        "the plan is used up elsewhere": rounds(
            20, 3, Waiting=5, Booting=5, Running=1, EndedUnused=1,
            usual={"Waiting": 5, "Booting": 5, "Running": 1}),
        "after ten idle minutes each": rounds(
            60, 12, Waiting=5, Booting=5, Running=1, EndedUnused=1,
            usual={"Waiting": 5, "Booting": 5, "Running": 1})},
    "boots-fail": {"three in a row": joined(steady(3), steady(1, 3, FailedBoots=3), steady(9, 4))},
    "scaler-fails": {
        "five invocations": joined(steady(5, Errors=1), steady(5, 5)),
        "most of them, and never five in a row": rounds(
            20, 3, usual={"Errors": 1})},
    "scaler-silent": {"it has stopped": steady(5), "it has never run": {}},
    "look-dead": {"for five minutes": joined(steady(5, LookDead=2), steady(9, 5))},
    "lost": {"one for ten minutes": joined(steady(10, Lost=1), steady(9, 10)),
             "one, while jobs run": steady(20, Lost=1, Busy=3, Running=3)},
}


def told(samples, minutes):
    return {name for name, alarm in ALARMS.items() if fires(alarm, samples, minutes)}


@pytest.mark.parametrize("case", NORMAL)
def test_a_normal_day_is_no_alarm(case):
    samples = NORMAL[case]
    last, _ = samples["Desired"][-1]
    assert told(samples, last // MINUTE + 1) == set(), case


@pytest.mark.parametrize("name, case", [(n, c) for n, cases in FAULTS.items() for c in cases])
def test_a_fault_is_an_alarm_and_no_other(name, case):
    samples = FAULTS[name][case]
    last = samples["Desired"][-1][0] // MINUTE + 1 if samples else 0
    minutes = last + 5 if name == "scaler-silent" else last
    assert told(samples, minutes) == {name}


def test_each_alarm_has_a_fault_that_it_tells():
    assert FAULTS.keys() == ALARMS.keys()


def test_how_long_a_queue_may_wait_is_the_parameters():
    alarm = alarms(QueueWaitMinutes="30")["queue-waits"]
    assert not fires(alarm, joined(steady(29, Waiting=9), steady(31, 29)), 60)
    assert fires(alarm, steady(30, Waiting=9), 60)


def test_each_alarm_looks_at_metrics_that_are_there():
    for name, alarm in ALARMS.items():
        for metric in metrics(alarm):
            assert metric["MetricName"] in {*QUIET, "Errors"}, name
