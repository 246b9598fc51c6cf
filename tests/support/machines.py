"""Machines that a program looks after, each a real runner."""

import json
import subprocess
import sys
from pathlib import Path

PROCESSES = Path(__file__).parents[2] / "examples/machines/processes"


class Machines:
    """Those of one class; the token is its own."""

    def __init__(self, world, server, token, resource_class="local/small", **runner):
        self.world, self.name = world, resource_class
        own = resource_class.replace("/", "-")
        self.directory = world.place / f"machines-{own}"
        settings = world.place / f"machine-{own}.yaml"
        settings.touch(mode=0o600)
        settings.write_text(json.dumps({
            "api": {"auth_token": token, "url": server.url},
            "runner": {"mode": "single-task", "idle_timeout": "5s", **runner}}))
        self.boot = world.place / f"boot-{own}"
        self.boot.write_text(f'#!/bin/sh\nexport CIRCLECI_RUNNER_NAME="$MACHINE_ID"\n'
                             f'exec "{world.binary}" agent --config "{settings}"\n')
        self.boot.chmod(0o755)

    def program(self):
        return [sys.executable, str(PROCESSES), str(self.directory), str(self.boot), "--"]

    def ask(self, *words):
        return json.loads(subprocess.run([*self.program(), *words], check=True, text=True,
                                         capture_output=True, env=self.world.environment()).stdout)

    def live(self):
        return self.ask("list", self.name)["instances"]

    def launched(self):
        return len(list(self.directory.glob("*.log")))
