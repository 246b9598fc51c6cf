"""A (pseudo-)terminal for the program to write to."""

import fcntl
import os
import pty
import struct
import subprocess
import termios

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
