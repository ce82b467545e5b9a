"""Both public forms in a browser with scripts off, on the running site, with its worker and a mail server."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.factories import Tree
from tests.fixtures.site import Site, wait_for

SCRIPTS_OFF = pytest.mark.browser_context_args(java_script_enabled=False)
TYPED = "\n  First line, a space before it.\n\nLast line: ünïcode, <b>, & and 'quotes'."


@pytest.fixture
def hub(site_server: Site, running_site_server, django_db_blocker) -> Iterator[Tree]:
    with site_server.orm():
        tree = Tree()
        tree.site.port = site_server.port
        tree.site.hostname = "localhost"
        tree.site.save()
        yield tree


def mail_to(site: Site, address: str) -> str:
    """Wait for the newest mail to this address; return its text."""
    found = lambda: [mail for mail in site.mail.messages if mail["To"] == address]  # noqa: E731
    wait_for(found, 30, f"No mail came to {address}.")
    text = found()[-1].get_body(("plain",)).get_content()
    site.mail.clear()
    return text


@SCRIPTS_OFF
def test_a_message_with_an_error_first_reaches_the_people(page: Page, hub, site_server):
    page.goto(f"{site_server.url}/topics/health/harm-reduction/")
    page.get_by_text("Contact box", exact=True).click()
    page.get_by_label("Your message").fill(TYPED)
    page.locator("#c-email").fill("nora@")
    page.get_by_role("button", name="Send message").click()
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.get_by_role("alert")).to_be_focused()
    assert page.get_by_label("Your message").input_value() == TYPED
    page.get_by_role("link", name="Write the e-mail address in full").click()
    assert page.url.endswith("#c-email")
    page.locator("#c-email").fill("nora@example.org")
    page.get_by_role("button", name="Send message").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Message sent")
    reference = page.locator(".code").inner_text()
    notice = mail_to(site_server, "health@example.org")
    assert reference in notice
    assert "First line" not in notice
    assert site_server.query("SELECT 1 FROM contact_message WHERE reference = %s", (reference,))
    assert page.context.cookies() == []


@SCRIPTS_OFF
def test_the_life_of_a_subscription(page: Page, hub, site_server):
    page.goto(f"{site_server.url}/topics/health/harm-reduction/")
    page.locator(".signup").get_by_label("E-mail address").fill("reader@example.org")
    page.locator(".signup").get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your e-mail")
    link = re.search(r"http\S+/confirm/\S+", mail_to(site_server, "reader@example.org")).group()
    page.goto(link)
    expect(page.get_by_text("Health", exact=True)).to_be_visible()
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are on the list")
    link = re.search(r"http\S+/leave/\S+", mail_to(site_server, "reader@example.org")).group()
    page.goto(link)
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have left the list")
    left = site_server.query("SELECT count(*) FROM newsletter_subscription WHERE left_at IS NOT NULL")
    assert left == [(1,)]
    assert page.context.cookies() == []


@pytest.mark.parametrize(
    ("width", "scheme"), [(320, "light"), (360, "dark"), (1280, "light"), (1280, "dark")]
)
def test_axe_finds_nothing_on_any_page_of_the_forms(browser: Browser, page, hub, site_server, width, scheme):
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    form = f"{site_server.url}/contact/{hub.harm_reduction.pk}/"
    for address in (
        form,
        f"{site_server.url}/newsletter/",
        f"{site_server.url}/newsletter/leave/",
        f"{site_server.url}/newsletter/confirm/",
    ):
        page.goto(address)
        _nothing_found(page)
    for address, button in ((form, "Send message"), (f"{site_server.url}/newsletter/", "Sign up")):
        page.goto(address)
        page.get_by_role("button", name=button).click()
        expect(page).to_have_title(re.compile("^Error: "))
        _nothing_found(page)
    context.close()


def _nothing_found(page: Page) -> None:
    found = Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
    )
    assert not found.response["violations"], found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), (
        page.url
    )
