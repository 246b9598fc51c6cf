"""Services as their units' files say it, started without systemd."""

import configparser
import shlex


class Unit:
    """Of those in /usr/lib/systemd/system of a DebianRoot."""

    def __init__(self, debian, name):
        self.debian, self.name = debian, name
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.optionxform = str
        file = debian.directory / f"usr/lib/systemd/system/{name}.service"
        parser.read_string(file.read_text())
        self.service = parser["Service"]
        self.user = self.service.get("User", "root")

    def command(self):
        return [word for part in shlex.split(self.service["ExecStart"])
                for word in self.expand(part)]

    def expand(self, word):
        """$NAME is split into words, as systemd does."""
        if not word.startswith("$"):
            return [word]
        file = self.debian.directory / self.service["EnvironmentFile"].lstrip("-/")
        lines = (line.partition("=") for line in file.read_text().splitlines()
                 if line and not line.startswith("#"))
        variables = {name: shlex.split(value)[0] for name, _, value in lines}
        return variables[word[1:]].split()

    def start(self, **variables):
        """Its command as its user, with the rights that it leaves, and with its state directory."""
        service = self.service
        self.debian.do("install", "-d", "-o", self.user, "-m", service["StateDirectoryMode"],
                       f"/var/lib/{service['StateDirectory']}")
        kept = "".join(f",+{name.removeprefix('CAP_').lower()}"
                       for name in service["CapabilityBoundingSet"].split())
        become = () if self.user == "root" else (
            f"--reuid={self.user}", f"--regid={self.user}", "--init-groups")
        return self.debian.start(self.name, [
            "setpriv", "--no-new-privs", f"--bounding-set=-all{kept}", "--inh-caps=-all", *become,
            *self.command()], **variables)
