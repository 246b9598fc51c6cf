"""The archive for AWS Lambda: complete in itself."""

import os
import subprocess
from contextlib import closing

import pytest

from support.empty_root import Authority, EmptyRoot, NameServer, TlsFront, assert_listed
from support.root import ROOT

NAME = "queue.test"


@pytest.fixture
def empty_root(unpacked):
    if os.geteuid() != 0:
        pytest.skip("only root may change the root directory of a program")
    return EmptyRoot(unpacked)


@pytest.fixture
def hosts(empty_root):
    empty_root.know(NAME)


def test_what_is_in_it(lambda_zip, unpacked):
    assert lambda_zip.stat().st_size < 8_000_000
    assert sorted(entry.name for entry in unpacked.iterdir()) == [
        "LICENSE", "THIRD_PARTY", "bootstrap", "certs"]
    assert (unpacked / "bootstrap").stat().st_mode & 0o777 == 0o755
    notice = (unpacked / "THIRD_PARTY").read_text()
    for part in ("curl", "fmtlib", "libboost1.81-dev", "libc6-dev", "libssl-dev",
                 "libstdc++-12-dev", "libsqlite3-dev", "libyaml-cpp-dev"):
        assert part in notice, part


def test_openssl_finds_its_certificates(unpacked):
    roots = sorted((unpacked / "certs").glob("*.0"))  # .1 has the same name as another
    assert len(roots) > 100
    subprocess.run(["openssl", "verify", "-no_check_time", "-no-CAfile",
                    "-CApath", unpacked / "certs", *roots], check=True, capture_output=True)


def test_it_needs_nothing_else(empty_root):
    assert empty_root.run("--version").stdout.startswith("muster ")
    helped = empty_root.run("help")
    assert helped.returncode == 0 and "pipeline" in helped.stdout


def test_it_finds_hosts_in_a_file(empty_root, hosts, server):
    assert_listed(empty_root.list_pipelines(server, NAME), in_the_clear=True)


def test_it_asks_the_name_server(empty_root, server):
    with closing(NameServer()) as names:
        empty_root.write("etc/resolv.conf", f"nameserver {names.address}\n")
        assert_listed(empty_root.list_pipelines(server, NAME), in_the_clear=True)
        assert b"\5queue\4test\0" in names.asked


def test_it_loads_no_plugins_of_the_machine(empty_root, hosts, server):
    """They are made for the machine's C library, which is not its own."""
    empty_root.write("etc/nsswitch.conf", "hosts: broken [UNAVAIL=return] files\n")
    empty_root.write("lib/libnss_broken.so.2", "not a library")
    assert_listed(empty_root.list_pipelines(server, NAME), in_the_clear=True)


def test_a_host_that_nobody_knows(empty_root, server):
    result = empty_root.list_pipelines(server, NAME)
    assert result.returncode == 3
    assert "the name of the host is not known" in result.stderr


def test_it_trusts_the_certificates_beside_it(empty_root, hosts, server, world):
    authority = Authority(world.place / "authority", NAME)
    with closing(TlsFront(authority, server.port)) as front:
        refused = empty_root.list_pipelines(server, NAME, "https", front.port)
        assert refused.returncode == 3
        assert "certificate" in refused.stderr
        authority.join(empty_root.directory / "certs")
        assert_listed(empty_root.list_pipelines(server, NAME, "https", front.port))


def test_it_does_not_say_where_it_was_made(unpacked):
    program = (unpacked / "bootstrap").read_bytes()
    assert str(ROOT).encode() not in program
