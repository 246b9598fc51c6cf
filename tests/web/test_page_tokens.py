"""Personal tokens: made by an administrator, shown once, used and revoked."""

import re

from support.api import bearer


def test_a_personal_token_is_made_used_and_revoked(visitors, server, small):
    page = visitors().comes_to("/classes").page
    section = page.get_by_role("region", name="Personal tokens")
    section.get_by_label("Name of a new token").fill("of a guest")
    section.get_by_label("Role").select_option("read")
    section.get_by_role("button", name="Create token").click()
    token = page.get_by_role("dialog").get_by_label("Token", exact=True).inner_text()
    assert re.fullmatch(r"mup_\S+", token)
    page.get_by_role("button", name="I have kept it").click()
    assert token not in page.content(), "it is shown once"

    api = server.api.with_credential(bearer(token))
    api.get("/api/muster/v1/fleet").expect(200)
    api.post("/api/muster/v1/token", {"resource_class": "", "nickname": "more"}).expect(403)
    row = section.get_by_role("listitem").filter(has_text="of a guest")
    assert row.locator(".role").inner_text() == "read"

    guest = visitors()
    guest.visit("/classes").sign_in(token)
    guest.page.get_by_role("region", name="local/small").wait_for()
    assert not guest.page.get_by_role("region", name="Personal tokens").is_visible()

    row.get_by_role("button", name="Revoke of a guest").click()
    page.get_by_role("button", name="Revoke token").click()
    row.wait_for(state="detached")
    assert api.get("/api/muster/v1/fleet").status == 401


def test_a_token_that_is_refused_is_told_of(visitor, small):
    page = visitor.comes_to("/classes").page
    page.route("**/api/muster/v1/token", lambda route: route.fulfill(
        status=409, json={"message": "there are enough"}) if route.request.method == "POST" else route.continue_())
    section = page.get_by_role("region", name="Personal tokens")
    section.get_by_label("Name of a new token").fill("one more")
    section.get_by_role("button", name="Create token").click()
    section.get_by_role("alert").get_by_text("There are enough.").wait_for()
    assert not page.get_by_role("dialog").is_visible()
