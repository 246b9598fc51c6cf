"""bench/scaler.py MACHINE MUSTER [ZIP] >SECTION

What a pass of the scaler costs, beside the same in Python, and what fifty classes cost; see
script/bench. ZIP is a package for AWS Lambda.
"""

import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import boto3
from measure import LONGEST, WARM, Function, cpu_seconds, end, environment, memory, tail
from peers import TOKEN, Fleet, Peers

COLD = 30  # starts of each
WARM_RUNS = 3
FIFTY_FOR, POLL = 60, 5  # seconds
STEADY_FOR = 50  # seconds
HERE = Path(__file__).parent
FILES = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None


def configuration(peers, token, **more):
    return json.dumps({
        "circleci": {"url": peers.url, **token, **more.pop("circleci", {})},
        "resource_classes": {name: {"max": 40, "auto_scaling_group": {
            "name": peers.fleet.group(name)}} for name in peers.fleet.names}, **more})


def function_of(name, program, peers, place, **circleci):
    config = configuration(
        peers, {"token_secret": "circleci", "token_field": "circle_token"},
        circleci={"requests_per_minute": 60000, **circleci}, lease={"table": "leases"})
    return Function(name, [program], environment(
        peers, AWS_LAMBDA_RUNTIME_API=peers.host, AWS_LAMBDA_FUNCTION_NAME="scaler",
        MUSTER_CONFIG=config), place / "function.log")


def tutorial(peers, place):
    return Function("Python", [sys.executable, HERE / "tutorial_function.py"], environment(
        peers, AWS_LAMBDA_RUNTIME_API=peers.host, CIRCLECI_URL=peers.url,
        GROUP=peers.fleet.group(peers.fleet.names[0])), place / "tutorial.log")


class Once:
    """`muster scale --once`: the tutorial's calls, those that list what is there, and a memory."""

    def __init__(self, program, peers, place):
        self.file = place / "once.yaml"
        self.place, self.cold, self.calls = place, [], 0
        self.file.write_text(configuration(
            peers, {"token_secret": "circleci", "token_field": "circle_token"},
            state_directory="state"))
        self.arguments = [program, "scale", "--config", self.file, "--once"]
        self.environment = environment(peers)

    def measure_cold(self, peers):
        peers.forget()
        started = time.monotonic()
        done = subprocess.run(self.arguments, env=self.environment, capture_output=True,
                              text=True, timeout=LONGEST)
        called = [call for call in peers.calls if call.name == "SetDesiredCapacity"]
        if done.returncode != 0 or len(called) != 1:
            sys.exit(f"muster scale --once made no whole pass:\n{done.stderr}")
        self.calls = len(peers.calls)
        self.cold.append(called[0].answered - started)
        shutil.rmtree(self.place / "state")


def round_trip(peers, count=1000):
    """The median of a call that needs no work at all on its caller's side."""
    host, port = peers.host.split(":")
    taken = []
    with socket.create_connection((host, int(port))) as connection:
        for _ in range(count):
            begun = time.monotonic()
            connection.sendall(b"GET /api/v3/runner/tasks HTTP/1.1\r\nHost: any\r\n\r\n")
            connection.recv(65536)
            taken.append(time.monotonic() - begun)
    return statistics.median(taken)


def steady(program, place):
    """Of an invocation with a pass each second: CPU seconds and calls a pass."""
    peers = Peers(Fleet(waiting=0, instances=3), seconds=STEADY_FOR + 3)
    function = function_of("muster", program, peers, place, poll_interval="1s")
    process, _ = function.start(peers, 1)
    time.sleep(5)  # its start, and its first passes
    peers.forget()
    cpu, begun = cpu_seconds(process.pid), time.monotonic()
    time.sleep(STEADY_FOR - 10)
    cpu, took = cpu_seconds(process.pid) - cpu, time.monotonic() - begun
    made = sum(call.name == "CircleCI runner" for call in peers.calls)
    calls = len(peers.calls)
    end(process)
    peers.close()
    if made < took - 2:
        sys.exit(f"only {made} passes in {took:.0f} s:\n{tail(function.log)}")
    return cpu / made, calls / made


def fifty(program, place):
    """Percent of one processor, readings and requests; and megabytes."""
    peers = Peers(Fleet(classes=50, waiting=0, instances=3))
    (place / "token").write_text(TOKEN)
    (place / "token").chmod(0o600)
    file = place / "fifty.yaml"
    file.write_text(configuration(
        peers, {"token_file": "token"}, state_directory="fifty",
        circleci={"poll_interval": f"{POLL}s", "requests_per_minute": 3000}))
    log = place / "fifty.log"
    with open(log, "wb") as out:
        process = subprocess.Popen([program, "scale", "--config", file], stdout=out, stderr=out,
                                   env=environment(peers), stdin=subprocess.DEVNULL)
    time.sleep(10)  # its start is not what is measured
    peers.forget()
    cpu, begun = cpu_seconds(process.pid), time.monotonic()
    time.sleep(FIFTY_FOR)
    share = (cpu_seconds(process.pid) - cpu) / (time.monotonic() - begun)
    readings = sum(call.name == "CircleCI runner" for call in peers.calls)
    resident = memory(process.pid, "VmRSS")
    end(process)
    if readings < FIFTY_FOR / POLL - 1:
        sys.exit(f"only {readings} readings of fifty classes:\n{tail(log)}")
    peers.close()
    return share, readings, len(peers.calls), resident


def millis(samples):
    """The median, the middle half and the quickest."""
    low, middle, high = (1000 * each for each in statistics.quantiles(samples, n=4))
    return f"{middle:.1f} ms ({low:.1f}–{high:.1f}; {1000 * min(samples):.1f})"


def row(name, cells, aim=""):
    return f"| {name} | {' | '.join(cells)} | {aim} |"


class Aim:
    """What is to be reached, and why it is missed, where it is."""

    def __init__(self, name, limit, unit, figure, why):
        self.name, self.limit, self.unit, self.figure, self.why = name, limit, unit, figure, why

    def missed_by(self, functions):
        return [each.name for each in functions
                if each.name != "Python" and self.figure(each) > self.limit]

    def cell(self, functions):
        names = self.missed_by(functions)
        return f"{self.limit} {self.unit}" + (f": missed by {' and '.join(names)}" if names else "")


COLD_AIM = Aim(
    "Cold", 12, "ms", lambda each: 1000 * statistics.median(each.cold),
    "unpackaged, the shared libraries are loaded at each start. What runs in Lambda is the\n"
    "  package, which is linked statically.")
WARM_AIM = Aim(
    "Warm, CPU time", 0.5, "ms", lambda each: 1000 * statistics.median(each.warm_cpu),
    "a pass makes 8 calls, each signed, sent and read; the aim leaves 0.06 ms for\n"
    "  each.")
RESIDENT_AIM = Aim(
    "Resident", 14, "MB", lambda each: each.resident,
    "unpackaged, the shared libraries are counted whole. The package has only what it\n"
    "  uses of them.")


def reasons(functions):
    missed = [aim for aim in (COLD_AIM, WARM_AIM, RESIDENT_AIM) if aim.missed_by(functions)]
    lines = [f"- {aim.name}: {aim.why}\n" for aim in missed]
    return "\nWhy an aim is missed:\n\n" + "".join(lines) if lines else ""


def table(functions, package):
    size = f"{package.stat().st_size / 2**20:.1f} MB" if package else ""
    zips = [size if each.name == "packaged" else "–" for each in functions]
    return "\n".join([
        row("", [each.name for each in functions], "aim"),
        "|---" * (len(functions) + 2) + "|",
        row("calls, first pass / later", [f"{f.first_calls} / {f.later_calls}" for f in functions]),
        row("cold, from its start to its answer", [millis(f.cold) for f in functions],
            COLD_AIM.cell(functions)),
        row("CPU time until then", [f"{1000 * statistics.median(f.cold_cpu):.1f} ms"
                                    for f in functions]),
        row("warm, CPU time a pass", [f"{1000 * statistics.median(f.warm_cpu):.2f} ms"
                                      for f in functions], WARM_AIM.cell(functions)),
        row("warm, a pass", [millis(f.warm) for f in functions]),
        row(f"resident after {WARM} passes (peak)",
            [f"{f.resident:.1f} MB ({f.peak:.1f})" for f in functions],
            RESIDENT_AIM.cell(functions)),
        row("zip", zips, "8 MB")])


def measure(program, package):
    with tempfile.TemporaryDirectory(dir=FILES) as directory:
        place = Path(directory)
        peers = Peers()
        functions = [function_of("muster", program, peers, place)]
        if package:
            zipfile.ZipFile(package).extract("bootstrap", place)
            (place / "bootstrap").chmod(0o755)
            functions.append(function_of("packaged", place / "bootstrap", peers, place))
        functions.append(tutorial(peers, place))
        once = Once(program, peers, place)
        # In turns, so that what else the machine does meets all of them.
        for _ in range(COLD):
            for each in (*functions, once):
                each.measure_cold(peers)
        for each in functions * WARM_RUNS:
            each.measure_warm(peers)
        bare = round_trip(peers)
        peers.close()
        calm = steady(place / "bootstrap" if package else program, place)
        return functions, once, bare, calm, fifty(program, place)


def main(machine, program, package=None):
    package = Path(package) if package else None
    functions, once, bare, (calm_cpu, calm_calls), fifty_took = measure(program, package)
    share, readings, requests, resident = fifty_took
    print(f"""\
`script/bench scaler` on {machine}; Python {platform.python_version()}, boto3 {boto3.__version__}.
{COLD} starts of each and {WARM_RUNS} times {WARM} passes of each, in turns. Times are the median (the middle half;
the quickest).

- **muster** is the program as `script/build` makes it, started as a function of AWS Lambda: each
  pass takes its lease and gives it back, and reads the whole state; the first one changes it.
- **packaged** is the same in what `script/package` makes for Lambda.
- **Python** makes the four calls of CircleCI's tutorial, with boto3 and urllib3.

All speak plain HTTP to peers on the same machine that have their answers ready; what a connection
with TLS costs is in no figure. A bare round trip to the peers takes {1e6 * bare:.0f} µs.

{table(functions, package)}
{reasons(functions)}
These passes are the dearest there are: each is an invocation of its own, takes the lease, launches
and gives the lease back. Of an invocation that goes on, a pass in which nothing changes makes {calm_calls:.1f}
calls and takes {1000 * calm_cpu:.2f} ms of CPU time ({functions[-2].name}).

`muster scale --once`, with its memory in a directory and without a lease: {once.calls} calls, and from
its start to the desired capacity that is set {millis(once.cold)}.

Fifty classes of three busy instances each, polled every {POLL} s for {FIFTY_FOR} s: {readings} readings with {requests}
requests took {100 * share:.2f} % of one processor (aim: 2 %), with {resident:.1f} MB resident.""")


main(*sys.argv[1:])
