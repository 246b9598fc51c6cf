"""What a test makes go wrong with the calls of an action."""

import time
from collections import Counter

from support.strict.refusal import Refusal


class Faults:
    """Thread-safe: all goes through the server's lock."""

    def __init__(self, lock):
        self.lock = lock
        self.left = Counter()  # (kind, action) to how often
        self.rates = {}  # action to [calls a second, when the next one is answered]

    def throttle(self, action, times=0, rate=None):
        """The next `times` calls, or all that come faster than `rate` a second."""
        self._add("throttle", action, times)
        with self.lock:
            self.rates.pop(action, None)
            if rate is not None:
                self.rates[action] = [rate, 0.0]

    def allow(self, action):
        """What is left of throttling it."""
        with self.lock:
            self.left["throttle", action] = 0
            self.rates.pop(action, None)

    def fail(self, action, times=1, done=False):
        """Answered with status 500: before it was done, or after."""
        self._add("fail done" if done else "fail", action, times)

    def cut(self, action, times=1):
        """Done, and the answer ends in its middle."""
        self._add("cut", action, times)

    def _add(self, kind, action, times):
        with self.lock:
            self.left[kind, action] += times

    def _take(self, kind, action):
        with self.lock:
            if self.left[kind, action] <= 0:
                return False
            self.left[kind, action] -= 1
            return True

    def before(self, action):
        if self._take("throttle", action) or self._is_too_fast(action):
            raise Refusal("Throttling", "Rate exceeded")
        if self._take("fail", action):
            raise internal_failure()

    def after(self, action):
        if self._take("fail done", action):
            raise internal_failure()

    def cuts(self, action):
        return self._take("cut", action)

    def _is_too_fast(self, action):
        with self.lock:
            if action not in self.rates:
                return False
            rate, next_at = self.rates[action]
            now = time.monotonic()
            if now < next_at:
                return True
            self.rates[action][1] = now + 1 / rate
            return False


def internal_failure():
    return Refusal("InternalFailure", "The request processing has failed because of an unknown "
                   "error, exception or failure.", 500)
