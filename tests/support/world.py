"""Everything one test starts: a directory of its own, real programs, and a clean end."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from support.api import Api, bearer
from support.claimer import Claimer
from support.program import FAULT, Program, processes_in
from support.repository import Repository
from support.waiting import SLOW, wait_until

# Kept from our own environment: nothing that belongs to the person who runs the tests.
PASSED_ON = ("PATH", "LANG", "TZ", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS",
             "LSAN_OPTIONS")


def end(program):
    """An agent that drains goes on with its task until it is told twice."""
    for patience in (3, 20):
        if program.running:
            program.signal(signal.SIGTERM)
        try:
            return program.wait(patience)
        except subprocess.TimeoutExpired:
            continue
    return program.kill()


class Server:
    def __init__(self, world, name="server", lease="5m", data=None, options=(), ca_file=None):
        self.world, self.name, self.lease = world, name, lease
        self.options, self.ca_file = options, ca_file
        self.data = data or world.place / f"{name}-data"
        self.port = 0
        self.start()

    def begin(self):
        """Starts it, and does not wait until it can be asked."""
        (self.data / "address").unlink(missing_ok=True)
        self.program = self.world.start(self.name, "server", "--data", self.data,
                                        "--port", self.port, "--lease", self.lease, *self.options)

    def start(self):
        address = self.data / "address"
        self.begin()

        def listening():
            assert self.program.running, f"the server ended:\n{self.program.tail()}"
            return address.exists() and address.read_text().strip()
        self.url = wait_until(listening, 60, "the server's address file")
        self.port = int(self.url.rsplit(":", 1)[1])
        self.token = (self.data / "token").read_text().strip()
        self.api = Api(self.url, bearer(self.token), self.ca_file)
        wait_until(lambda: self.api.get("/api/muster/v1/health").status == 200, 30, "health")

    def stop(self):
        code = self.program.stop()
        assert code == 0, f"the server's exit code is {code}"

    def kill(self):
        self.program.kill()

    def restart(self):
        self.stop()
        self.start()

    def create_class(self, name="local/small", max_requeues=0):
        """Its token."""
        self.api.post("/api/v3/runner/resource",
                      {"resource_class": name, "max_requeues": max_requeues}).expect(201)
        return self.create_token(name)["token"]

    def create_token(self, resource_class, nickname="test"):
        return self.api.post("/api/v3/runner/token", {
            "resource_class": resource_class, "nickname": nickname}).expect(201).json()

    def claimer(self, token, name="by-hand"):
        return Claimer(self, token, name)

    def unclaimed(self, resource_class="local/small"):
        answer = self.api.get("/api/v3/runner/tasks", **{"resource-class": resource_class})
        return answer.expect(200).json()["unclaimed_task_count"]


class World:
    def __init__(self, binary):
        self.binary = binary
        self.place = Path(tempfile.mkdtemp(prefix="muster-test."))
        self.place.chmod(0o711)  # run by root, jobs run as another user and must get through
        self.programs, self.counts = [], {}
        self.variables = {}  # of all that is started from now on

    def environment(self, **changes):
        kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        return {**kept, "HOME": str(self.place), "MUSTER_LOG_FORMAT": "text", **self.variables,
                **changes}

    def start(self, name, *arguments, environment=None, standard_input=None):
        program = Program(name, [self.binary, *arguments], self.place,
                          self.environment(**(environment or {})), standard_input)
        self.programs.append(program)
        return program

    def run(self, *arguments, environment=None, standard_input="", deadline=120):
        """A command that ends: its exit code and what it printed."""
        return subprocess.run([str(word) for word in (self.binary, *arguments)], cwd=self.place,
                              env=self.environment(**(environment or {})), text=True,
                              input=standard_input, capture_output=True,
                              timeout=deadline * SLOW)

    def client(self, server, *arguments, **options):
        trust = ("--ca-file", server.ca_file) if server.ca_file else ()
        return self.run(*arguments, "--server", server.url, "--token-file",
                        server.data / "token", *trust, **options)

    def number(self, kind):
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return f"{kind}-{self.counts[kind]}"

    def server(self, **options):
        return Server(self, self.number("server"), **options)

    def repository(self, config=None, files=None):
        return Repository(self.place / self.number("repository"), config, files)

    def submit(self, server, config, files=None):
        return self.repository(config, files).submit(server)

    def agent(self, server, token, environment=None, arguments=(), **runner):
        """Keys of the `runner` section may be given; it is continuous and cleans up if not."""
        name = self.number("agent")
        settings = {"name": name, "working_directory": str(self.place / name / "work" / "%s"),
                    "cleanup_working_directory": True, **runner}
        (self.place / name).mkdir(mode=0o711)
        file = self.place / f"{name}.yaml"
        file.touch(mode=0o600)
        file.write_text(json.dumps({
            "api": {"auth_token": token, "url": server.url, **self.trust(server)},
            "runner": settings,
            "logging": {"format": "text"}}))
        return self.start(name, "agent", "--config", file, *arguments, environment=environment)

    @staticmethod
    def trust(server):
        return {"ca_file": str(server.ca_file)} if server.ca_file else {}

    def scaler_config(self, server, classes):
        """`classes`: name -> (token, policy). Instances go two seconds after their last task."""
        def entry(name, token, policy):
            token_file = self.place / f"{name.replace('/', '-')}.token"
            token_file.touch(mode=0o600)
            token_file.write_text(token)
            local = {"token_file": str(token_file), "idle_timeout": "2s"}
            return {**policy, "local": {**local, **policy.get("local", {})}}
        file = self.place / "scaler.yaml"
        file.write_text(json.dumps({
            "server": {"url": server.url, "token_file": str(server.data / "token"),
                       **self.trust(server)},
            "state_directory": str(self.place / "scaler-state"),
            "resource_classes": {n: entry(n, t, p) for n, (t, p) in classes.items()}}))
        return file

    def scaler(self, config_file):
        return self.start("scaler", "scale", "--config", config_file)

    def close(self):
        """Ends all; the complaint of a sanitizer, if there was one."""
        for program in reversed(self.programs):
            end(program)
        for pid in processes_in(self.place):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        complaints = [f"{p.name}: {p.tail(60)}" for p in self.programs if FAULT.search(p.output())]
        shutil.rmtree(self.place, ignore_errors=True)
        return "\n".join(complaints)
