"""What a test does or looks at in a while, beside what it does meanwhile."""

import time
from concurrent.futures import ThreadPoolExecutor


class Later:
    def __init__(self):
        self.threads, self.under_way = ThreadPoolExecutor(64), []

    def do(self, action, *arguments, after=0):
        def act():
            time.sleep(after)
            action(*arguments)
        self.under_way.append(self.threads.submit(act))

    def wait(self):
        """Until all is done. What failed, fails here."""
        while self.under_way:
            self.under_way.pop().result()
