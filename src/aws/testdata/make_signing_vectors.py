#!/usr/bin/env python3
"""make_signing_vectors.py SUITE

Writes signing_vectors.json beside this file from AWS's own suite: SUITE is the directory
aws-c-auth/tests/aws-signing-test-suite/v4, for example of the source package of awscrt
(pip download --no-binary :all: --no-deps awscrt). Taken are the requests and what signing them in
headers gives. The suite's other half, signatures within a query, is left out: Muster makes none.
"""

import json
import sys
from pathlib import Path


def read_request(text):
    head, _, body = text.partition("\n\n")
    first, *lines = head.rstrip("\n").split("\n")
    method, target = first.removesuffix(" HTTP/1.1").split(" ", 1)
    path, _, query = target.partition("?")
    headers = []
    for line in lines:
        if line[0].isspace():  # goes on from the line above
            headers[-1][1] += "\n" + line
        else:
            headers.append(line.split(":", 1))
    return {"method": method, "path": path, "query": query, "headers": headers, "body": body}


def authorization_of(text):
    lines = text.partition("\n\n")[0].split("\n")
    return next(line.split(":", 1)[1] for line in lines if line.startswith("Authorization:"))


def read_case(folder):
    context = json.loads((folder / "context.json").read_text())
    case = {"name": folder.name, **read_request((folder / "request.txt").read_text())}
    case |= {key: context[key] for key in ("region", "service", "timestamp", "normalize")}
    case["sign_body"] = context["sign_body"]
    case["credentials"] = context["credentials"]
    if context.get("omit_session_token"):  # added after signing, so no part of it
        del case["credentials"]["token"]
    case["authorization"] = authorization_of((folder / "header-signed-request.txt").read_text())
    return case


def main(arguments):
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        sys.exit(__doc__)
    cases = [read_case(f) for f in sorted(Path(arguments[0]).iterdir()) if f.is_dir()]
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    (Path(__file__).parent / "signing_vectors.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main(sys.argv[1:])
