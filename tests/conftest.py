"""The fixtures. A test says what it wants running; everything is real and ends with it."""

import fnmatch
import os
import re
import socket
import subprocess
import threading
import zipfile
from pathlib import Path

import pytest

from support import small_disk as disks
from support.debian_root import DebianRoot, why_not
from support.faults import KINDS
from support.world import World

ROOT = Path(__file__).parent.parent


def pytest_addoption(parser):
    parser.addoption("--binary", default=os.environ.get("MUSTER_BINARY"),
                     help="the muster to test (or $MUSTER_BINARY)")
    parser.addoption("--outage", type=float, default=15,
                     help="how many seconds server or queue are away in the tests of an outage")
    parser.addoption("--kills", type=int, default=25, help="of the server, scalers and agents")
    parser.addoption("--faults", default="agents,scaler",
                     help="of what kinds there are some beside the kills: all, none, or several of "
                     + ", ".join(KINDS))
    parser.addoption("--tasks", type=int, default=120, help="that run meanwhile")
    parser.addoption("--runners", type=int, default=8, help="that run them")
    parser.addoption("--connections", type=int, default=2000, help="that are idle at once")
    parser.addoption("--line-megabytes", type=int, default=32, help="of the longest line of a job")
    parser.addoption("--log-megabytes", type=int, default=0, help="of a log past its limit, 5000")
    parser.addoption("--packages", type=Path, help="the directory of what script/package has made")


@pytest.fixture
def outage(request):
    return request.config.getoption("--outage")


@pytest.fixture(scope="session")
def binary(request):
    path = request.config.getoption("--binary")
    if not path:
        built = ROOT / "build/sanitize/muster"
        if not built.exists():
            pytest.exit("No muster to test. Run script/test, or give --binary FILE.", 2)
        path = built
    return Path(path).resolve()


@pytest.fixture(scope="session")
def packages(request):
    path = request.config.getoption("--packages")
    if not path:
        pytest.skip("needs --packages DIRECTORY; script/test makes it")
    return path.resolve()


@pytest.fixture(scope="session")
def lambda_zip(packages):
    return packages / "lambda.zip"


@pytest.fixture(scope="session")
def made(packages):
    """Those of this version: lambda, instance, deb, tarball."""
    listed = [line.split()[1] for line in (packages / "SHA256SUMS").read_text().splitlines()]
    patterns = "muster-lambda-*.zip", "muster-instance-*.zip", "muster_*.deb", "muster-*.tar.gz"
    return [packages / name for pattern in patterns for name in fnmatch.filter(listed, pattern)]


@pytest.fixture(scope="session")
def tarball(made):
    return made[3]


@pytest.fixture(scope="session")
def deb(made):
    return made[2]


@pytest.fixture
def newer(deb, tmp_path):
    """Makes the next version: of the same content, but perhaps one default."""
    def make(debian, changed_default=None):
        unpacked, built = tmp_path / "newer", tmp_path / "newer.deb"
        subprocess.run(["dpkg-deb", "--raw-extract", deb, unpacked], check=True)
        control = unpacked / "DEBIAN/control"
        control.write_text(re.sub("(?m)^Version: .*", r"\g<0>.1", control.read_text()))
        if changed_default:
            with (unpacked / changed_default).open("a") as file:
                file.write("# A new default.\n")
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", unpacked, built],
                       check=True, stdout=subprocess.DEVNULL)
        return debian.copy(built)
    return make


@pytest.fixture(scope="session")
def debian_base():
    if reason := why_not():
        pytest.skip(reason)
    return subprocess.run([ROOT / "tests/support/debian-root"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


@pytest.fixture
def debian(debian_base, tmp_path):
    """A Debian of the test's own, with nothing of muster in it."""
    (tmp_path / "debian").mkdir()
    root = DebianRoot(debian_base, tmp_path / "debian")
    yield root
    root.close()


@pytest.fixture
def unpacked(lambda_zip, tmp_path):
    """A directory with what is in the archive, as Lambda unpacks it, and nothing else."""
    with zipfile.ZipFile(lambda_zip) as archive:
        for entry in archive.infolist():
            Path(archive.extract(entry, tmp_path)).chmod(entry.external_attr >> 16 & 0o777)
    return tmp_path


@pytest.fixture
def world(binary, request):
    world = World(binary)
    request.node.world = world
    yield world
    complaints = world.close()
    assert not complaints, f"a sanitizer complains:\n{complaints}"


@pytest.fixture
def server(world):
    return world.server()


@pytest.fixture
def small(server):
    """The token of local/small, which exists then."""
    return server.create_class("local/small")


@pytest.fixture
def bridges():
    """Takes a Bridge, which then stops before the world ends."""
    started = []
    yield started.append
    for bridge in started:
        bridge.stop()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    world = getattr(item, "world", None)
    if report.when == "call" and report.failed and world:
        seen = set()
        for program in world.programs:
            if program.log not in seen:
                seen.add(program.log)
                report.sections.append((f"end of the log of {program.name}", program.tail()))
        report.sections.append(("what to do", f"script/test --functional {item.name}"))


@pytest.fixture
def small_disk(world):
    with disks.mounted(world.place / "disk") as place:
        yield place
        for program in world.programs:
            program.kill()


@pytest.fixture
def listener():
    """A service of the machine, on its loopback."""
    with socket.create_server(("127.0.0.1", 0)) as service:
        def answer():
            while True:
                try:
                    connection, _ = service.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(b"reached\n")
        threading.Thread(target=answer, daemon=True).start()
        yield service.getsockname()[1]
        service.shutdown(socket.SHUT_RDWR)
