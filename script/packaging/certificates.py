"""The root certificates that go with a program."""

import subprocess
import tempfile
from pathlib import Path

ROOTS = Path("/usr/share/ca-certificates/mozilla")  # Debian's, and nothing of this machine's owner


def certificates(directory):
    """Each root by the name under which OpenSSL looks for it, so that it reads no other."""
    with tempfile.TemporaryDirectory() as place:
        for root in sorted(ROOTS.glob("*.crt")):
            (Path(place) / root.name).write_bytes(root.read_bytes())
        subprocess.run(["openssl", "rehash", place], check=True)
        found = {f"{directory}/{link.name}": (link.read_bytes(), 0o644)
                 for link in Path(place).iterdir() if link.is_symlink()}
    if not found:
        raise SystemExit(f"pack.py: no certificates in {ROOTS}; install ca-certificates")
    found[f"{directory}/"] = (b"", 0o755)  # only its owner writes: the program looks at that
    return found
