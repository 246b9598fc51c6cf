"""A job that is after the instance's role and the class's token. It tells what it got at."""

import ctypes
import os
import re
import subprocess
import tempfile
import time
import urllib.request

PTRACE_ATTACH = 16
TOKEN = re.compile(rb"muc_[0-9a-f]{64}")
tried, breaches = [], []


def attempt(what, breach):
    tried.append(what)
    try:
        got = breach()
    except Exception:
        return
    if got:
        breaches.append(f"{what}: {str(got)[:80]}")


def run(*command):
    done = subprocess.run(command, capture_output=True, timeout=20, stdin=subprocess.DEVNULL)
    return done.returncode == 0 and (done.stdout or b"it worked")


def metadata():
    request = urllib.request.Request("http://169.254.169.254/latest/api/token", method="PUT",
                                     headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"})
    return urllib.request.urlopen(request, timeout=5).read()


def fake_root():
    return run("unshare", "--user", "--map-root-user", "curl", "-sS", "--max-time", "5",
               "-X", "PUT", "-H", "X-aws-ec2-metadata-token-ttl-seconds: 60",
               "http://169.254.169.254/latest/api/token")


def seen_of_others():
    """Processes of other users, as /proc lists them."""
    return [pid for pid in os.listdir("/proc")
            if pid.isdigit() and os.stat(f"/proc/{pid}").st_uid != os.getuid()]


def others():
    """Each number that could be a process which is not of this job."""
    ours = {int(pid) for pid in os.listdir("/proc") if pid.isdigit()}
    last = max(ours)
    return [pid for pid in range(1, last + 1) if pid not in ours]


def readable(name):
    def read(pid):
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read(100)
    found = []
    for pid in others():
        try:
            found.append((pid, read(pid)))
        except OSError:
            pass
    return found


def attached():
    libc = ctypes.CDLL(None, use_errno=True)
    return [pid for pid in others() if libc.ptrace(PTRACE_ATTACH, pid, 0, 0) == 0]


def signalled():
    found = []
    for pid in others():
        try:
            os.kill(pid, 0)
            found.append(pid)
        except OSError:
            pass
    return found


def token_in(data):
    return TOKEN.search(data)


def token_in_files():
    found = []
    for directory, below, files in os.walk("/"):
        below[:] = [name for name in below
                    if os.path.join(directory, name) not in ("/proc", "/sys", "/dev")]
        for name in files:
            try:
                with open(os.path.join(directory, name), "rb") as file:
                    if token_in(file.read(1 << 22)):
                        found.append(name)
            except OSError:
                pass
    return found


def token_in_own_environment():
    found = []
    for pid in os.listdir("/proc"):
        if pid.isdigit():
            for name in ("environ", "cmdline"):
                try:
                    with open(f"/proc/{pid}/{name}", "rb") as file:
                        if token_in(file.read()):
                            found.append(pid)
                except OSError:
                    pass
    return found


def outside_of_the_unit():
    """A session, a user manager or cron is another control group than the runner's unit."""
    with open("/proc/self/cgroup") as file:
        groups = file.read()
    return "muster-runner.service" not in groups and groups


def user_manager():
    """Which starts processes outside of the unit; it may need a moment after it was asked for."""
    os.environ["XDG_RUNTIME_DIR"] = f"/run/user/{os.getuid()}"
    for _ in range(5):
        if got := run("systemd-run", "--user", "--wait", "--pipe", "--quiet", "cat",
                      "/proc/1/cmdline", "/proc/self/cgroup"):
            return got
        time.sleep(1)
    return None


def crontab():
    with tempfile.NamedTemporaryFile("w") as table:
        table.write("* * * * * true\n")
        table.flush()
        return run("crontab", table.name)


attempt("the metadata service", metadata)
attempt("the metadata service as root of a namespace", fake_root)
attempt("sudo", lambda: run("sudo", "-n", "true"))
attempt("the firewall", lambda: run("/usr/sbin/nft", "flush", "ruleset"))
attempt("the runner's configuration", lambda: open("/run/muster/runner.yaml").read())
attempt("its directory", lambda: os.listdir("/run/muster"))
attempt("the shadow file", lambda: open("/etc/shadow").read())
attempt("the user data", lambda: open("/var/lib/cloud/instance/scripts/part-001").read())
for file in ("/opt/muster/bin/muster", "/opt/muster/boot", "/etc/muster/instance.yaml",
             "/etc/muster/setup", "/etc/systemd/system/muster-runner.service"):
    attempt(f"writing {file}", lambda file=file: open(file, "a"))
attempt("leaving the unit", outside_of_the_unit)
attempt("lingering", lambda: run("loginctl", "enable-linger"))
attempt("a user manager", user_manager)
attempt("a unit of the system", lambda: run("systemd-run", "--no-ask-password", "true"))
attempt("crontab", crontab)
attempt("at", lambda: run("at", "-f", "/dev/null", "now"))
attempt("seeing other processes", seen_of_others)
for name in ("mem", "environ", "cmdline", "maps", "root/etc/shadow", "fd/0"):
    attempt(f"/proc/PID/{name}", lambda name=name: readable(name))
attempt("ptrace", attached)
attempt("signals", signalled)
attempt("the token in a file", token_in_files)
attempt("the token in an environment", token_in_own_environment)

print("tried:", ", ".join(tried))
for breach in breaches:
    print("BREACH", breach)
raise SystemExit(1 if breaches else 0)
