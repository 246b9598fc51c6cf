"""A scaling activity: what a group did, why, and how it ended."""

import itertools
import json
import uuid
from datetime import timedelta, timezone

numbers = itertools.count(1)


def stamp(time):
    return time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Activity:
    def __init__(self, group, description, cause, zone, status, progress, now):
        self.number, self.id = next(numbers), str(uuid.uuid4())
        self.group, self.description, self.cause, self.zone = group, description, cause, zone
        self.status, self.progress, self.message = status, progress, None
        self.started_at = now.replace(microsecond=now.microsecond // 1000 * 1000)
        self.ended_at = None

    def end(self, status, now, message=None):
        """AWS writes an end in whole seconds, and never before the start."""
        self.status, self.progress, self.message = status, 100, message
        end = now.replace(microsecond=0)
        self.ended_at = end if end >= self.started_at else end + timedelta(seconds=1)

    def describe(self):
        described = {
            "ActivityId": self.id, "AutoScalingGroupName": self.group.name,
            "AutoScalingGroupARN": self.group.arn, "Description": self.description,
            "Cause": self.cause, "StartTime": self.started_at, "EndTime": self.ended_at,
            "StatusCode": self.status, "StatusMessage": self.message, "Progress": self.progress,
            "Details": json.dumps({"Availability Zone": self.zone}),
            "AutoScalingGroupState": "Deleted" if self.group.deleted else None}
        return {name: value for name, value in described.items() if value is not None}


def launching(group, instance, why, now):
    return Activity(group, f"Launching a new EC2 instance: {instance.id}", why, instance.zone,
                    "PreInService", 30, now)


def failed_launch(group, zone, why, message, now):
    activity = Activity(group, f"Launching a new EC2 instance.  Status Reason: {message}", why,
                        zone, "Failed", 100, now)
    activity.end("Failed", now, message)
    return activity


def terminating(group, instance, why, now):
    return Activity(group, f"Terminating EC2 instance: {instance.id}", why, instance.zone,
                    "InProgress", 0, now)
