"""A small AWS Auto Scaling service, strict where moto is kind: see `server.py`.

On the wire it is held to botocore's own model of the service: what is asked is parsed and checked
by it, and so is every answer. What its groups do is a timetable of its own, with delays that a
test chooses.
"""

from support.strict.keys import ACCOUNT, REGION
from support.strict.server import StrictAws

__all__ = ["ACCOUNT", "REGION", "StrictAws"]
