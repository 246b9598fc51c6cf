"""Kills of what a test has running, with SIGKILL, one after the other, as a seed chooses."""

import json
import os
import signal
import time
from collections import Counter
from pathlib import Path

from support.waiting import wait_until

STATE = "scaler-state/instances"  # of World.scaler_config


class Killer:
    """`choices`: a random.Random. The server and the scaler are started again, agents are not:
    that is the scaler's to do."""

    def __init__(self, choices, world, server, scaler_config):
        self.choices, self.world, self.server = choices, world, server
        self.scaler_config = scaler_config
        self.scaler = world.scaler(scaler_config)
        self.counts = Counter()
        self.lost_runners = set()  # those of killed agents

    def strike(self):
        (way,) = self.choices.choices(
            [self.kill_server, self.kill_starting_server, self.kill_scaler, self.kill_agent,
             self.kill_guardian, self.kill_worker], weights=[4, 2, 4, 4, 3, 3])
        way()
        self.counts[way.__name__.removeprefix("kill_")] += 1

    def kill_server(self):
        self.server.kill()
        time.sleep(self.choices.uniform(0, 1))
        self.server.start()

    def kill_starting_server(self):
        self.server.kill()
        self.server.begin()
        time.sleep(self.choices.uniform(0, 0.5))
        self.server.kill()
        self.server.start()

    def kill_scaler(self):
        self.scaler.kill()
        time.sleep(self.choices.uniform(0, 1))
        self.scaler = self.world.scaler(self.scaler_config)

    def kill_agent(self):
        """Both processes, so that neither can look after the other's end."""
        name, guardian = self.choose_agent()
        worker = worker_of(guardian)
        os.kill(guardian, signal.SIGSTOP)
        for pid in filter(None, (worker, guardian)):
            os.kill(pid, signal.SIGKILL)

    def kill_guardian(self):
        name, guardian = self.choose_agent()
        os.kill(guardian, signal.SIGKILL)

    def kill_worker(self):
        name, guardian = self.choose_agent()
        os.kill(worker_of(guardian) or guardian, signal.SIGKILL)

    def choose_agent(self):
        """Its name, and the id of its guardian."""
        agents = wait_until(lambda: sorted(self.agents()), 60, "an agent to kill")
        name, guardian = self.choices.choice(agents)
        self.lost_runners.add(name)
        return name, guardian

    def agents(self):
        """Those that live: their processes work below the directory of their instance."""
        for record in (self.world.place / STATE).glob("*/instance.json"):
            try:
                pid = json.loads(record.read_text())["process"]["pid"]
                if Path(os.readlink(f"/proc/{pid}/cwd")) == record.parent:
                    yield record.parent.name, pid
            except (OSError, TypeError):  # not started yet, or gone while we looked
                continue


def worker_of(guardian):
    """Nothing while there is none."""
    try:
        children = Path(f"/proc/{guardian}/task/{guardian}/children").read_text().split()
    except OSError:
        return None
    return int(children[0]) if children else None
