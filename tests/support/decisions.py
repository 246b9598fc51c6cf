"""What a scaler has decided: the log in its state directory, and what `muster` says of it."""

import json
import re
import sqlite3

from support.waiting import wait_until


class Decision:
    def __init__(self, snapshot_at, snapshot, decision):
        self.at = snapshot_at / 1000  # in seconds
        self.snapshot, self.decision = json.loads(snapshot), json.loads(decision)
        self.launch, self.drained = self.decision["launch"], len(self.decision["drain"])
        self.counts = self.decision["counts"]
        self.reasons = {reason["rule"]: reason for reason in self.decision["reasons"]}
        self.unclaimed = self.snapshot["demand"].get("unclaimed")
        self.running = self.snapshot["demand"].get("running")


class Decisions:
    def __init__(self, world, resource_class="local/small"):
        self.world, self.name = world, resource_class
        self.file = world.place / "scaler-state/scaler.db"

    def all(self):
        """Each that differs from the one before, the oldest first."""
        try:
            with sqlite3.connect(f"file:{self.file}?mode=ro", uri=True) as database:
                rows = database.execute("SELECT at, snapshot, decision FROM decision "
                                        "WHERE resource_class = ? ORDER BY id", (self.name,))
                return [Decision(*row) for row in rows]
        except sqlite3.OperationalError as none_yet:
            assert re.search("no such table|unable to open", str(none_yet)), none_yet
            return []

    def wait_for(self, matches, what, deadline=60):
        """The first that matches."""
        return wait_until(lambda: next(filter(matches, self.all()), None), deadline, what)

    def wait_for_rule(self, rule):
        return self.wait_for(lambda each: rule in each.reasons, f"the rule {rule}")

    def most_within(self, seconds, number_of):
        """The highest sum of any stretch of so many seconds."""
        made = self.all()
        return max(sum(number_of(each) for each in made if first.at <= each.at < first.at + seconds)
                   for first in made)

    def explained(self):
        """The latest, by `muster explain`; its causes by rule."""
        done = self.world.run("explain", self.name, "--log", self.file, "--json")
        assert done.returncode == 0, done.stderr
        (about,) = json.loads(done.stdout)["classes"]
        return about | {"causes": {cause["rule"]: cause for cause in about["causes"]}}

    def replayed(self, *arguments):
        done = self.world.run("replay", self.file, "--class", self.name, "--json", *arguments)
        assert done.returncode in (0, 1), done.stderr
        return json.loads(done.stdout)

    def check_again(self):
        """Today's code decides the same of each, and no invariant is broken."""
        report = self.replayed()
        assert report["decisions"] == report["same"] > 0, report["differences"]
        assert report["violations"] == []
