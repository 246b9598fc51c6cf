"""The three ways in which a scaler is run. All take the same configuration.

`kill()` is the end without warning; the next run goes on as its kind does: the daemon is started
again by whoever supervises it, cron and Lambda come back by themselves.
"""

import json
import os
import threading

from support.function import RuntimeApi
from support.program import Program

CONFIG = {
    "circleci": {"token_secret": "circleci", "token_field": "circle_token", "poll_interval": "1s"},
    "lease": {"table": "muster"}}


class Driver:
    def __init__(self, world, cloud, keys, name="scaler", config=None, **_):
        self.world, self.name, self.config = world, name, config
        self.environment = cloud.environment(keys)
        self.stopping, self.programs = threading.Event(), []
        self.thread = threading.Thread(target=self.run, daemon=True)

    def start(self):
        self.thread.start()
        return self

    def launch(self, *arguments, **environment):
        program = self.world.start(self.name, *arguments,
                                   environment={**self.environment, **environment})
        self.programs = [program]
        return program

    def kill(self):
        for program in self.programs:
            program.kill()

    def output(self):
        log = self.world.place / f"{self.name}.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def told_lambda(self):
        return ""

    def file(self):
        file = self.world.place / f"{self.name}.yaml"
        file.write_text(json.dumps(self.config))
        return file

    def stop(self):
        self.stopping.set()
        self.thread.join()


class Daemon(Driver):
    """Supervised: started again when it has ended."""

    def run(self):
        while not self.stopping.is_set():
            program = self.launch("scale", "--config", self.file())
            while program.running and not self.stopping.wait(0.1):
                pass
            if self.stopping.is_set():
                assert program.stop() == 0


class Cron(Driver):
    """Each second rather than each minute."""

    def run(self):
        while not self.stopping.wait(1):
            self.launch("scale", "--config", self.file(), "--once").wait()


class Function(Driver):
    """The packaged program with nothing but what is in its zip, invoked again and again."""

    seconds = 11  # of a minute that is as short: passes begin for 6 s, the last ends by 8 s

    def __init__(self, *arguments, unpacked, **options):
        super().__init__(*arguments, **options)
        self.root, self.api, self.failures = unpacked, RuntimeApi(), []
        self.config_text = json.dumps(self.config)

    def launch(self):
        """In a root directory of its own, where this machine allows that."""
        place = ["/usr/sbin/chroot", self.root, "/bootstrap"] if os.geteuid() == 0 else [
            self.root / "bootstrap"]
        program = Program(self.name, place, self.world.place, {
            **self.environment, "AWS_LAMBDA_RUNTIME_API": self.api.host,
            "AWS_LAMBDA_FUNCTION_NAME": self.name, "MUSTER_CONFIG": self.config_text})
        self.world.programs.append(program)
        self.programs = [program]
        return program

    def run(self):
        while not self.stopping.is_set():
            if not self.programs or not self.programs[0].running:
                self.launch()
            invocation = self.api.invoke(self.seconds)
            while not invocation.over.wait(0.1) and self.programs[0].running:
                pass
            if invocation.error:
                self.failures.append(invocation.error["errorMessage"])
        self.kill()
        self.api.close()

    def told_lambda(self):
        return "\n".join(self.api.posted)


DRIVERS = {"daemon": Daemon, "cron": Cron, "function": Function}
