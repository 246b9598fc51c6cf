"""What script/package makes: all of it there, complete, and the same bytes whenever it is made."""

import hashlib
import os
import shutil
import subprocess
import tarfile
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from support.empty_root import Authority, EmptyRoot, TlsFront, assert_listed
from support.root import ROOT

NAME = "queue.test"


@pytest.fixture(params=["instance", "tarball"])
def program(request, packages, tarball, tmp_path):
    """Where the program is, once its archive is unpacked into tmp_path."""
    if request.param == "tarball":
        with tarfile.open(tarball) as archive:
            archive.extractall(tmp_path)
        return next(tmp_path.glob("muster-*/bin/muster"))
    with zipfile.ZipFile(packages / "instance.zip") as archive:
        archive.extractall(tmp_path)
    program = tmp_path / "bin/muster"
    program.chmod(0o755)  # Python's own unpacking keeps no modes
    return program


@pytest.fixture
def empty_root(program, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root may change the root directory of a program")
    return EmptyRoot(tmp_path, f"/{program.relative_to(tmp_path)}")


@pytest.fixture
def copied(tmp_path):
    """The sources of packages, elsewhere, of other times and open to a group."""
    for directory in ("script/packaging", "deploy"):
        shutil.copytree(ROOT / directory, tmp_path / "copied" / directory,
                        copy_function=shutil.copyfile)
        for file in (ROOT / directory).rglob("*"):
            if file.is_file() and file.stat().st_mode & 0o100:
                (tmp_path / "copied" / directory / file.relative_to(ROOT / directory)).chmod(0o775)
    shutil.copyfile(ROOT / "LICENSE", tmp_path / "copied/LICENSE")
    return tmp_path / "copied"


def pack(copied, packages, output, *kinds, seconds=1_600_000_001):
    """Under an unusual umask; what it printed."""
    output.mkdir(exist_ok=True)
    return subprocess.run(
        ["/usr/bin/python3", "-B", copied / "script/packaging/pack.py", "--program",
         packages / "muster", "--libraries", ROOT / "build/static-libraries/installed",
         "--output", output, *kinds], check=True, text=True, stdout=subprocess.PIPE, umask=0o007,
        cwd=output, env={**os.environ, "SOURCE_DATE_EPOCH": str(seconds)}).stdout.split()


def test_checksums_are_of_all(packages, made):
    assert len(made) == 4
    sums = dict(reversed(line.split()) for line in
                (packages / "SHA256SUMS").read_text().splitlines())
    assert sums == {archive.name: hashlib.sha256(archive.read_bytes()).hexdigest()
                    for archive in made}


def test_two_have_names_without_a_version(packages, made):
    for archive, name in zip(made, ("lambda.zip", "instance.zip")):
        assert (packages / name).read_bytes() == archive.read_bytes()


def test_made_again_elsewhere_they_are_the_same(packages, made, tarball, copied, tmp_path):
    with tarfile.open(tarball) as archive:
        seconds, = {entry.mtime for entry in archive}
    again = pack(copied, packages, tmp_path / "again", "lambda", "instance", "deb", "tarball",
                 seconds=seconds)
    assert [Path(archive).name for archive in again] == [archive.name for archive in made]
    for archive, first in zip(again, made):
        assert Path(archive).read_bytes() == first.read_bytes(), first.name


def test_nothing_in_them_is_somebodys(tarball, deb):
    with tarfile.open(tarball) as archive:
        for entry in archive:
            assert (entry.uid, entry.gid, entry.uname, entry.gname) == (0, 0, "root", "root")
            assert entry.mode & 0o022 == 0, entry.name
    listed = subprocess.run(["dpkg-deb", "--contents", deb], check=True, text=True,
                            stdout=subprocess.PIPE).stdout
    assert {line.split()[1] for line in listed.splitlines()} == {"root/root"}


def test_an_instance_gets_all_that_is_in_its_folder(packages, copied, tmp_path):
    folder = copied / "deploy/instance"
    (folder / "units").mkdir(parents=True, exist_ok=True)
    (folder / "boot").write_text("#!/bin/bash\n")
    (folder / "boot").chmod(0o755)
    (folder / "units/some.service").write_text("[Service]\n")
    archive, = pack(copied, packages, tmp_path / "made", "instance")
    with zipfile.ZipFile(archive) as packed:
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in packed.infolist()}
    wanted = {"bin/muster": 0o755, "boot": 0o755, "units/some.service": 0o644,
              "bin/certs/": 0o755, "LICENSE": 0o644, "THIRD_PARTY": 0o644}
    assert wanted.items() <= modes.items()


def test_it_needs_nothing_else(empty_root):
    assert empty_root.run("--version").stdout.startswith("muster ")
    assert "pipeline" in empty_root.run("help").stdout


def test_it_trusts_the_certificates_beside_it(empty_root, program, server, world):
    empty_root.know(NAME)
    authority = Authority(world.place / "authority", NAME)
    with closing(TlsFront(authority, server.port)) as front:
        refused = empty_root.list_pipelines(server, NAME, "https", front.port)
        assert refused.returncode == 3 and "certificate" in refused.stderr
        authority.join(program.parent / "certs")
        assert_listed(empty_root.list_pipelines(server, NAME, "https", front.port))
