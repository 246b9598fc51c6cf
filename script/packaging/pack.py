"""Packs a program, in each KIND that is asked for, and prints what it has made.

The same program and sources give the same bytes. SOURCE_DATE_EPOCH is the time of all within."""

import argparse
import os
import platform
import subprocess
from pathlib import Path

from archives import write_deb, write_tar_gz, write_zip
from certificates import certificates
from debian import debian_package
from notice import third_party_notice

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"


def tree(directory, prefix=""):
    """What lies below. Of a mode only "may be executed" counts: the rest is the umask's."""
    return {prefix + str(file.relative_to(directory)):
            (file.read_bytes(), 0o755 if file.stat().st_mode & 0o100 else 0o644)
            for file in directory.rglob("*") if file.is_file()}


class Source:
    """What packages are made of."""

    def __init__(self, program, libraries):
        self.program = program
        self.binary = (program.read_bytes(), 0o755)
        self.version = self.say("--version").removeprefix("muster ").strip()
        self.terms = {"LICENSE": ((ROOT / "LICENSE").read_bytes(), 0o644),
                      "THIRD_PARTY": (third_party_notice(program.parent, libraries).encode(),
                                      0o644)}

    def say(self, *arguments):
        return subprocess.run([self.program, *arguments], check=True, text=True,
                              stdout=subprocess.PIPE).stdout

    def manual(self):
        return self.say("man").encode()

    def completion(self, shell):
        return self.say("completion", shell).encode(), 0o644


def pack_lambda(source, output, seconds):
    archive = output / f"muster-lambda-{platform.machine()}-{source.version}.zip"
    write_zip(archive, {"bootstrap": source.binary, **certificates("certs"), **source.terms},
              seconds)
    return archive


def pack_instance(source, output, seconds):
    archive = output / f"muster-instance-{platform.machine()}-{source.version}.zip"
    write_zip(archive, {"bin/muster": source.binary, **certificates("bin/certs"),
                        **source.terms, **tree(DEPLOY / "instance")}, seconds)
    return archive


def pack_deb(source, output, seconds):
    files, architecture = debian_package(source, tree, DEPLOY, seconds)
    archive = output / f"muster_{source.version}_{architecture}.deb"
    write_deb(archive, files, seconds)
    return archive


def pack_tarball(source, output, seconds):
    name = f"muster-{source.version}"
    files = {"bin/muster": source.binary, **certificates("bin/certs"), **source.terms,
             "README": ((DEPLOY / "tarball/README").read_bytes(), 0o644),
             "share/man/man1/muster.1": (source.manual(), 0o644),
             "share/bash-completion/completions/muster": source.completion("bash"),
             "share/zsh/site-functions/_muster": source.completion("zsh"),
             "share/fish/vendor_completions.d/muster.fish": source.completion("fish"),
             **tree(DEPLOY / "systemd", "systemd/"), **tree(DEPLOY / "etc", "etc/muster/")}
    archive = output / f"{name}-linux-{platform.machine()}.tar.gz"
    write_tar_gz(archive, {f"{name}/{path}": file for path, file in files.items()}, seconds)
    return archive


KINDS = {"lambda": pack_lambda, "instance": pack_instance, "deb": pack_deb,
         "tarball": pack_tarball}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("program", "libraries", "output"):
        parser.add_argument(f"--{option}", type=Path, required=True)
    parser.add_argument("kinds", metavar="KIND", nargs="+", choices=KINDS)
    given = parser.parse_args()

    source = Source(given.program.resolve(), given.libraries)
    for kind in given.kinds:
        print(KINDS[kind](source, given.output, int(os.environ["SOURCE_DATE_EPOCH"])))


main()
