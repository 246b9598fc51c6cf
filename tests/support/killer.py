"""Kills of what a test has running, with SIGKILL, one after the other, as a seed chooses."""

import json
import os
import signal
import time
from collections import Counter
from pathlib import Path

from support.family import Family, children_of, words_of
from support.later import Later
from support.waiting import wait_until

STATE = "scaler-state/instances"  # of World.scaler_config


class Killer:
    """`choices`: a random.Random. The server and the scaler are started again, agents are not:
    that is the scaler's to do."""

    def __init__(self, choices, world, server, scaler_config, lease):
        self.choices, self.world, self.server, self.lease = choices, world, server, lease
        self.scaler_config = scaler_config
        self.scaler = world.scaler(scaler_config)
        self.counts = Counter()
        self.lost_runners = {}  # those that may have lost a task, and since when
        self.spared = set()  # names of agents that nobody is to choose for now
        self.later = Later()

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
        """Both processes, so that neither can look after the other's end. A step's shell dies with
        them all the same: one that does not tells so itself (support.truth)."""
        name, guardian = self.choose_agent()
        worker = worker_of(guardian)
        os.kill(guardian, signal.SIGSTOP)
        for pid in filter(None, (worker, guardian)):
            os.kill(pid, signal.SIGKILL)

    def kill_guardian(self):
        name, guardian = self.choose_agent()
        job = self.job_of(guardian)
        os.kill(guardian, signal.SIGKILL)
        self.later.do(self.see_the_end, name, job)

    def kill_worker(self):
        name, guardian = self.choose_agent()
        job = self.job_of(guardian)
        self.spared.add(name)  # or its guardian might be killed in the midst of ending the job
        os.kill(worker_of(guardian) or guardian, signal.SIGKILL)
        self.later.do(self.see_the_end, name, job)

    @staticmethod
    def job_of(guardian):
        family = Family()
        if worker := worker_of(guardian):
            family.add_descendants_of(worker)  # not the worker, which may have its last words yet
        return family

    def see_the_end(self, name, job):
        """Each job has a process that would live on (support.truth). The task of a killed worker
        is another's after two thirds of a lease at the soonest."""
        end = time.monotonic() + self.lease / 2
        while (living := job.living()) and time.monotonic() < end:
            time.sleep(0.1)
        assert not living, f"outlive {name}, which was killed: {[*map(words_of, living)]}"
        self.spared.discard(name)
        job.close()

    def choose_agent(self):
        """Its name, and the id of its guardian."""
        def find():
            return sorted(agent for agent in self.agents() if agent[0] not in self.spared)
        name, guardian = self.choices.choice(wait_until(find, 60, "an agent to strike"))
        self.may_lose(name)
        return name, guardian

    def may_lose(self, *names):
        for name in names:
            self.lost_runners.setdefault(name, time.time())

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
    return next(iter(children_of(guardian)), None)
