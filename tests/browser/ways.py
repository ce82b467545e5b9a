"""The ways to the public pages: by an address, or by what a reader does on the page before."""

import contextlib
import itertools
import shutil
from collections.abc import Callable, Iterator

from django.conf import settings
from django.test import RequestFactory
from django.utils import timezone
from playwright.sync_api import Locator, Page, Route

from contact import rush
from contact.models import Message, Turn
from contact.models.turns import ANSWER_WAITS
from harmhub import limits
from harmhub.middleware import PUBLIC_BODY
from newsletter.models import Token
from tests.browser.hub import HARM_REDUCTION, Hub
from tests.fixtures.site import Site

Way = Callable[[Page, Hub, Site], None]
_number = itertools.count(1)


def at(path: str) -> Way:
    """Go to a fixed path."""
    return lambda page, hub, site: page.goto(site.url + path)


def of(name: str) -> Way:
    """Go to a page that the hub knows by name."""
    return lambda page, hub, site: page.goto(site.url + hub.paths[name])


def older(page: Page, hub: Hub, site: Site) -> None:
    page.goto(f"{site.url}{HARM_REDUCTION}")
    page.get_by_role("link", name="Older").click()


def contact(page: Page, hub: Hub, site: Site) -> None:
    page.goto(site.url + hub.contact_path)


def contact_error(page: Page, hub: Hub, site: Site) -> None:
    contact(page, hub, site)
    page.get_by_label("E-mail address").fill("broken@")
    page.get_by_role("button", name="Send message").click()


def message_sent(page: Page, hub: Hub, site: Site) -> None:
    """Send what nobody sent before."""
    _send(page, site, f"Question {next(_number)}: when does the van come?")


def message_repeated(page: Page, hub: Hub, site: Site) -> None:
    for _ in range(2):
        _send(page, site, "Does the van come today?")


def _send(page: Page, site: Site, text: str) -> None:
    """Send a message from the box of a topic page, which carries no time."""
    page.goto(f"{site.url}{HARM_REDUCTION}")
    page.get_by_text("Contact box", exact=True).click()
    page.get_by_label("Your message").fill(text)
    page.get_by_role("button", name="Send message").click()


def topic_gone(page: Page, hub: Hub, site: Site) -> None:
    """Write to a topic that is taken from the site meanwhile."""
    contact(page, hub, site)
    page.get_by_label("Your message").fill("When does the van come?")
    page.get_by_label("E-mail address").fill("reader@example.org")
    gone = f"{site.url}/contact/{hub.tree.home.pk}/"
    page.route(site.url + hub.contact_path, lambda route: route.continue_(url=gone), times=1)
    page.get_by_role("button", name="Send message").click()


def message_in_a_rush(page: Page, hub: Hub, site: Site) -> None:
    with _counters():
        for _ in range(rush.RUSH):
            rush.count()
        message_sent(page, hub, site)


def too_many_messages(page: Page, hub: Hub, site: Site) -> None:
    with _counters("contact", 10):
        message_sent(page, hub, site)


def too_many_sign_ups(page: Page, hub: Hub, site: Site) -> None:
    with _counters("newsletter", 10):
        signed_up(page, hub, site)


def too_many_searches(page: Page, hub: Hub, site: Site) -> None:
    with _counters("search", 600):
        page.goto(f"{site.url}/search/?q=evening")


@contextlib.contextmanager
def _counters(form: str = "", tries: int = 0) -> Iterator[None]:
    """Have used a form so often, and nothing else, for a block; forget it all after that."""
    shutil.rmtree(settings.DATA_DIR / "limits", ignore_errors=True)
    reader = RequestFactory(REMOTE_ADDR="127.0.0.1").get("/")
    for _ in range(tries):
        assert limits.allow(form, reader, per_client=tries, in_all=tries)
    yield
    shutil.rmtree(settings.DATA_DIR / "limits")


def codes(page: Page) -> dict[str, str]:
    """Return reference and key of the page after sending, by the names of their fields."""
    page.get_by_role("heading", name="Message sent").wait_for()
    reference, key = page.locator(".code").all_inner_texts()
    return {"reference": reference, "key": key}


def look_up(page: Page, hub: Hub, site: Site, pair: dict[str, str] | None = None) -> None:
    """Send a message, and open it by reference and key, or by others."""
    if pair is None:
        message_sent(page, hub, site)
        pair = codes(page)
    page.goto(f"{site.url}/contact/look-up/")
    page.get_by_label("Reference").fill(pair["reference"])
    page.get_by_label("Key").fill(pair["key"])
    page.get_by_role("button", name="Open").click()


def opened_by_nothing(page: Page, hub: Hub, site: Site) -> None:
    look_up(page, hub, site, {"reference": "K7Q4-M2XD", "key": "a guess"})


def answered(page: Page, hub: Hub, site: Site) -> None:
    """See the answer to a message, and write again."""
    message_sent(page, hub, site)
    pair = codes(page)
    answer_message(site, pair["reference"], "On Tuesdays at nine.\n\nAsk for Ana.")
    look_up(page, hub, site, pair)
    page.get_by_label("What you want to add").fill("And on Fridays?")
    page.get_by_role("button", name="Send").click()


def answer_message(site: Site, reference: str, text: str) -> None:
    """Answer a message as its team does, so long ago that it cannot be undone."""
    at = timezone.now() - ANSWER_WAITS
    with site.orm():
        message = Message.objects.get(reference=reference)
        message.turns.create(kind=Turn.Kind.ANSWER, text=text, written_at=at)
        message.heard_at = message.answered_at = at
        message.save()


def no_further_words(page: Page, hub: Hub, site: Site) -> None:
    look_up(page, hub, site)
    page.get_by_role("button", name="Send").click()


def delete(page: Page, hub: Hub, site: Site) -> None:
    look_up(page, hub, site)
    page.get_by_role("button", name="Delete my message").click()


def deleted(page: Page, hub: Hub, site: Site) -> None:
    delete(page, hub, site)
    page.get_by_role("button", name="Delete for good").click()


def _press_without_database(button: Locator, site: Site) -> None:
    with site.database_away():
        button.click()
        button.page.wait_for_load_state("load")


def look_up_without_database(page: Page, hub: Hub, site: Site) -> None:
    look_up(page, hub, site)
    page.get_by_label("What you want to add").fill("And on Fridays?")
    _press_without_database(page.get_by_role("button", name="Send"), site)


def sign_up_error(page: Page, hub: Hub, site: Site) -> None:
    page.goto(f"{site.url}/newsletter/")
    page.get_by_role("button", name="Sign up").click()


def signed_up(page: Page, hub: Hub, site: Site) -> None:
    page.goto(f"{site.url}{HARM_REDUCTION}")
    page.locator(".signup").get_by_label("E-mail address").fill(f"visit{next(_number)}@example.org")
    page.locator(".signup").get_by_role("button").click()


def by_link(path: str, button: str = "", purpose: str = "") -> Way:
    """Follow a link of a mail that nobody followed before, and press the button, if any."""

    def go(page: Page, hub: Hub, site: Site) -> None:
        secret = hub.new_secret(site, Token.Purpose(purpose or path), f"visit{next(_number)}@example.org")
        page.goto(f"{site.url}/newsletter/{path}/?t={secret}")
        if button:
            page.get_by_role("button", name=button).click()

    return go


def address_to_move_to(page: Page, hub: Hub, site: Site) -> None:
    by_link("manage/address", purpose="manage")(page, hub, site)
    page.get_by_label("New e-mail address").fill(f"visit{next(_number)}@example.org")
    page.get_by_role("button", name="Ask both addresses").click()


def _sent_instead(route: Route) -> None:
    route.continue_(method="POST", post_data="")


def strange_form(page: Page, hub: Hub, site: Site) -> None:
    """Send a form that no page of the site sent."""
    page.route(f"{site.url}/newsletter/", _sent_instead, times=1)
    page.goto(f"{site.url}/newsletter/")


def form_to_a_page(page: Page, hub: Hub, site: Site) -> None:
    """Send a form from a page of the site to one that takes none."""
    page.goto(f"{site.url}/newsletter/")
    page.route(f"{site.url}/", _sent_instead, times=1)
    page.locator(".brand").click()


def too_long(page: Page, hub: Hub, site: Site) -> None:
    """Send more than the site reads."""
    page.goto(f"{site.url}/newsletter/")
    more = "x" * (PUBLIC_BODY + 1)
    page.route(f"{site.url}/newsletter/", lambda route: route.continue_(post_data=more), times=1)
    page.get_by_role("button", name="Sign up").click()


def wrong_password(page: Page, hub: Hub, site: Site) -> None:
    page.goto(f"{site.url}/for-members/")
    page.get_by_label("Password").fill("a guess")
    page.get_by_role("button", name="Continue").click()


def without_database(page: Page, hub: Hub, site: Site) -> None:
    with site.database_away():
        contact(page, hub, site)  # never stored, nor made of parts alone


def contact_without_database(page: Page, hub: Hub, site: Site) -> None:
    contact(page, hub, site)
    page.get_by_label("Your message").fill("When does the van come?")
    _press_without_database(page.get_by_role("button", name="Send message"), site)


def sign_up_without_database(page: Page, hub: Hub, site: Site) -> None:
    page.goto(f"{site.url}{HARM_REDUCTION}")
    page.locator(".signup").get_by_label("E-mail address").fill("away@example.org")
    _press_without_database(page.locator(".signup").get_by_role("button"), site)


def link_without_database(page: Page, hub: Hub, site: Site) -> None:
    page.goto(f"{site.url}/newsletter/link/")
    page.get_by_label("E-mail address").fill("away@example.org")
    _press_without_database(page.get_by_role("button", name="Send the link"), site)


def broken(page: Page, hub: Hub, site: Site) -> None:
    """See a page that a fault of ours breaks: here, a table that a migration forgot."""
    site.query("ALTER TABLE topics_topicpage RENAME TO mislaid")
    try:
        contact(page, hub, site)
    finally:
        site.query("ALTER TABLE mislaid RENAME TO topics_topicpage")
