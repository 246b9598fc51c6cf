"""What befalls running programs beside kills, as a seed chooses.

A program that stands still (SIGSTOP) is as one on a machine that is suspended, or starved. What it
had not said in time it says late, and nobody must be deceived by it.
"""

import signal
import time
from collections import Counter

from support.family import Family
from support.killer import worker_of
from support.small_disk import fill
from support.waiting import wait_until

KINDS = {
    "agents": "an agent and its job stand still, for a third of a lease at most, or past it",
    "scaler": "the scaler stands still, for as long",
    "server": "the server stands still, or is away, for as long",
    "full": "the server's disk is full for up to three seconds",
    "cut": "connections of agents and scalers are cut all the time",
}


class Faults:
    """`kinds`: of KINDS; `cut` is a matter of whoever lays the connections.

    `again`: how the names of agents begin whose tasks are run again."""

    def __init__(self, killer, kinds, again, disk):
        self.killer, self.choices, self.lease = killer, killer.choices, killer.lease
        self.again, self.disk, self.counts = again, disk, Counter()
        self.ways = [way for way in (self.agents, self.scaler, self.server, self.full)
                     if way.__name__ in kinds]

    def perhaps_one(self):
        if self.ways and self.choices.random() < 1 / 4:
            way = self.choices.choice(self.ways)
            what = way() or way.__name__
            self.counts[what] += 1

    def how_long(self):
        """Well within a lease, or past it; in between it would be chance who is still believed."""
        if self.choices.random() < 1 / 2:
            return self.choices.uniform(0, self.lease / 3), False
        return self.choices.uniform(1.1 * self.lease, 1.5 * self.lease), True

    def agents(self):
        name, guardian = self.killer.choose_agent()
        seconds, past_lease = self.how_long()
        agent, job = Family(), Family()
        worker = worker_of(guardian)
        for pid in filter(None, (guardian, worker)):
            agent.add(pid, signal.SIGSTOP)
        if worker:
            job.add_descendants_of(worker, signal.SIGSTOP)
        self.killer.spared.add(name)
        self.killer.later.do(self.go_on, name, agent, job, past_lease, after=seconds)
        return "agents past their lease" if past_lease else "agents"

    def go_on(self, name, agent, job, past_lease):
        """An agent whose task may be another's by now ends its job before that can do anything
        more: nothing else would be safe, but that a job stands as still as its agent."""
        agent.send(signal.SIGCONT)
        if past_lease and name.startswith(self.again):
            # Between vfork and its program a child holds up its parent. It would begin now.
            job.send(signal.SIGKILL, job.running(self.killer.world.binary))
            wait_until(lambda: not job.living(), 20,
                       f"the end of the job of {name}, which stood still past its lease")
        job.send(signal.SIGCONT)
        self.killer.spared.discard(name)
        agent.close()
        job.close()

    def scaler(self):
        program = self.killer.scaler
        program.signal(signal.SIGSTOP)
        self.killer.later.do(program.signal, signal.SIGCONT, after=self.how_long()[0])

    def server(self):
        """Nobody else may notice but agents whose tasks are run again: they cannot know that their
        lease stands still meanwhile."""
        seconds, past_lease = self.how_long()
        self.killer.may_lose(*(name for name, _ in self.killer.agents()
                               if name.startswith(self.again)))
        server = self.killer.server
        is_away = self.choices.random() < 1 / 2
        if is_away:
            server.kill()
            time.sleep(seconds)
            server.start()
        else:
            server.program.signal(signal.SIGSTOP)
            time.sleep(seconds)
            server.program.signal(signal.SIGCONT)
        return f"server {'away' if is_away else 'still'}{' past leases' if past_lease else ''}"

    def full(self):
        ballast = fill(self.disk)
        time.sleep(self.choices.uniform(0, 3))
        ballast.unlink()
