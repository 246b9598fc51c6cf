"""Somebody who looks at the page, in Debian's chromium."""

import re
import shutil
from pathlib import Path

from support.waiting import SLOW

ROOT = Path(__file__).parents[2]
SHOTS = ROOT / "build/screenshots"
ARGUMENTS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]
PATIENCE_MS = 20_000 * SLOW
# Of whom nobody is signed in yet the page learns by a 401, and a browser calls each such an error.
EXPECTED = re.compile(r"status of 401|status of 40[0349]|ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE"
                      r"|ERR_CONNECTION_RESET|username fields")


def chromium():
    return shutil.which("chromium")


class Visitor:
    def __init__(self, browser, server, axe, **context):
        """`context`: what kind of screen it is, and what its owner likes."""
        self.server, self.axe = server, axe
        self.context = browser.new_context(**context)
        self.context.set_default_timeout(PATIENCE_MS)
        self.page = self.context.new_page()
        self.complaints, self.elsewhere = [], []
        self.page.on("console", self.on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self.on_dialog)
        self.page.on("request", self.on_request)

    def on_console(self, message):
        if message.type in ("error", "warning") and not EXPECTED.search(message.text):
            self.complaints.append(message.text)

    def on_dialog(self, dialog):
        self.complaints.append(f"a script ran: {dialog.message}")
        dialog.dismiss()

    def on_request(self, request):
        if not request.url.startswith(self.server.url):
            self.elsewhere.append(request.url)

    def visit(self, path):
        self.page.goto(self.server.url + path)
        return self

    def sign_in(self, token=None):
        self.page.get_by_label("Personal token").fill(token or self.server.token)
        self.page.get_by_role("button", name="Sign in").click()
        return self

    def comes_to(self, path):
        """From signing in to there."""
        self.visit(path)
        self.sign_in()
        self.page.get_by_role("button", name="Sign out").wait_for()
        return self

    def end_session(self):
        """As from elsewhere: the page is not told."""
        cookies = "; ".join(f"{one['name']}={one['value']}" for one in self.context.cookies())
        self.server.api.with_credential({"Cookie": cookies, "Muster-Request": "1"}).delete(
            "/api/muster/v1/session").expect(204)

    def sees(self, text, **options):
        self.page.get_by_text(text, **options).first.wait_for()

    def state(self, word):
        """Of the whole page."""
        self.page.locator(".heading .state", has_text=word).wait_for()

    # --- How it looks ---

    def width_left_over(self):
        return self.page.evaluate("document.documentElement.scrollWidth - innerWidth")

    def violations(self):
        """What axe calls serious, or worse."""
        self.page.evaluate(self.axe.read_text())
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [f"{one['impact']}: {one['id']}: {one['nodes'][0]['html'][:200]}"
                for one in found["violations"] if one["impact"] in ("serious", "critical")]

    def shoot(self, name):
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png")

    def close(self):
        self.context.close()
        return self.complaints + [f"it asked elsewhere: {url}" for url in self.elsewhere]
