"""What Debian's package of muster is made of: files, and what dpkg is told of them."""

import hashlib
import subprocess
import time

from archives import gzipped

# Not for everybody to read: a token will be in it.
PRIVATE = {"etc/muster/agent.yaml": 0o600}


def installed_files(source, tree, deploy, seconds):
    documents = "usr/share/doc/muster"
    debian = deploy / "debian"
    return {
        "usr/bin/muster": source.binary,
        **tree(deploy / "systemd", "usr/lib/systemd/system/"),
        "usr/lib/systemd/system-preset/50-muster.preset": (
            (debian / "systemd-preset").read_bytes(), 0o644),
        **tree(deploy / "etc", "etc/muster/"),
        "usr/share/man/man1/muster.1.gz": (gzipped(source.manual()), 0o644),
        "usr/share/bash-completion/completions/muster": source.completion("bash"),
        "usr/share/zsh/vendor-completions/_muster": source.completion("zsh"),
        "usr/share/fish/vendor_completions.d/muster.fish": source.completion("fish"),
        f"{documents}/copyright": ((debian / "copyright").read_bytes(), 0o644),
        f"{documents}/THIRD_PARTY.gz": (gzipped(source.terms["THIRD_PARTY"][0]), 0o644),
        f"{documents}/changelog.gz": (gzipped(changelog(source.version, seconds)), 0o644),
        "usr/share/lintian/overrides/muster": ((debian / "lintian-overrides").read_bytes(), 0o644),
    }


def changelog(version, seconds):
    """In Debian's form, which asks for one; ours is CHANGELOG.md."""
    when = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(seconds))
    return (f"muster ({version}) unstable; urgency=medium\n\n"
            f"  * What has changed is in CHANGELOG.md of the sources.\n\n"
            f" -- The authors of Muster <muster@localhost>  {when}\n").encode()


def control_file(template, version, architecture, files):
    kilobytes = sum(-(-len(content) // 1024) for content, _ in files.values())
    return (template.replace("@VERSION@", version).replace("@ARCHITECTURE@", architecture)
            .replace("@KILOBYTES@", str(kilobytes)))


def debian_package(source, tree, deploy, seconds):
    """Its files, those for dpkg among them, and its architecture as Debian calls it."""
    architecture = subprocess.run(["dpkg", "--print-architecture"], check=True, text=True,
                                  stdout=subprocess.PIPE).stdout.strip()
    files = installed_files(source, tree, deploy, seconds)
    files.update({name: (files[name][0], mode) for name, mode in PRIVATE.items()})
    configuration = sorted(f"/{name}\n" for name in files if name.startswith("etc/"))
    sums = (f"{hashlib.md5(content).hexdigest()}  {name}\n"
            for name, (content, _) in sorted(files.items()))
    template = (deploy / "debian/control").read_text()
    control = {"control": control_file(template, source.version, architecture, files),
               "conffiles": "".join(configuration), "md5sums": "".join(sums)}
    scripts = {name: ((deploy / f"debian/{name}").read_bytes(), 0o755)
               for name in ("preinst", "postinst", "prerm", "postrm")}
    told = {name: (text.encode(), 0o644) for name, text in control.items()} | scripts
    return {**files, **{f"DEBIAN/{name}": file for name, file in told.items()}}, architecture
