"""A browser, and who looks through it."""

import pytest
from playwright.sync_api import sync_playwright

from support.visitor import ARGUMENTS, Visitor, chromium


@pytest.fixture(scope="session")
def browser():
    if not chromium():
        pytest.skip("needs Debian's chromium: script/install test")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def axe(binary):
    """The build has it beside the page."""
    return binary.parent / "web/node_modules/axe-core/axe.min.js"


@pytest.fixture
def visitors(browser, server, axe):
    """Makes a visitor. Nothing may be wrong in anybody's browser at the end."""
    made = []

    def make(**context):
        made.append(Visitor(browser, server, axe, **context))
        return made[-1]
    yield make
    complaints = [complaint for visitor in made for complaint in visitor.close()]
    assert not complaints, complaints


@pytest.fixture
def visitor(visitors):
    return visitors()
