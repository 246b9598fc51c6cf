"""Processes that act as functions of AWS Lambda, and what they cost."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

REGION = "eu-west-1"
WARMING, WARM = 20, 200  # passes
LONGEST = 300  # seconds that anything here may take


def cpu_seconds(pid):
    """Of another process, with the threads that it has had; see clock_getcpuclockid(3)."""
    return time.clock_gettime_ns((~pid << 3) | 2) / 1e9


def memory(pid, name):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024  # MB
    raise LookupError(name)


def environment(peers, **more):
    """Nothing of our own but the path."""
    return {"PATH": os.environ["PATH"], "HOME": tempfile.gettempdir(), "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "any", "AWS_ENDPOINT_URL": peers.url, **more}


def passes(calls):
    """The calls of each invocation; the first and the last are those of the runtime."""
    each = []
    for call in calls:
        if call.name == "next":
            each.append([])
        each[-1].append(call)
    return each


@dataclass
class Function:
    """What makes a pass when it is invoked, and what was measured of it."""
    name: str
    arguments: list
    environment: dict
    log: Path
    cold: list = field(default_factory=list)  # seconds from its start to its first answer
    cold_cpu: list = field(default_factory=list)
    warm: list = field(default_factory=list)
    warm_cpu: list = field(default_factory=list)
    first_calls: int = 0
    later_calls: int = 0
    resident: float = 0
    peak: float = 0

    def start(self, peers, invocations):
        peers.forget()
        peers.grant(invocations)
        started = time.monotonic()
        with open(self.log, "wb") as log:
            process = subprocess.Popen(self.arguments, env=self.environment,
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return process, started

    def finish(self, peers, process):
        if peers.parked.wait(LONGEST):
            return
        end(process)
        sys.exit(f"{self.name} did not answer; it said:\n{tail(self.log)}")

    def measure_cold(self, peers):
        process, started = self.start(peers, 1)
        self.finish(peers, process)
        self.cold_cpu.append(cpu_seconds(process.pid))
        end(process)
        first, = passes(peers.calls)
        self.expect_success(first)
        self.first_calls = len(first) - 2
        self.cold.append(first[-1].answered - started)

    def measure_warm(self, peers):
        process, _ = self.start(peers, WARMING)
        self.finish(peers, process)
        begun = cpu_seconds(process.pid)
        peers.grant(WARM)
        self.finish(peers, process)
        self.warm_cpu.append((cpu_seconds(process.pid) - begun) / WARM)
        self.resident = memory(process.pid, "VmRSS")
        self.peak = memory(process.pid, "VmHWM")
        end(process)
        later = passes(peers.calls)[WARMING:]
        for each in later:  # what AWS does not show yet of a launch muster does not ask for again
            self.expect_success(each, writes=False)
        self.later_calls = round(statistics.mean(len(each) - 2 for each in later))
        self.warm += [each[-1].arrived - each[0].answered for each in later]

    def expect_success(self, calls, writes=True):
        names = [call.name for call in calls]
        wrote = {"SetDesiredCapacity", "UpdateAutoScalingGroup"} & {*names}
        if names[-1] != "response" or (writes and not wrote):
            sys.exit(f"{self.name} made no whole pass: {names}")


def end(process):
    process.kill()
    process.wait(LONGEST)


def tail(log):
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])
