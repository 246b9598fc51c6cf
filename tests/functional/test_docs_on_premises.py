"""The commands of docs/on-premises.md, as they stand, in a Debian that systemd has booted."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support.booted_debian import BootedDebian, CannotBoot
from support.debian_root import why_not
from support.waiting import wait_until

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/on-premises.md").read_text()
pytestmark = pytest.mark.timeout(900)  # the Debian is made by the first test that wants one

# A call as a runner or a client makes it: method, path, token, body. Prints status, time, answer.
CALL = """
import sys, time, urllib.request
method, path, token, body = sys.argv[1:]
begun = time.monotonic()
answer = urllib.request.urlopen(urllib.request.Request(
    "https://ci.example" + path, body.encode() or None,
    {"Authorization": "Bearer " + token, "Content-Type": "application/json"}, method=method))
print(answer.status, time.monotonic() - begun, answer.read().decode())
"""


def blocks(heading, language):
    section = re.search(rf"^##+ {re.escape(heading)}\n(.*?)(?=^##+ |\Z)", PAGE,
                        re.MULTILINE | re.DOTALL)[1]
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return [text for its_language, text in fenced if its_language == language]


def commands(heading):
    found = blocks(heading, "sh")
    assert found, f"no commands under '{heading}'"
    return "".join(found)


@pytest.mark.parametrize("page", ["on-premises.md", "operate.md", "packages.md"])
def test_the_package_is_named_as_script_package_names_it(page):
    version = re.search(r"^project\(muster VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(),
                        re.MULTILINE)[1]
    named = re.findall(r"apt install (\S+\.deb)", (ROOT / "docs" / page).read_text())
    assert named == [f"./build/package/muster_{version}_amd64.deb"]


class Machine(BootedDebian):
    """Server, runner and a person's machine in one."""

    def follow(self, *headings):
        for heading in headings:
            said = self.do("env", "--chdir=/root", "bash", "-euo", "pipefail", "-c",
                           commands(heading))
        return said

    def read(self, file):
        return self.do("cat", file).strip()

    def muster(self, *words, **options):
        return self.run("env", "--chdir=/root/hello", "MUSTER_SERVER=https://ci.example",
                        "MUSTER_TOKEN_FILE=/root/people.token", "muster", *words, **options)

    def call(self, method, path, token, body=""):
        status, took, *answer = self.do("python3", "-c", CALL, method, path, token, body).split(
            " ", 2)
        return int(status), float(took), "".join(answer).strip()

    def commit(self, command):
        """Another job of the page's project."""
        file = self.directory / "root/hello/.circleci/config.yml"
        file.write_text(re.sub("- run: .*", f"- run: {command}", file.read_text()))
        self.do("git", "-C", "/root/hello", "add", ".")
        self.do("git", "-C", "/root/hello", "-c", "user.name=me", "-c", "user.email=me@x", "commit",
                "--quiet", "--all", "--message", "another")

    def pipeline(self):
        """The newest."""
        newest = json.loads(self.muster("pipeline", "list", "--json").stdout)["items"][0]
        return json.loads(self.muster("pipeline", "show", str(newest["number"]), "--json").stdout)

    def task(self):
        return self.pipeline()["workflows"][0]["jobs"][0]["tasks"][0]


@pytest.fixture
def machine(deb, tmp_path):
    if reason := why_not():
        pytest.skip(reason)
    base = subprocess.run([ROOT / "tests/support/debian-root", "proxies"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()
    (tmp_path / "debian").mkdir()
    try:
        booted = Machine(base, tmp_path / "debian")
    except CannotBoot as reason:
        pytest.skip(f"no systemd can be booted here: {reason}")
    booted.do("systemctl", "disable", "--now", "nginx", "caddy")
    booted.do("dpkg", "--install", booted.copy(deb))
    with (booted.directory / "etc/hosts").open("a") as file:
        file.write("127.0.0.1 localhost ci.example\n")
    shutil.copytree(ROOT / "examples", booted.directory / "root/examples")
    yield booted
    booted.close()


def trusts(machine, **variables):
    """Whether muster takes the proxy's certificate; if not, it says so in the page's words."""
    asked = machine.run("muster", "resource-class", "list", "--server", "https://ci.example",
                        "--token-file", "/root/people.token", **variables)
    words = re.search(r"trusted it says\s`(.*?)`", PAGE)[1]
    assert asked.returncode == 0 or (asked.returncode == 3 and words in asked.stderr), asked.stderr
    return asked.returncode == 0


def output_follows_the_job(machine):
    """What is asked for before it is there comes as soon as it is, and not when all is."""
    machine.commit("echo one; until [ -e /tmp/go ]; do sleep 0.1; done; echo two; "
                   "until [ -e /tmp/end ]; do sleep 0.1; done")
    machine.do("sh", "-c", "cd /root/hello && MUSTER_SERVER=https://ci.example "
               "MUSTER_TOKEN_FILE=/root/people.token muster run >/dev/null 2>&1 &")
    agent = machine.do("systemctl", "show", "--property=MainPID", "--value", "muster-agent").strip()
    token = machine.read("/root/people.token")

    def output(wait=0):
        path = f"/api/muster/v1/tasks/{machine.task()['id']}/steps/1/output?wait_ms={wait}"
        return machine.call("GET", path, token)[2]

    def touch(name):  # its /tmp is its own
        machine.do("nsenter", f"--mount=/proc/{agent}/ns/mnt", "touch", f"/tmp/{name}")

    wait_until(lambda: machine.task()["state"] == "running", 60, "the job's start")
    wait_until(lambda: output(20_000).startswith("one"), 60, "the first line")
    touch("go")
    wait_until(lambda: output(20_000) == "one\ntwo", 60, "the second line")
    assert machine.pipeline()["state"] == "running"
    touch("end")
    wait_until(lambda: machine.pipeline()["state"] == "success", 60, "the job's end")


def a_large_source_goes_through(machine):
    with (machine.directory / "root/hello/large").open("wb") as file:
        file.write(Path("/dev/urandom").open("rb").read(8 << 20))
    machine.commit("wc -c large; head -c 6000000 /dev/zero | tr '\\\\0' x")
    ran = machine.muster("run")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    printed = machine.muster("pipeline", "output", str(machine.pipeline()["number"])).stdout
    assert f"{8 << 20} large" in printed and printed.count("x") >= 6_000_000


def the_longest_poll_is_answered(machine):
    machine.do("muster", "resource-class", "create", "acme/other")
    token = machine.do("muster", "token", "create", "acme/other").strip()
    status, took, _ = machine.call("POST", "/api/muster/v1/claim", token, json.dumps({
        "request_id": "00000000-0000-4000-8000-000000000000", "name": "by-hand", "hostname": "x",
        "version": "x", "wait_ms": 60_000}))
    assert status == 204 and took > 59


@pytest.mark.parametrize("proxy", ["nginx", "Caddy"])
def test_a_server_behind_a_proxy(machine, proxy):
    machine.follow("The server", "A certificate", proxy)
    assert not trusts(machine)
    assert not trusts(machine, SSL_CERT_FILE="/root/ca/ca.crt", CURL_CA_BUNDLE="/root/ca/ca.crt",
                      SSL_CERT_DIR="/root/ca")
    machine.follow("Trust")
    assert trusts(machine)
    said = machine.follow("A machine that stays", "The first job")
    assert f"Hello from {machine.do('hostname').strip()}" in said
    output_follows_the_job(machine)
    a_large_source_goes_through(machine)
    the_longest_poll_is_answered(machine)


def test_machines_that_come_and_go(machine):
    machine.follow("The server", "A certificate", "nginx", "Trust", "A machine that stays",
                   "The first job")
    assert " 0 bad" in machine.follow("Machines that come and go")
    machine.do("systemctl", "stop", "muster-agent")
    scaler = machine.start("scaler", ["env", "--chdir=/root", "muster", "scale", "--config",
                                      "/root/muster.yaml"])
    ran = machine.muster("run", "--fleet", deadline=180)
    assert ran.returncode == 0, ran.stdout + ran.stderr + scaler.output()
    assert machine.task()["runner"].startswith("machine-")
    assert scaler.stop() == 0
    assert json.loads(machine.do("machines", "/var/lib/muster-trial/machines", "x", "--", "list",
                                 "acme/linux")) == {"instances": []}

    # The image of a machine turns itself off after its job.
    drop_in, = (b for b in blocks("Machines that come and go", "") if "[Service]" in b)
    file = machine.directory / "etc/systemd/system/muster-agent.service.d/machine.conf"
    file.parent.mkdir()
    file.write_text(drop_in)
    settings = machine.directory / "etc/muster/agent.yaml"
    settings.write_text(settings.read_text().replace("continuous", "single-task"))
    machine.do("systemctl", "daemon-reload")
    machine.do("systemctl", "start", "muster-agent")
    wait_until(lambda: "waiting for tasks" in machine.do(
        "journalctl", "--output=cat", "--unit=muster-agent", "--lines=3"), 60, "the runner")
    assert machine.holder.poll() is None
    machine.run("sh", "-c", "cd /root/hello && MUSTER_SERVER=https://ci.example "
                "MUSTER_TOKEN_FILE=/root/people.token muster run >/dev/null 2>&1 &")
    wait_until(lambda: machine.holder.poll() is not None, 120, "the machine to be off")


def test_the_configuration_for_circleci_is_one(world):
    """Nothing but the queue, which is out of reach, keeps it from a plan."""
    text, = blocks("CircleCI's queue, your machines", "yaml")
    program = world.place / "machines"
    program.write_text("#!/bin/sh\necho '{\"instances\": []}'\n")
    program.chmod(0o755)
    token = world.place / "circleci.token"
    token.touch(mode=0o600)
    token.write_text("secret\n")
    assert "/usr/local/bin/machines" in text and "/var/lib/muster-scale" in text
    config = world.place / "muster.yaml"
    config.write_text(text.replace("/usr/local/bin/machines", str(program)).replace(
        "/var/lib/muster-scale", str(world.place / "state")).replace(
        "circleci:\n", "circleci:\n  url: http://127.0.0.1:9\n"))
    planned = world.run("plan", "--config", config)
    assert planned.returncode == 3, planned.stdout + planned.stderr
    assert "the queue is unknown" in planned.stdout and "0 instances" in planned.stdout
