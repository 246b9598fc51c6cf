"""Waiting for what will come, never for how long it might take."""

import time

SLOW = 3  # so many times as long as on a quiet machine


class TooLate(AssertionError):
    pass


def wait_until(condition, deadline=30, what=""):
    """The condition's first true answer. A connection that is refused counts as "not yet".

    `deadline`: in seconds, for a quiet machine."""
    deadline *= SLOW
    end = time.monotonic() + deadline
    while True:
        try:
            if answer := condition():
                return answer
            last = repr(answer)
        except OSError as error:
            last = repr(error)
        if time.monotonic() > end:
            raise TooLate(f"not within {deadline} s: {what or condition}; at last: {last}")
        time.sleep(0.05)
