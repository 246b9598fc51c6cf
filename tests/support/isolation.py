"""Agents whose jobs are isolated; and why this machine may not be able to."""

import functools
import json
import os
import shutil
import subprocess
from pathlib import Path

from support.program import Program

NOBODY = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]


def as_nobody():
    return NOBODY if os.geteuid() == 0 else []


@functools.cache
def why_no_bubblewrap():
    if not shutil.which("bwrap"):
        return "bubblewrap is not installed: script/install test"
    tried = subprocess.run(
        [*as_nobody(), "bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--ro-bind", "/",
         "/", "--proc", "/proc", "--dev", "/dev", "true"], capture_output=True, text=True)
    if tried.returncode == 0:
        return ""
    return ("this machine makes no user namespaces (in a container, give that more rights): "
            f"{tried.stderr.strip()}")


def told(pipeline, agent):
    """All that is known of a job, for a failure."""
    task = pipeline.task()
    texts = [f"--- {s['name']}: {s['state']}\n{pipeline.output(task, s['index'])}"
             for s in task["steps"]]
    return "\n".join([str(task["message"]), *texts, agent.tail()])


def processes_marked(mark):
    """Of the whole machine, those that were started under a name that begins so."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cmdline").read_bytes().startswith(mark.encode()):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


class IsolatedAgents:
    """Started as who runs the tests, or, by root, as nobody."""

    def __init__(self, world, server, token, user, environment=None, **runner):
        self.world, self.server, self.token, self.user = world, server, token, user
        self.environment = environment or {}
        self.runner = {"isolation": "bubblewrap", **runner}
        self.state = world.place / "isolated-state"
        self.state.mkdir(mode=0o711)
        if user == "nobody":
            shutil.chown(self.state, "nobody", "nogroup")

    def start(self, environment=None, before=(), **runner):
        name = self.world.number("isolated")
        file = self.state / f"{name}.yaml"
        file.touch(mode=0o600)
        file.write_text(json.dumps({
            "api": {"auth_token": self.token, "url": self.server.url},
            "runner": {"name": name, **self.runner, **runner},
            "logging": {"format": "text"}}))
        if self.user == "nobody":
            shutil.chown(file, "nobody", "nogroup")
        words = [*before, *(NOBODY if self.user == "nobody" else []), self.world.binary, "agent",
                 "--config", file]
        agent = Program(name, words, self.world.place, self.world.environment(
            MUSTER_AGENT_STATE=str(self.state), **{**self.environment, **(environment or {})}))
        agent.file = file
        self.world.programs.append(agent)
        return agent
