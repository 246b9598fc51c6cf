"""What is heavy for a server, and how those fare meanwhile who want little of it."""

import os
import resource
import socket
import threading
import time

from support.waiting import SLOW, wait_until

LONGEST = 0.5  # seconds: what others wait at most, but for one in a hundred, on a quiet machine
GRAIN = 0.005  # seconds that are no difference


def rss_mib(pid):
    with open(f"/proc/{pid}/status") as status:
        (line,) = (line for line in status if line.startswith("VmRSS:"))
    return int(line.split()[1]) // 1024


def may_open(count):
    """As many descriptors for this process, and for what it starts; False if it may not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        return False
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
    return True


class Crowd:
    """Connections that all begin with the same bytes, and then do what they are told."""

    def __init__(self, server, count, begin=b""):
        self.sockets = []
        for _ in range(count):
            one = socket.create_connection(("127.0.0.1", server.port), timeout=60 * SLOW)
            self.sockets.append(one)
            if begin:
                one.sendall(begin)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in self.sockets:
            one.close()

    def drip(self, byte):
        """One more byte on each that is still open there."""
        for one in self.sockets:
            try:
                one.send(byte)
            except OSError:
                pass

    def answers(self):
        """What has come on each so far, without waiting; b"" is a connection that was closed."""
        return [answer_so_far(one) for one in self.sockets]


def answer_so_far(one):
    """None: nothing yet."""
    one.setblocking(False)
    try:
        return one.recv(65536, socket.MSG_PEEK)
    except BlockingIOError:
        return None
    except ConnectionError:
        return b""
    finally:
        one.settimeout(60 * SLOW)


class Onlooker:
    """Somebody else, who asks for small things all the time, each on a connection of its own."""

    PATHS = "/api/muster/v1/health", "/api/muster/v1/pipelines?limit=1"

    def __init__(self, server):
        self.server, self.times, self.failed = server, [], []
        self.stopped = threading.Event()
        self.highest_rss = 0

    def __enter__(self):
        self.thread = threading.Thread(target=self.look)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()

    def look(self):
        while not self.stopped.is_set():
            for path in self.PATHS:
                begun = time.monotonic()
                try:
                    self.server.api.request("GET", path, timeout=60 * SLOW).expect(200)
                except (OSError, AssertionError) as error:
                    self.failed.append(repr(error))
                self.times.append(time.monotonic() - begun)
            self.highest_rss = max(self.highest_rss, rss_mib(self.server.program.pid))
            self.stopped.wait(0.02)

    def was_served_as(self, before, times=10):
        """Every request was answered well, half of them in so many times what half of them took
        before at most, and all but one in a hundred within LONGEST, or three times what it was before.

        The median is what a busy machine changes least."""
        assert not self.failed, f"{len(self.failed)} of {len(self.times)}: {self.failed[:3]}"
        assert len(self.times) >= 20, "too few requests to tell: give it longer"
        told = f"{self.figures()}; before: {before.figures()}"
        print(told)
        assert self.percentile(50) < before.percentile(50) * times + GRAIN, told
        assert self.percentile(99) < max(LONGEST * SLOW, before.percentile(99) * 3), told

    def percentile(self, part):
        """So many in a hundred took this long or less."""
        return sorted(self.times)[-(-len(self.times) * part // 100) - 1]

    def figures(self):
        return (f"{len(self.times)} requests of others: p50 {self.percentile(50) * 1000:.1f} ms, "
                f"p99 {self.percentile(99) * 1000:.1f} ms, longest {max(self.times) * 1000:.1f} ms; "
                f"the server's memory: {self.highest_rss} MiB at most")


def at_rest(server):
    """How others fare before there is a load."""
    with Onlooker(server) as other:
        wait_until(lambda: len(other.times) >= 60, 60, "60 requests of others")
    return other


def run_for_peak(world, *arguments, output):
    """Runs a command to its end, its standard output in a file: exit code and peak RSS in MiB."""
    with open(output, "wb") as file:
        program = os.posix_spawn(
            str(world.binary), [str(word) for word in (world.binary, *arguments)],
            world.environment(), file_actions=[(os.POSIX_SPAWN_DUP2, file.fileno(), 1)])
    _, status, usage = os.wait4(program, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_maxrss // 1024
