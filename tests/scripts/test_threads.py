"""Each module whose tests start threads is named to muster_threads(), and so run with the thread
sanitizer."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
# Its tests run worlds at the same time, which share nothing; see CMakeLists.txt.
NOT_TRIED = {"simulation"}


def included(file):
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)', file.read_text(), re.MULTILINE)


def reaches_threads(file, seen):
    """Whether it includes <thread>, itself or by a header of ours."""
    names = [name for name in included(file) if name not in seen]
    seen.update(names)
    return "thread" in names or any(reaches_threads(SOURCE / name, seen)
                                    for name in names if (SOURCE / name).is_file())


def test_what_has_threads_is_run_with_the_thread_sanitizer():
    text = re.sub(r"#.*", "", (ROOT / "CMakeLists.txt").read_text())
    (named,) = re.findall(r"muster_threads\(([^)]*)\)", text)
    with_threads = {file.parent.name for file in SOURCE.glob("*/*_test.cpp")
                    if reaches_threads(file, set())}
    assert set(named.split()) == with_threads - NOT_TRIED, \
        "correct muster_threads(...) in CMakeLists.txt, or say in NOT_TRIED why not"
