"""Signing in in a browser: with a passkey, by codes without scripts, readable by all."""

import json
from collections.abc import Iterator

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from playwright.sync_api import Browser, BrowserContext, Page, expect
from wagtail.users.models import UserProfile

from harmhub.users.models import RecoveryCodes
from tests.browser.hub import Hub
from tests.fixtures.door import App, app_of
from tests.fixtures.site import Site, wait_for
from tests.fixtures.smtp import text_of

PASSWORD = "a password of some length"
KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
RUN = "options => axe.run(document.querySelector('#main'), options).then(found => found.violations)"
TAGS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
PAGES = {
    "": "Is it you?",
    "app/": "Set up an authenticator app",
    "set-up/": "Set up a second factor",
    "remove/app/": "Remove a second factor",
}
FITS = "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"


@pytest.fixture
def boss(site_server: Site, hub: Hub, request) -> Iterator[str]:
    """The name of a new superuser of the running site."""
    name = f"boss-{request.node.name}"[:60].replace("[", "-").replace("]", "")
    password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1000)
    with site_server.orm():
        get_user_model().objects.create(
            username=name, email=f"{name}@example.org", password=password, is_superuser=True
        )
    yield name
    with site_server.orm():
        get_user_model().objects.filter(username=name).delete()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(30_000)
    yield context
    context.close()


def with_key(page: Page) -> None:
    """Give the browser a security key that always says yes."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})


def with_password(page: Page, name: str) -> None:
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def is_in(page: Page) -> None:
    expect(page.get_by_role("navigation", name="Main menu")).to_be_visible()


def test_passkey_is_made_at_the_first_log_in_and_opens_the_door_alone_from_then_on(
    context: BrowserContext, boss: str, site_server: Site
):
    page, faults, asked = context.new_page(), [], set()
    page.on("console", lambda said: faults.append(said.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: asked.add(request.url.split("/")[2]))
    with_key(page)
    page.goto(f"{site_server.url}/admin/pages/")
    with_password(page, boss)
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_role("button", name="Add a passkey").press("Enter")
    page.get_by_role("button", name="Make recovery codes").press("Enter")
    expect(page.locator(".door-codes li")).to_have_count(10)
    page.get_by_role("link", name="I have kept them").click()
    expect(page).to_have_url(f"{site_server.url}/admin/pages/")
    wait_for(
        lambda: "A passkey was added." in "".join(map(text_of, site_server.mail.messages)), 30, "No mail."
    )
    context.clear_cookies()
    page.goto(f"{site_server.url}/admin/users/")
    page.get_by_role("button", name="Use a passkey").press("Enter")
    expect(page).to_have_url(f"{site_server.url}/admin/users/")
    is_in(page)
    # And as the second factor, after a password.
    context.clear_cookies()
    page.goto(f"{site_server.url}/admin/users/")
    with_password(page, boss)
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").press("Enter")
    expect(page).to_have_url(f"{site_server.url}/admin/users/")
    assert faults == []
    assert asked == {site_server.url.split("/")[2]}


def test_app_and_recovery_codes_need_no_script(browser: Browser, boss: str, site_server: Site):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto(f"{site_server.url}/admin/pages/")
    with_password(page, boss)
    page.get_by_role("link", name="Set up an app").click()
    app = App(page.locator(".door-secret").inner_text())
    page.get_by_label("The six digits that it shows now").fill(app.code())
    page.get_by_role("button", name="Continue").press("Enter")
    codes = page.locator(".door-codes code").all_inner_texts()
    page.get_by_role("link", name="I have kept them").click()
    expect(page).to_have_url(f"{site_server.url}/admin/pages/")
    for code in (app.code(1), codes[0]):
        context.clear_cookies()
        page.goto(f"{site_server.url}/admin/account/sign-in/")
        with_password(page, boss)
        page.get_by_label("Code").fill(code)
        page.get_by_role("button", name="Continue").press("Enter")
        expect(page.get_by_role("heading", name="Your sessions")).to_be_visible()
    context.close()


def test_double_click_on_setting_up_the_app_shows_the_codes(
    context: BrowserContext, boss: str, site_server: Site
):
    page = context.new_page()
    page.goto(f"{site_server.url}/admin/second-factor/app/")
    with_password(page, boss)
    page.goto(f"{site_server.url}/admin/second-factor/app/")
    app = App(page.locator(".door-secret").inner_text())
    page.get_by_label("The six digits that it shows now").fill(app.code())
    page.get_by_role("button", name="Continue").dblclick()
    expect(page.locator(".door-codes li")).to_have_count(10)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_of_the_door_can_be_read_by_all(browser: Browser, boss: str, site_server: Site, theme: str):
    with site_server.orm():
        user = get_user_model().objects.get(username=boss)
        app = app_of(user)
        RecoveryCodes.renew(user)
        profile = UserProfile.get_for_user(user)
        profile.theme = theme
        profile.save()
    context = browser.new_context(reduced_motion="reduce", color_scheme=theme)
    page = context.new_page()
    with_key(page)

    def readable(heading: str, address: str = "") -> None:
        if address:
            page.goto(site_server.url + address)
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        page.wait_for_load_state("networkidle")  # an address that is still loading has no page to judge
        page.evaluate(AXE_SCRIPT)
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            found = page.evaluate(RUN, TAGS)
            assert not found, f"{page.url} at {width} px: {json.dumps(found, indent=1)}"
            assert page.evaluate(FITS), f"{page.url} at {width} px"

    readable("Sign in to Wagtail", "/admin/account/sign-in/")
    with_password(page, boss)
    readable("Second factor")
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("This code is wrong")).to_be_visible()
    readable("Second factor")
    page.get_by_label("Code").fill(app.code())
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("link", name="Add a passkey").click()
    readable("Add a passkey")
    page.get_by_role("button", name="Add a passkey").click()
    readable("Recovery codes")
    for address, heading in PAGES.items():
        readable(heading, f"/admin/second-factor/{address}")
    page.goto(f"{site_server.url}/admin/account/sign-in/")
    page.evaluate(AXE_SCRIPT)
    found = page.evaluate(
        "options => axe.run(document.querySelector('.sign-in'), options).then(f => f.violations)", TAGS
    )
    assert not found, json.dumps(found, indent=1)
    context.close()


def test_what_was_typed_when_the_session_ended_is_saved_after_signing_in_again(
    context: BrowserContext, boss: str, hub: Hub, site_server: Site
):
    with site_server.orm():
        app = app_of(get_user_model().objects.get(username=boss))
    page = context.new_page()
    page.goto(f"{site_server.url}/admin/pages/")
    with_password(page, boss)
    page.get_by_label("Code").fill(app.code())
    page.get_by_role("button", name="Continue").click()
    topic = site_server.query("SELECT id FROM wagtailcore_page WHERE title = 'Harm Reduction' LIMIT 1")[0][0]
    page.goto(f"{site_server.url}/admin/pages/{topic}/edit/")
    page.wait_for_timeout(2500)  # Wagtail notices changes only from two seconds after a form was opened
    site_server.query("DELETE FROM users_session")
    title = page.get_by_role("textbox", name="Title*", exact=True)
    with page.expect_response(
        lambda answer: answer.request.method == "POST" and "/edit/" in answer.url
    ) as told:
        title.fill("Harm Reduction, typed late")
    assert told.value.status == 403
    assert "Your session has ended" in told.value.json()["error_message"]
    other = context.new_page()
    other.goto(f"{site_server.url}/admin/account/sign-in/")
    with_password(other, boss)
    other.get_by_label("Code").fill(app.code(1))
    other.get_by_role("button", name="Continue").click()
    expect(other.get_by_role("heading", name="Your sessions")).to_be_visible()
    with page.expect_response("**/token/"):
        page.evaluate("() => { dispatchEvent(new Event('focus')) }")
    with page.expect_response(
        lambda answer: answer.request.method == "POST" and "/edit/" in answer.url
    ) as saved:
        title.fill("Harm Reduction, saved")
    assert saved.value.json()["success"]
    assert site_server.query("SELECT draft_title FROM wagtailcore_page WHERE id = %s", (topic,)) == [
        ("Harm Reduction, saved",)
    ]
    site_server.query("UPDATE wagtailcore_page SET draft_title = title WHERE id = %s", (topic,))
