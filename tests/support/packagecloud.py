"""Where CircleCI's packages come from, with packages of the tests' own: signed, and by HTTPS."""

import hashlib
import os
import shutil
import ssl
import subprocess
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

HOST = "packagecloud.io"
CONTROL = """Package: circleci-runner
Version: {version}
Architecture: amd64
Maintainer: The tests <tests@localhost>
Description: takes the same command line and the same file as CircleCI's runner
"""
# CircleCI's own is enabled by who installs it.
UNIT = """[Service]
ExecStart=/usr/bin/circleci-runner machine
[Install]
WantedBy=multi-user.target
"""


class Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # newer apts want the end of a connection told by TLS, too

    def log_message(self, *_):
        pass


class Packagecloud:
    """`certificate`: a file; who trusts it trusts this server. `port`: where it is here."""

    def __init__(self, place, program, *versions):
        self.place, self.program = place, program
        self.archive = place / "site/circleci/runner/any"
        (self.archive / "dists/any/main/binary-amd64").mkdir(parents=True)
        for version in versions:
            self.pack(version)
        self.index(versions)
        self.certificate = place / "certificate.crt"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}", "-keyout",
                        place / "key", "-out", self.certificate], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, place / "key")
        self.server = ThreadingHTTPServer(("127.0.0.1", 0),
                                          partial(Handler, directory=place / "site"))
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def pack(self, version):
        content = self.place / version
        for name, text, mode in (("DEBIAN/control", CONTROL.format(version=version), 0o644),
                                 ("usr/bin/circleci-runner", self.program, 0o755),
                                 ("lib/systemd/system/circleci-runner.service", UNIT, 0o644)):
            file = content / name
            file.parent.mkdir(parents=True)
            file.write_text(text)
            file.chmod(mode)
        subprocess.run(["dpkg-deb", "--build", "--root-owner-group", content,
                        self.archive / f"{version}.deb"], check=True, capture_output=True)

    def index(self, versions):
        entries = []
        for version in versions:
            data = (self.archive / f"{version}.deb").read_bytes()
            entries.append(CONTROL.format(version=version) + f"Filename: {version}.deb\n"
                           f"Size: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n")
        packages = "\n".join(entries).encode()
        (self.archive / "dists/any/main/binary-amd64/Packages").write_bytes(packages)
        self.sign("Suite: any\nCodename: any\nComponents: main\nArchitectures: amd64\n"
                  "Date: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n"
                  f" {hashlib.sha256(packages).hexdigest()} {len(packages)} "
                  "main/binary-amd64/Packages\n")

    def sign(self, release):
        home = tempfile.mkdtemp(prefix="gpg.")  # short, as a socket is in it

        def gpg(*words, **options):
            return subprocess.run(
                ["gpg", "--batch", "--passphrase", "", "--pinentry-mode", "loopback", *words],
                check=True, capture_output=True, env={**os.environ, "GNUPGHOME": home},
                **options).stdout
        try:
            gpg("--quick-generate-key", "tests@localhost", "rsa3072", "sign", "never")
            key = gpg("--armor", "--export")
            signed = gpg("--clearsign", input=release.encode())
        finally:
            subprocess.run(["gpgconf", "--kill", "all"], env={**os.environ, "GNUPGHOME": home},
                           check=False)
            shutil.rmtree(home, ignore_errors=True)
        (self.place / "site/circleci/runner/gpgkey").write_bytes(key)
        (self.archive / "dists/any/InRelease").write_bytes(signed)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
