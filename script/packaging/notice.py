"""What a static program is made of, and on what terms: as Debian's packages say it."""

import json
import re
import subprocess
from pathlib import Path

INTRODUCTION = """\
Parts of the programs and libraries named here are in the program muster (`bootstrap`, for
AWS Lambda). The certificates in `certs`, where that is beside the program, are of ca-certificates.
All but those of npm are Debian's; their sources are in its archive, in the version that is given.
The program can be made with other versions of them: see script/package in the sources of muster.
"""
DOCUMENTS = Path("/usr/share/doc")
LICENCES = Path("/usr/share/common-licenses")  # which Debian's texts name and do not repeat


def run(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def packages_used(build):
    """Those whose headers were read or whose archives were linked, as ninja has noted."""
    ninja = ("ninja", "-C", str(build), "-t")
    inputs = run(*ninja, "inputs", "muster").split()
    noted = run(*ninja, "deps", *(name for name in inputs if name.endswith(".o"))).split()
    paths = {str(Path(name).resolve()) for name in inputs + noted if name.startswith("/usr/")}
    owners = run("dpkg-query", "-S", *sorted(paths))
    return {line.split(": ")[0].split(":")[0] for line in owners.splitlines()}


def debian_terms(package):
    version = run("dpkg-query", "-W", "-f", "${Version}", package)
    terms = (DOCUMENTS / package / "copyright").read_text(errors="replace")
    return f"{package} {version}", terms


def built_terms(source):
    """For what script/packaging/static-libraries has built."""
    version = (source / "version").read_text().strip()
    return f"{source.name} {version}", (source / "copyright").read_text(errors="replace")


def page_terms(web):
    """For what has become part of the page: what web/package.json depends on to run."""
    for name in json.loads((web / "package.json").read_text())["dependencies"]:
        package = web / "node_modules" / name
        version = json.loads((package / "package.json").read_text())["version"]
        yield f"{name} {version} (npm)", (package / "LICENSE").read_text()


def third_party_notice(build, libraries):
    parts = [debian_terms(package) for package in packages_used(build) | {"ca-certificates"}]
    parts += [built_terms(source) for source in (libraries / "sources").iterdir()]
    parts += page_terms(build / "web")
    named = set(re.findall(rf"{LICENCES}/([\w.+-]*\w)", "".join(terms for _, terms in parts)))
    parts.sort()
    parts += [(f"The licence {name}", (LICENCES / name).read_text()) for name in sorted(named)]

    titles = {}  # several packages of one source have one text
    for title, text in parts:
        titles.setdefault(text.strip(), []).append(title)
    line = "=" * 80
    return INTRODUCTION + "".join(f"\n{line}\n{', '.join(of)}\n{line}\n\n{text}\n"
                                  for text, of in titles.items())
