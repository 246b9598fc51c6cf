"""A directory as the root of a program's world, with a network that is told by the test."""

import os
import socket
import ssl
import subprocess
import threading

from support.relay import Forwarder


class EmptyRoot:
    """Made by the test out of what it puts into `directory`."""

    def __init__(self, directory, program="/bootstrap"):
        self.directory, self.program = directory, program

    def write(self, name, content, mode=0o644):
        file = self.directory / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(content)
        file.chmod(mode)

    def know(self, host):
        self.write("etc/hosts", f"127.0.0.1 {host}\n")

    def run(self, *arguments, deadline=60):
        """The program's exit code and what it printed."""
        return subprocess.run(["/usr/sbin/chroot", self.directory, self.program, *arguments],
                              env={}, text=True, capture_output=True, stdin=subprocess.DEVNULL,
                              timeout=deadline)

    def list_pipelines(self, server, host, scheme="http", port=None):
        """What a server says that is known here as `host`."""
        self.write("token", server.token, 0o600)
        return self.run("pipeline", "list", "--json", "--token-file", "/token",
                        "--server", f"{scheme}://{host}:{port or server.port}")


def assert_listed(result, in_the_clear=False):
    """`in_the_clear`: by its name it could be another machine's, of which there is a warning."""
    assert (result.returncode, result.stdout) == (0, '{"items":[]}\n'), result.stderr
    warnings = ["is http to another machine" in line for line in result.stderr.splitlines()]
    assert warnings == [True] * in_the_clear, result.stderr


class Authority:
    """Signs one certificate, for one name, and lets OpenSSL find itself in a directory."""

    def __init__(self, place, name):
        place.mkdir()
        self.file, self.served = place / "authority.pem", place / "served.pem"
        key, request, more = place / "key.pem", place / "request.pem", place / "extensions"
        more.write_text(f"subjectAltName=DNS:{name}\n")
        new = ("req", "-newkey", "rsa:2048", "-nodes", "-keyout")
        self.openssl(*new, place / "authority.key", "-x509", "-days", "2", "-out", self.file,
                     "-subj", "/CN=An authority of a test")
        self.openssl(*new, key, "-out", request, "-subj", f"/CN={name}")
        certificate = self.openssl("x509", "-req", "-days", "2", "-in", request, "-CA", self.file,
                                   "-CAkey", place / "authority.key", "-CAcreateserial",
                                   "-extfile", more)
        self.served.write_text(certificate + key.read_text())

    @staticmethod
    def openssl(*arguments):
        return subprocess.run(["openssl", *map(str, arguments)], check=True, text=True,
                              capture_output=True).stdout

    def join(self, directory):
        name = self.openssl("x509", "-noout", "-subject_hash", "-in", self.file).strip()
        (directory / f"{name}.0").write_text(self.file.read_text())


class TlsFront(Forwarder):
    """Speaks TLS with a client, and plainly what it says to a server on this machine."""

    def __init__(self, authority, behind):
        super().__init__()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(authority.served)
        self.port = self.serve(behind, "127.0.0.1", 0, ssl=context)
        self.start()


class NameServer:
    """Answers every question for an IPv4 address with 127.0.0.1, on an address of its own."""

    def __init__(self):
        self.address = f"127.{os.getpid() >> 16 & 63}.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.address, 53))
        self.asked = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                query, client = self.socket.recvfrom(512)
            except OSError:  # closed
                return
            end = query.index(0, 12) + 5  # after the name: its end, type and class
            name, kind = query[12:end - 4], query[end - 4:end - 2]
            self.asked.append(name)
            found = kind == b"\0\1"
            head = query[:2] + b"\x81\x80" + b"\0\1" + bytes([0, found]) + b"\0\0\0\0"
            record = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + socket.inet_aton("127.0.0.1")
            self.socket.sendto(head + query[12:end] + record * found, client)

    def close(self):
        self.socket.close()
