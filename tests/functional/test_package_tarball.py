"""The tarball, and what its README says."""

import re
import tarfile

import pytest

from support.root import ROOT


pytestmark = pytest.mark.timeout(900)  # the Debian is made by the first test that wants one


def test_what_is_in_the_tarball(tarball):
    with tarfile.open(tarball) as archive:
        top, = {entry.name.split("/")[0] for entry in archive}
        names = {entry.name.removeprefix(f"{top}/") for entry in archive if entry.isfile()}
    assert tarball.name.startswith(f"{top}-linux-")
    units = {f"systemd/{unit.name}" for unit in (ROOT / "deploy/systemd").iterdir()}
    configuration = {f"etc/muster/{file.name}" for file in (ROOT / "deploy/etc").iterdir()}
    assert names >= units | configuration | {
        "bin/muster", "README", "LICENSE", "THIRD_PARTY", "share/man/man1/muster.1",
        "share/bash-completion/completions/muster", "share/zsh/site-functions/_muster",
        "share/fish/vendor_completions.d/muster.fish"}


def test_its_readme_leads_to_a_program_that_is_installed(debian, tarball):
    with tarfile.open(tarball) as archive:
        archive.extractall(debian.directory / "root")
    top, = (debian.directory / "root").glob("muster-*")
    commands = re.findall("^  (.*)$", (top / "README").read_text(), re.MULTILINE)
    assert any(command.startswith("systemctl enable") for command in commands)
    script = "\n".join(command for command in commands if not command.startswith("systemctl"))
    shown = debian.do("bash", "-euo", "pipefail", "-c", f"cd /root/{top.name}\n{script}")
    assert "Usage: muster" in shown and "MUSTER(1)" in shown

    assert debian.do("which", "muster") == "/usr/local/bin/muster\n"
    assert debian.do("man", "--where", "muster").endswith("/man/man1/muster.1\n")
    assert "_muster" in debian.do("bash", "-c", """
        . /usr/share/bash-completion/bash_completion
        _completion_loader muster
        complete -p muster""")
    for unit in (ROOT / "deploy/systemd").iterdir():
        assert "ExecStart=/usr/local/bin/muster " in debian.do(
            "cat", f"/etc/systemd/system/{unit.name}")
    assert debian.do("stat", "-c", "%a", "/etc/muster/agent.yaml") == "600\n"
    debian.do("getent", "passwd", "muster")
