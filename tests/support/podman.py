"""Podman with a storage of the tests' own, and an image of what is on this machine."""

import os
import shutil
import stat
import subprocess
import tarfile
import tempfile
from pathlib import Path

IMAGE = "localhost/muster-test:1"
BUSYBOX = ("sh cat cp date dirname env grep head id ls mkdir ps pwd readlink rm seq setsid "
           "sort stat test touch tr true uname wc").split()
PROGRAMS = "/bin/bash", "/usr/bin/flock", "/usr/bin/git", "/usr/bin/sleep"


def libraries(program):
    """What the dynamic linker loads, and itself."""
    told = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return {word for line in told.splitlines() for word in line.split() if word.startswith("/")}


def image_archive(file):
    files = {"/bin/busybox": shutil.which("busybox")}
    for program in PROGRAMS:
        files[program] = program
        files.update((library, library) for library in libraries(program))
    with tarfile.open(file, "w") as archive:
        for name in ("bin", "etc", "usr/bin", "tmp", "proc", "dev", "sys", "run"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        for name, source in files.items():
            archive.add(os.path.realpath(source), name)
        for name in BUSYBOX:
            entry = tarfile.TarInfo(f"bin/{name}")
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(entry)


# With crun and its own limits; and where that is too old for the kernel's cgroups, or may not raise
# limits, as in some containers, with runc and the limits as they are.
FORMS = [], ["--runtime=runc"]
LIMITS = [], ["--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"]
WRAPPER = """#!/bin/sh
if [ "$1" = run ]; then shift; set -- run {limits} "$@"; fi
exec {podman} {options} "$@"
"""


class Podman:
    def __init__(self, place):
        self.place, self.bin = Path(place), Path(place) / "bin"
        self.bin.mkdir()
        self.place.chmod(0o711)
        self.bin.chmod(0o755)
        # Podman takes no longer name than 50 characters here, and the tests' own directories have.
        self.runtime = Path(tempfile.mkdtemp(prefix="muster-podman-"))
        self.runtime.chmod(0o711)
        self.said = ""

    def why_not(self):
        """Empty: containers run here."""
        if not shutil.which("podman") or not shutil.which("busybox"):
            return "podman or busybox is not installed: script/install test"
        image_archive(self.place / "image.tar")
        self.write([], [])
        done = self.run("import", self.place / "image.tar", IMAGE)
        for form in FORMS if done.returncode == 0 else ():
            for limits in LIMITS:
                self.write(form, limits)
                done = self.run("run", "--rm", "--network", "none", "--entrypoint", "/bin/true", IMAGE)
                if done.returncode == 0:
                    return ""
        return f"podman runs no containers here (see its words): {done.stderr.strip()}"

    def write(self, form, limits):
        options = ["--storage-driver=vfs", f"--root={self.place}/root",
                   f"--runroot={self.runtime}", *form]
        wrapper = self.bin / "podman"
        wrapper.write_text(WRAPPER.format(podman=shutil.which("podman"), limits=" ".join(limits),
                                          options=" ".join(options)))
        wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)

    def run(self, *words):
        return subprocess.run([self.bin / "podman", *words], capture_output=True, text=True,
                              timeout=120)

    @property
    def environment(self):
        return {"PATH": f"{self.bin}:{os.environ['PATH']}"}

    def containers(self):
        return self.run("ps", "--all", "--quiet").stdout.split()

    def close(self):
        self.run("rm", "--all", "--force", "--time", "0")
        shutil.rmtree(self.runtime, ignore_errors=True)
