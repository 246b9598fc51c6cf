"""A Debian that systemd has booted, in a container."""

import os
import shutil
import subprocess
from pathlib import Path

from support.debian_root import LAYER, DebianRoot, children_of
from support.waiting import TooLate, wait_until

CGROUPS = [Path("/sys/fs/cgroup", hierarchy) for hierarchy in ("", "systemd", "unified", "pids")]
MOST_TASKS = 1000

# The container's control groups are below one of this name, for us to remove. systemd-nspawn wants
# its own files in memory.
PREPARE = LAYER + f"""
group=$3
for hierarchy in {' '.join(map(str, CGROUPS))}; do
  [ -e "$hierarchy/cgroup.procs" ] || continue
  mkdir "$hierarchy/$group"
  echo $$ >"$hierarchy/$group/cgroup.procs"
done
mount -t tmpfs tmpfs /run
exec systemd-nspawn --quiet --register=no --keep-unit --private-network --console=read-only --boot \\
  --directory "$place/root" </dev/null
"""


class CannotBoot(Exception):
    pass


def comm_of(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return None


class BootedDebian(DebianRoot):
    def __init__(self, base, place):
        if shutil.which("systemd-nspawn") is None:
            raise CannotBoot("there is no systemd-nspawn: script/install test")
        self.place, self.group = place, f"muster-test-{os.getpid()}"
        log = place.parent / "boot.log"
        with log.open("wb") as file:
            self.holder = subprocess.Popen(
                ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "bash",
                 "-c", PREPARE, "prepare", base, place, self.group], stdout=file, stderr=file)
        try:
            self.first = wait_until(self.find_first, 60, "the container's first process")
            wait_until(self.is_booted, 120, "systemd to have booted")
            self.is_bounded = any(map(self.bound, self.roots()))
        except TooLate as late:
            self.close()
            raise CannotBoot(f"{late}\n{log.read_text(errors='replace')}") from late

    def find_first(self):
        """Below systemd-nspawn, whom unshare has started."""
        if self.holder.poll() is not None:
            raise TooLate("the container ended at once")
        below = [self.holder.pid]
        for pid in below:
            if comm_of(pid) == "systemd":
                return pid
            below += children_of(pid)
        return None

    def is_booted(self):
        return self.run("systemctl", "is-system-running").stdout in ("running\n", "degraded\n")

    def roots(self):
        """Its control groups that count its processes: in the older hierarchy, or the newer."""
        return CGROUPS[-1] / self.group, CGROUPS[0] / self.group / "payload"

    @staticmethod
    def bound(group):
        """So that it is full before this machine is."""
        limit = group / "pids.max"
        if limit.exists():
            limit.write_text(str(MOST_TASKS))
        return limit.exists()

    def hold_to_its_tasks(self, unit):
        """As systemd does itself, but not in the older hierarchy, which a container may only read."""
        older, _ = self.roots()
        if not older.exists():
            return
        own = older / unit
        own.mkdir()
        most = self.do("systemctl", "show", "--value", "-p", "TasksMax", unit)
        (own / "pids.max").write_text(most)
        running = CGROUPS[1] / self.group / "payload/system.slice" / unit / "cgroup.procs"
        for pid in running.read_text().split():
            (own / "cgroup.procs").write_text(pid)

    @property
    def directory(self):
        return Path(f"/proc/{self.first}/root")

    def inside(self, command):
        return ["nsenter", "--target", str(self.first), "--mount", "--uts", "--ipc", "--net",
                "--pid", "--root", "--wd", "--", *map(str, command)]

    def close(self):
        self.holder.kill()  # and with it the container
        self.holder.wait()
        for hierarchy in CGROUPS:
            wait_until(lambda place=hierarchy / self.group: self.remove_groups(place),
                       what="the end of all that the container ran")

    @staticmethod
    def remove_groups(place):
        for directory, _, _ in os.walk(place, topdown=False):
            os.rmdir(directory)  # busy, as long as a process is in it
        return True
