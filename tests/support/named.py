"""Tests that a page of docs names, as `file`: `name`. What a fuzz target holds is named as ctest has
it: `http_fuzz.cpp`: `fuzz_corpus_http`."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def named_in(page):
    return sorted(set(re.findall(r"`(\w+\.(?:cpp|py))`: `([\w.]+)`", page)))


def check_is_there(file, name):
    if file.endswith("_fuzz.cpp"):
        target = file.removesuffix("_fuzz.cpp")
        assert name == f"fuzz_corpus_{target}" and (ROOT / "tests/fuzz" / file).is_file()
        assert re.search(rf"^muster_fuzz\({target} ", (ROOT / "CMakeLists.txt").read_text(),
                         re.MULTILINE)
        return
    folder = "src" if file.endswith(".cpp") else "tests"
    [path] = (ROOT / folder).glob(f"**/{file}")
    declared = rf"^TEST(_F|_P)?\({name.replace('.', ', ')}\)" if folder == "src" else (
        rf"^def {name}\(")
    assert re.search(declared, path.read_text(), re.MULTILINE), f"name it as it is in {path}"
