"""Processes and what descends from them, each held by a descriptor, as ids come to mean others."""

import os
import select
import signal
from pathlib import Path


def children_of(pid):
    """Those of all its threads; nothing of a process that has gone."""
    found = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found.extend(map(int, children.read_text().split()))
        except OSError:
            continue
    return found


class Family:
    def __init__(self):
        self.held = {}  # process id -> pidfd

    def close(self):
        while self.held:
            os.close(self.held.popitem()[1])

    def add(self, pid, number=0):
        """And sends it that signal."""
        try:
            self.held[pid] = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        self.send(number, [pid])

    def add_descendants_of(self, pid, number=0):
        """Each is sent that signal before its children are sought."""
        while new := [child for parent in (pid, *self.held) for child in children_of(parent)
                      if child not in self.held]:
            for child in new:
                self.add(child, number)

    def send(self, number, pids=None):
        """To all, or to some of them; those that have gone hear nothing."""
        for pid in self.held if pids is None else pids:
            try:
                signal.pidfd_send_signal(self.held[pid], number)
            except (KeyError, ProcessLookupError):
                pass

    def running(self, program):
        """Those whose program it is."""
        return [pid for pid in self.held if file_of(pid) == str(program)]

    def living(self):
        """A zombie lives no more."""
        ends = select.poll()
        for pidfd in self.held.values():
            ends.register(pidfd, select.POLLIN)
        ended = {pidfd for pidfd, _ in ends.poll(0)}
        return [pid for pid, pidfd in self.held.items() if pidfd not in ended]


def file_of(pid):
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


def words_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return "(gone)"
