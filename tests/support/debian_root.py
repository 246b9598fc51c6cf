"""A Debian to install things in, with processes and a network of its own, which all end with it."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from support.program import Program
from support.waiting import wait_until

# What is changed is in memory, above `base`; nobody else sees these mounts, and nobody has to undo
# them.
LAYER = """
set -e
base=$1 place=$2
mount -t tmpfs tmpfs "$place"
mkdir "$place/upper" "$place/work" "$place/root"
mount -t overlay -o "lowerdir=$base,upperdir=$place/upper,workdir=$place/work" overlay "$place/root"
"""
# Its network is a loopback.
PREPARE = LAYER + """
mount -t proc proc "$place/root/proc"
mount --rbind /dev "$place/root/dev"
ip link set lo up
echo ready
exec sleep infinity
"""


def why_not():
    """Why there can be none here, or nothing."""
    if os.geteuid() != 0:
        return "only root can install a package in a Debian of the test's own"
    if shutil.which("debootstrap") is None:
        return "needs debootstrap: script/install test"
    tried = subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "mount", "-t",
                            "tmpfs", "tmpfs", "/mnt"], text=True, capture_output=True)
    return f"this machine lets nobody mount: {tried.stderr.strip()}" if tried.returncode else ""


def children_of(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Inside(Program):
    """A program in a DebianRoot. Who entered it waits outside, and passes no signals on."""

    def signal(self, number):
        for child in children_of(self.pid):
            os.kill(child, number)


class DebianRoot:
    def __init__(self, base, place):
        self.place = place
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "bash", "-c",
             PREPARE, "prepare", base, place], text=True, stdout=subprocess.PIPE)
        assert self.holder.stdout.readline() == "ready\n", "the root could not be made"
        self.first, = children_of(self.holder.pid)

    @property
    def directory(self):
        """Where its files are, for us."""
        return Path(f"/proc/{self.first}/root{self.place}/root")

    def inside(self, command):
        return ["nsenter", "--target", str(self.first), "--mount", "--net", "--pid", "--",
                "chroot", f"{self.place}/root", *map(str, command)]

    @staticmethod
    def environment(**more):
        return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "LANG": "C.UTF-8", "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive", **more}

    def run(self, *command, deadline=120, **variables):
        return subprocess.run(self.inside(command), text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, env=self.environment(**variables),
                              timeout=deadline)

    def do(self, *command, **options):
        """What must succeed: what it printed."""
        done = self.run(*command, **options)
        assert done.returncode == 0, f"{shlex.join(map(str, command))}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self, name, command, **variables):
        return Inside(name, self.inside(command), self.place.parent,
                      self.environment(**variables))

    def copy(self, file):
        """Its path within."""
        shutil.copy(file, self.directory / "root")
        return f"/root/{file.name}"

    def files(self):
        """Every path, with its kind, mode, owner, and where it leads."""
        listed = self.do("find", "/", "-xdev", "-printf", r"%y %m %u:%g %p -> %l\n")
        return set(listed.splitlines())

    def close(self):
        self.holder.kill()  # and with it all that is within
        self.holder.wait()
        self.holder.stdout.close()
        wait_until(lambda: not Path(f"/proc/{self.first}").exists(), what="the end of the root")
