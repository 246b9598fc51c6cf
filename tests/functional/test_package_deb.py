"""Debian's package, in a Debian: installed, used, upgraded, removed, purged."""

import json
import shutil
import subprocess

import pytest

from support.pipeline import config, job
from support.repository import Repository
from support.root import ROOT
from support.units import Unit
from support.waiting import wait_until

UNITS = ("muster-server", "muster-scale", "muster-agent")
# The first test makes the Debian, which takes a minute, or some from a slow archive.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def installed(debian, deb):
    debian.do("dpkg", "--install", debian.copy(deb))
    return debian


@pytest.fixture
def served(installed):
    start(installed, "muster-server")
    return installed


def start(debian, name, **variables):
    program = Unit(debian, name).start(**variables)
    if name == "muster-server":
        wait_until(lambda: muster(debian, "pipeline", "list").returncode == 0, 60,
                   "the server's first answer")
    return program


def muster(debian, *arguments, **options):
    """As root types it, who needs no options."""
    return debian.run("muster", *arguments, **options)


def rewrite(debian, name, change):
    file = debian.directory / name.lstrip("/")
    file.write_text(change(file.read_text()))


# What is where.

def test_lintian_finds_nothing(deb):
    if shutil.which("lintian") is None:
        pytest.skip("needs lintian: script/install test")
    found = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning",
                            "--tag-display-limit", "0", deb], text=True, capture_output=True)
    assert (found.returncode, found.stdout) == (0, ""), found.stdout + found.stderr


def test_every_configuration_file_is_one_for_dpkg_too(deb):
    listed = subprocess.run(["dpkg-deb", "--ctrl-tarfile", deb], check=True, capture_output=True)
    told = subprocess.run(["tar", "-xO", "./conffiles"], input=listed.stdout, check=True,
                          capture_output=True).stdout.decode().split()
    assert told == [f"/etc/muster/{file.name}" for file in sorted((ROOT / "deploy/etc").iterdir())]


def test_nothing_runs_and_nothing_is_enabled(installed):
    status = installed.do("cat", "/var/lib/dpkg/info/muster.list")
    assert "/usr/lib/systemd/system/muster-server.service" in status.splitlines()
    assert not list((installed.directory / "etc/systemd/system").rglob("muster*"))
    assert "/usr/bin/muster" not in installed.do("sh", "-c", "cat /proc/[0-9]*/cmdline")


def test_who_may_read_what(installed):
    listed = installed.do("stat", "-c", "%n %U:%G %a", "/var/lib/muster", "/etc/muster",
                          *(f"/etc/muster/{name}" for name in
                            ("agent.yaml", "muster.yaml", "server.env")))
    assert listed.splitlines() == [
        "/var/lib/muster muster:muster 700", "/etc/muster root:root 755",
        "/etc/muster/agent.yaml root:root 600", "/etc/muster/muster.yaml root:root 644",
        "/etc/muster/server.env root:root 644"]
    assert installed.do("getent", "passwd", "muster").strip().endswith(
        ":/var/lib/muster:/usr/sbin/nologin")


def test_the_manual_is_found(installed):
    assert installed.do("man", "--where", "muster").strip() == "/usr/share/man/man1/muster.1.gz"
    page = installed.do("man", "muster", MANWIDTH="80", MANROFFOPT="-ww")
    assert "muster server" in page


def test_bash_finds_its_completions(installed):
    found = installed.do("bash", "-c", """
        . /usr/share/bash-completion/bash_completion
        _completion_loader muster
        COMP_WORDS=(muster ser) COMP_CWORD=1
        _muster
        printf '%s\\n' "${COMPREPLY[@]}" """)
    assert found.split() == ["server"]


def test_zsh_finds_its_completions_at_the_first_try(installed):
    """In a terminal, as completion is only there: a tab, then a command made of what is there."""
    shown = installed.do("zsh", "-fc", r"""
        zmodload zsh/zpty
        zpty shell zsh -fi
        zpty -w shell 'PS1=; bindkey -e; autoload -U compinit && compinit -u && print rea""dy'
        zpty -r -m shell line '*ready*'
        zpty -w shell $'muster serv\t\C-aprint -r -- found \C-e; print e""nd'
        zpty -r -m shell line '*end*'
        print -r -- $line
        zpty -d shell""", TERM="dumb")
    assert "\nfound muster server" in shown.replace("\r", ""), shown


def test_systemd_has_no_complaint(installed):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze: script/install test")
    for name in UNITS:
        # It looks for what is started, and for the manual, on this machine.
        unit = (installed.directory / f"usr/lib/systemd/system/{name}.service").read_text()
        file = installed.place.parent / f"{name}.service"
        file.write_text(unit.replace("/usr/bin/muster", "/bin/true"))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no",
         *(installed.place.parent / f"{name}.service" for name in UNITS)],
        text=True, capture_output=True)
    assert (verified.returncode, verified.stderr) == (0, "")


# What the units start, with the configuration as it comes.

def test_the_server_answers(served):
    assert muster(served, "resource-class", "create", "local/linux").returncode == 0
    listed = json.loads(served.do("muster", "resource-class", "list", "--json"))
    assert [found["resource_class"] for found in listed["items"]] == ["local/linux"]
    owners = served.do("find", "/var/lib/muster", "-printf", "%u\n").split()
    assert set(owners) == {"muster"}


def test_the_server_takes_its_options_from_the_file(installed):
    rewrite(installed, "/etc/muster/server.env", lambda text: text.replace("8480", "8481"))
    Unit(installed, "muster-server").start()
    wait_until(lambda: muster(installed, "pipeline", "list", "--server",
                              "http://127.0.0.1:8481").returncode == 0, 60, "an answer")


def test_without_a_token_the_scaler_says_how_to_get_one(installed):
    scaler = start(installed, "muster-scale")
    assert scaler.wait() == 2
    assert "there is no /var/lib/muster/token; create it with: muster token" in scaler.output()


def test_with_the_servers_token_the_scaler_starts(served):
    served.do("muster", "resource-class", "create", "local/linux")
    scaler = start(served, "muster-scale", AWS_ACCESS_KEY_ID="k", AWS_SECRET_ACCESS_KEY="s")
    wait_until(lambda: "scaling" in scaler.output(), 60, "the scaler's start")
    planned = muster(served, "plan", "--config", "/etc/muster/muster.yaml", "--json")
    assert planned.returncode == 3, planned  # there is no AWS here
    judged = muster(served, "doctor", "--config", "/etc/muster/muster.yaml")
    assert "token-file" not in judged.stderr and "local/linux" in judged.stdout
    assert scaler.running


def test_without_a_token_the_agent_says_where_it_belongs(installed):
    agent = start(installed, "muster-agent")
    assert agent.wait() == 2
    assert "/etc/muster/agent.yaml:" in agent.output()
    assert "api.auth_token: is missing: write the token of a resource class" in agent.output()


def test_with_a_token_the_agent_runs_a_job(served):
    """As nobody, who gets at no token."""
    token = served.do("muster", "resource-class", "create", "local/linux", "--generate-token")
    rewrite(served, "/etc/muster/agent.yaml",
            lambda text: text.replace("#auth_token: ...", f"auth_token: {token}"))
    agent = start(served, "muster-agent")
    repository = Repository(served.place.parent / "project", config(build=job(
        "checkout", 'test "$(id -un)" = nobody',
        "! cat /etc/muster/agent.yaml && ! cat /var/lib/muster/token",
        resource_class="local/linux")))
    shutil.copytree(repository.directory, served.directory / "root/project")
    ran = served.run("sh", "-c", "cd /root/project && muster run")
    assert ran.returncode == 0, f"{ran.stdout}{ran.stderr}{agent.tail()}"
    assert token.strip() not in ran.stdout + ran.stderr + agent.output()


# Later.

EDITED = "# Edited by the owner.\n"


def test_an_upgrade_keeps_what_was_edited_and_the_data(served, newer):
    served.do("muster", "resource-class", "create", "acme/linux")
    for name in ("server.env", "muster.yaml", "agent.yaml"):
        rewrite(served, f"/etc/muster/{name}", lambda text: text + EDITED)
    token = served.do("cat", "/var/lib/muster/token")
    served.do("dpkg", "--force-confold", "--install",
              newer(served, changed_default="etc/muster/server.env"))
    assert served.do("dpkg-query", "-W", "-f", "${Version}", "muster").endswith(".1")
    for name in ("server.env", "muster.yaml", "agent.yaml"):
        assert EDITED in served.do("cat", f"/etc/muster/{name}")
    assert "A new default" in served.do("cat", "/etc/muster/server.env.dpkg-dist")
    assert served.do("stat", "-c", "%a", "/etc/muster/agent.yaml") == "600\n"
    assert served.do("cat", "/var/lib/muster/token") == token
    assert "acme/linux" in served.do("muster", "resource-class", "list")


def test_an_upgrade_brings_new_defaults_where_nothing_was_edited(installed, newer):
    installed.do("dpkg", "--install", newer(installed, changed_default="etc/muster/muster.yaml"))
    assert "A new default" in installed.do("cat", "/etc/muster/muster.yaml")


def test_to_remove_it_keeps_configuration_and_data(served):
    rewrite(served, "/etc/muster/muster.yaml", lambda text: text + EDITED)
    served.do("dpkg", "--remove", "muster")
    assert not (served.directory / "usr/bin/muster").exists()
    assert EDITED in served.do("cat", "/etc/muster/muster.yaml")
    served.do("test", "-s", "/var/lib/muster/muster.db")
    served.do("getent", "passwd", "muster")


# What dpkg and the tools for users keep of their own work, and caches.
OTHERS = ("/var/lib/dpkg", "/var/log/", "/var/cache/", "/var/backups/", "/etc/passwd-",
          "/etc/group-", "/etc/shadow-", "/etc/gshadow-", "/etc/.pwd.lock", "/root/", "/run/",
          "/tmp")
USERS = ("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/subuid", "/etc/subgid")


def state(debian):
    files = {line for line in debian.files() if not line.split(" ", 3)[3].startswith(OTHERS)}
    return files, {name: debian.do("cat", name) for name in USERS}


@pytest.mark.parametrize("steps", [["--purge"], ["--remove", "--purge"]], ids=" ".join)
def test_to_purge_it_leaves_nothing(debian, deb, steps):
    before = state(debian)
    debian.do("dpkg", "--install", debian.copy(deb))
    server, scaler = start(debian, "muster-server"), start(debian, "muster-scale")
    wait_until(lambda: "scaling" in scaler.output(), 60, "the scaler's start")
    start(debian, "muster-agent").wait()
    debian.do("sh", "-c", "echo secret >/etc/muster/circleci.token")
    assert (scaler.stop(), server.stop()) == (0, 0)
    wants = "/etc/systemd/system/multi-user.target.wants"
    debian.do("ln", "-s", "/usr/lib/systemd/system/muster-server.service", wants)
    for step in steps:
        debian.do("dpkg", step, "muster")
    assert state(debian) == before


def test_to_purge_it_leaves_a_user_who_was_there_before(debian, deb):
    debian.do("useradd", "--system", "--comment", "Somebody else", "muster")
    debian.do("dpkg", "--install", debian.copy(deb))
    debian.do("dpkg", "--purge", "muster")
    assert "Somebody else" in debian.do("getent", "passwd", "muster")


def test_to_purge_it_leaves_data_that_were_there_before(debian, deb, newer):
    """Those of a server from the tarball, say; also if the package was removed and came again."""
    def here():
        return debian.run("sh", "-c", "ls -d /etc/muster /etc/muster/* /var/lib/muster* "
                          "/var/lib/muster/* /var/lib/misc/muster*").stdout.split()
    debian.do("sh", "-c", "mkdir /etc/muster /var/lib/muster /var/lib/muster-agent && "
              "touch /etc/muster/proxy.crt /var/lib/muster/muster.db")
    debian.do("dpkg", "--install", debian.copy(deb))
    debian.do("sh", "-c", "mkdir /var/lib/muster-scale; touch /var/lib/muster-scale/scaler.db "
              "/var/lib/muster-agent/work")
    debian.do("dpkg", "--remove", "muster")
    debian.do("dpkg", "--install", newer(debian))
    purged = debian.run("dpkg", "--purge", "muster")
    assert purged.returncode == 0, purged.stderr
    assert "muster: /var/lib/muster was there before the package was, and so stays" in purged.stderr
    assert sorted(here()) == ["/etc/muster", "/etc/muster/proxy.crt", "/var/lib/muster",
                              "/var/lib/muster/muster.db"]
    debian.do("rm", "-r", "/etc/muster", "/var/lib/muster")
    debian.do("dpkg", "--install", debian.copy(deb))
    debian.do("dpkg", "--purge", "muster")
    assert here() == []


def test_to_purge_it_empties_a_volume(installed):
    installed.do("mount", "-t", "tmpfs", "tmpfs", "/var/lib/muster")
    installed.do("touch", "/var/lib/muster/token")
    assert "could not" not in installed.do("dpkg", "--purge", "muster")
    assert installed.do("ls", "-A", "/var/lib/muster") == ""
