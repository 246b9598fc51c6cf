"""script/test asks pytest for what was chosen, and packs if that needs the packages.

The script is the project's; what it calls notes that it was called.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTEST = """#!/bin/sh
echo "pytest $*" >> calls
case "$*" in
  *"-k sealed"*--setup-plan*) echo 'functional/test_x.py::test_x (fixtures used: made, packages)' ;;
  *--setup-plan*) echo 'functional/test_y.py::test_packages (fixtures used: world)' ;;
esac
"""


@pytest.fixture
def tree(tmp_path):
    def program(name, text):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)

    for name in ("install", "check-includes"):
        program(f"script/{name}", "#!/bin/sh\n")
    program("script/build", "#!/bin/sh\necho muster\n")
    program("script/package", "#!/bin/sh\necho package >> calls\n")
    program("build/venv/bin/pytest", PYTEST)
    for name in ("test", "lib.sh"):
        shutil.copy(ROOT / "script" / name, tmp_path / "script")
    for folder in ("tests", "build/venv"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "requirements.txt").touch()
    return tmp_path


def calls(tree, *arguments):
    """What it calls: packing, and pytest when that is not only asked for its plan."""
    done = subprocess.run(["script/test", "--functional", *arguments], cwd=tree, text=True,
                          capture_output=True)
    assert done.returncode == 0, done.stderr
    return [call for call in (tree / "calls").read_text().splitlines()
            if "--setup-plan" not in call]


def test_a_test_that_needs_the_packages_gets_them(tree):
    packed, run = calls(tree, "sealed")
    assert packed == "package"
    assert f"--packages={tree}/build/package" in run and "-k sealed" in run


def test_nothing_is_packed_for_others(tree):
    run, = calls(tree, "leases")
    assert "--packages" not in run and "--outage" not in run


def test_the_outage_is_as_long_as_it_says(tree):
    run, = calls(tree, "--outage=300", "outage")
    assert "--outage=300" in run


def test_with_the_thread_sanitizer_only_what_is_marked_so_is_driven_from_outside(tree):
    run, = calls(tree, "--sanitize=thread", "tls")
    assert " -m threads " in run and "-k tls" in run
    assert " -m " not in calls(tree, "tls")[-1]


def test_an_option_that_it_does_not_know_is_refused(tree):
    done = subprocess.run(["script/test", "--outrage=3"], cwd=tree, text=True, capture_output=True)
    assert done.returncode == 2 and "--outage=SECONDS" in done.stderr
