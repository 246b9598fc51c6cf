"""Where a secret is that must be nowhere."""

import os
from pathlib import Path


def files_with(secret, place):
    """Where tokens are kept on purpose is left out: the server's own file, a person's, the runners'
    settings. What the jobs printed, which is their environment, is there as well."""
    kept = {"token", "circleci.token", "class.token", "instance.yaml", "credentials"}
    found = []
    for directory, _, names in os.walk(place):
        for name in set(names) - kept:
            try:
                content = (Path(directory) / name).read_bytes()
            except OSError:
                continue
            if secret.encode() in content:
                found.append(name)
    return found
