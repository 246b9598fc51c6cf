"""A (pseudo-)terminal for the program to write to."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time

ROWS, COLUMNS = 20, 60


def on_terminal(world, *arguments, **environment):
    """The exit code, and all that the program wrote to its terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    program = subprocess.Popen(
        [str(word) for word in (world.binary, *arguments)], stdin=theirs, stdout=theirs,
        stderr=theirs, cwd=world.place, env=world.environment(TERM="xterm", **environment))
    os.close(theirs)
    written = b""
    try:
        while data := os.read(ours, 65536):
            written += data
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    return program.wait(60), written.decode()


class OnTerminal:
    """A program that goes on, with a terminal as its standard output. To be used in a `with`."""

    def __init__(self, world, *arguments, errors):
        self.ours, theirs = pty.openpty()
        with errors.open("wb") as log:
            self.program = subprocess.Popen(
                [str(word) for word in (world.binary, *arguments)], stdin=subprocess.DEVNULL,
                stdout=theirs, stderr=log, cwd=world.place, env=world.environment(TERM="xterm"))
        os.close(theirs)

    def read_until(self, pattern, patience=60):
        """The match of it in what was written."""
        written, deadline = "", time.monotonic() + patience
        while not (found := pattern.search(written)):
            left = deadline - time.monotonic()
            assert left > 0, f"it did not come: {written}"
            if select.select([self.ours], [], [], left)[0]:
                written += os.read(self.ours, 65536).decode()
        return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.program.terminate()
        self.program.wait(30)
        os.close(self.ours)
