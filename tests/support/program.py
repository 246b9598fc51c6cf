"""A running muster, its log, and its end."""

import os
import re
import signal
import subprocess
from pathlib import Path

from support.waiting import SLOW

# What a sanitizer prints when it has found something.
FAULT = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error: ")


class Program:
    def __init__(self, name, arguments, directory, environment, standard_input=None):
        self.name = name
        self.log = directory / f"{name}.log"
        # A restart goes on in the same log.
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(word) for word in arguments], cwd=directory, env=environment, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
                stdin=subprocess.PIPE if standard_input is not None else subprocess.DEVNULL)
        if standard_input is not None:
            self.process.stdin.write(standard_input.encode())
            self.process.stdin.close()

    @property
    def pid(self):
        return self.process.pid

    @property
    def running(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, deadline=60):
        """Its exit code; negative: the signal that ended it."""
        return self.process.wait(deadline * SLOW)

    def stop(self, deadline=60):
        if self.running:
            self.signal(signal.SIGTERM)
        return self.wait(deadline)

    def kill(self):
        if self.running:
            self.process.kill()
        return self.wait()

    def output(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def tail(self, lines=30):
        return "\n".join(self.output().splitlines()[-lines:])


def processes_in(directory):
    """The ids of all processes that work somewhere below `directory`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.name != str(os.getpid()):
            try:
                where = os.readlink(entry / "cwd").removesuffix(" (deleted)")
            except OSError:
                continue
            if where == str(directory) or where.startswith(f"{directory}/"):
                found.append(int(entry.name))
    return found


def worker_of(agent):
    """The process that works; the agent that was started watches over it."""
    (worker,) = Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text().split()
    return int(worker)
