"""Writes the archive that AWS Lambda starts: the program as `bootstrap`, the certificates that it
trusts, and the licences. The same program gives the same bytes, wherever and whenever."""

import argparse
import os
import stat
import subprocess
import tempfile
import time
import zipfile
from pathlib import Path

from notice import third_party_notice

ROOTS = Path("/usr/share/ca-certificates/mozilla")  # Debian's, and nothing of this machine's owner


def hashed_certificates():
    """Each root by the name under which OpenSSL looks for it, so that it reads no other."""
    with tempfile.TemporaryDirectory() as place:
        for root in sorted(ROOTS.glob("*.crt")):
            (Path(place) / root.name).write_bytes(root.read_bytes())
        subprocess.run(["openssl", "rehash", place], check=True)
        found = {link.name: link.read_bytes() for link in Path(place).iterdir()
                 if link.is_symlink()}
    if not found:
        raise SystemExit(f"lambda_zip.py: no certificates in {ROOTS}; install ca-certificates")
    return found


def write_zip(output, files, seconds):
    """`files`: a name, then its bytes and its mode. A name that ends in / is a directory."""
    moment = time.gmtime(max(seconds, 315532800))[:6]  # a zip's time begins in 1980
    unfinished = output.with_name(output.name + ".new")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            content, mode = files[name]
            entry = zipfile.ZipInfo(name, moment)
            entry.create_system = 3  # Unix: it keeps the mode
            kind = stat.S_IFDIR if name.endswith("/") else stat.S_IFREG
            entry.external_attr = (kind | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    unfinished.replace(output)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("program", "libraries", "licence", "output"):
        parser.add_argument(f"--{option}", type=Path, required=True)
    given = parser.parse_args()

    notice = third_party_notice(given.program.parent, given.libraries)
    files = {"bootstrap": (given.program.read_bytes(), 0o755),
             "certs/": (b"", 0o755),  # only its owner writes: the program looks at that
             "LICENSE": (given.licence.read_bytes(), 0o644),
             "THIRD_PARTY": (notice.encode(), 0o644)}
    for name, content in hashed_certificates().items():
        files[f"certs/{name}"] = (content, 0o644)
    write_zip(given.output, files, int(os.environ["SOURCE_DATE_EPOCH"]))


main()
