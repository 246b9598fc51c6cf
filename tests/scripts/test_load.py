"""What tells whether others are served as before can tell that they are not."""

import pytest

from support.load import LONGEST, Onlooker
from support.waiting import SLOW


def onlooker(*times, failed=()):
    seen = Onlooker(server=None)
    seen.times, seen.failed = list(times), list(failed)
    return seen


BEFORE = onlooker(*[0.002] * 60)


@pytest.mark.parametrize("times", [[0.002] * 100, [0.010] * 100, [0.002] * 99 + [5]])
def test_as_before(times):
    onlooker(*times).was_served_as(BEFORE)


@pytest.mark.parametrize("seen", [
    onlooker(*[0.030] * 100),
    onlooker(*[0.002] * 95, *[LONGEST * SLOW] * 5),
    onlooker(*[0.002] * 100, failed=["refused"]),
    onlooker(*[0.002] * 5),
], ids=["all are slower", "some wait", "one is refused", "too few to tell"])
def test_not_as_before(seen):
    with pytest.raises(AssertionError):
        seen.was_served_as(BEFORE)
