"""A machine that an instance boots on: a Debian that systemd runs, with a metadata service.

What it is given at its launch it runs as cloud-init does.
"""

import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from support.booted_debian import BootedDebian
from support.imds import Imds
from support.relay import Relay
from support.waiting import wait_until

METADATA = "169.254.169.254"
USER_DATA = "var/lib/cloud/instance/scripts/part-001"


class Machine(BootedDebian):
    """`instance`: its id; `keys`: its role's; `urls`: what it can reach beside its metadata."""

    def __init__(self, base, place, instance, keys, urls):
        place.mkdir(parents=True)
        self.log = place.parent / "boot.log"
        super().__init__(base, place)
        self.id, self.imds = instance, Imds(instance, keys)
        subprocess.run(["nsenter", "--target", str(self.first), "--net", "ip", "address", "add",
                        f"{METADATA}/32", "dev", "lo"], check=True)
        ports = {urlsplit(url).port for url in urls}
        self.relay = Relay(self.first, {
            (METADATA, 80): urlsplit(self.imds.url).port,
            **{("127.0.0.1", port): port for port in ports}})
        self.write("etc/hosts", f"127.0.0.1 localhost {socket.gethostname()}\n")  # sudo asks

    def write(self, path, text, mode=0o644):
        file = self.directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def boot(self, user_data, **variables):
        """The user data, which is a program, with its output on the console."""
        self.write(USER_DATA, user_data, 0o700)
        return self.start("user-data", ["sh", "-c", f"exec /{USER_DATA} >/dev/console 2>&1"],
                          **variables)

    def console(self):
        return self.log.read_text(errors="replace")

    def is_off(self):
        return self.holder.poll() is not None

    def wait_for_console(self, text, deadline=120):
        wait_until(lambda: text in self.console(), deadline, f"{text!r} on the console")

    def grep(self, text):
        """Its files that hold a text, those in memory too."""
        found = self.run("grep", "-rlF", "--exclude-dir=proc", "--exclude-dir=sys",
                         "--exclude-dir=dev", "--", text, "/")
        return found.stdout.split()

    def close(self):
        self.relay.close()
        self.imds.close()
        super().close()


def base_of_machines():
    """Made at the first call."""
    made = subprocess.run([Path(__file__).with_name("debian-root"), "cloud"], check=True, text=True,
                          stdout=subprocess.PIPE)
    return made.stdout.strip()
