"""One visit for every public page and state that a reader can meet."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone
from playwright.sync_api import Page, Response, Route

from contact.models import Message, Turn
from contact.models.turns import ANSWER_WAITS
from harmhub.middleware import PUBLIC_BODY
from newsletter.models import Token
from tests.browser.hub import HARM_REDUCTION, Hub
from tests.fixtures.site import Site

Going = Callable[[Page, Hub, Site], None]
_number = itertools.count(1)


@dataclass(frozen=True)
class Visit:
    """``go(page, hub)`` leads from the site's origin to the page that is meant, which answers ``status``."""

    name: str
    go: Going
    status: int = 200


def at(path: str) -> Going:
    """Go to a fixed path."""
    return lambda page, hub, site: page.goto(site.url + path)


def of(name: str) -> Going:
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
    """Send what nobody sent before, from the box of a topic page, which carries no time."""
    page.goto(f"{site.url}{HARM_REDUCTION}")
    page.get_by_text("Contact box", exact=True).click()
    page.get_by_label("Your message").fill(f"Question {next(_number)}: when does the van come?")
    page.get_by_role("button", name="Send message").click()


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
    page.get_by_label("Your further words").fill("And on Fridays?")
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


def look_up_without_database(page: Page, hub: Hub, site: Site) -> None:
    look_up(page, hub, site)
    page.get_by_label("Your further words").fill("And on Fridays?")
    with site.database_away():
        page.get_by_role("button", name="Send").click()
        page.wait_for_load_state("load")


def sign_up_error(page: Page, hub: Hub, site: Site) -> None:
    page.goto(f"{site.url}/newsletter/")
    page.get_by_role("button", name="Sign up").click()


def signed_up(page: Page, hub: Hub, site: Site) -> None:
    page.goto(f"{site.url}{HARM_REDUCTION}")
    page.locator(".signup").get_by_label("E-mail address").fill(f"visit{next(_number)}@example.org")
    page.locator(".signup").get_by_role("button").click()


def by_link(path: str, button: str = "", purpose: str = "") -> Going:
    """Follow a link of a mail that nobody followed before, and press the button, if any."""

    def go(page: Page, hub: Hub, site: Site) -> None:
        secret = hub.new_secret(site, Token.Purpose(purpose or path), f"visit{next(_number)}@example.org")
        page.goto(f"{site.url}/newsletter/{path}/?t={secret}")
        if button:
            page.get_by_role("button", name=button).click()

    return go


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
    with site.database_away():
        page.get_by_role("button", name="Send message").click()
        page.wait_for_load_state("load")


def sign_up_without_database(page: Page, hub: Hub, site: Site) -> None:
    page.goto(f"{site.url}{HARM_REDUCTION}")
    page.locator(".signup").get_by_label("E-mail address").fill("away@example.org")
    with site.database_away():
        page.locator(".signup").get_by_role("button").click()
        page.wait_for_load_state("load")


def broken(page: Page, hub: Hub, site: Site) -> None:
    """See a page that a fault of ours breaks: here, a table that a migration forgot."""
    site.query("ALTER TABLE topics_topicpage RENAME TO mislaid")
    try:
        contact(page, hub, site)
    finally:
        site.query("ALTER TABLE mislaid RENAME TO topics_topicpage")


VISITS = [
    Visit("home", at("/")),
    Visit("topic index", at("/topics/")),
    Visit("area", at("/topics/health/")),
    Visit("topic", at(HARM_REDUCTION)),
    Visit("topic, one kind", at(f"{HARM_REDUCTION}events/")),
    Visit("topic, one year", at(f"{HARM_REDUCTION}2024/")),
    Visit("topic, older page", older),
    Visit("topic in Arabic", at(f"/ar{HARM_REDUCTION}")),
    Visit("topic without work", at("/topics/justice/")),
    Visit("topic, kind without work", at("/topics/justice/events/")),
    Visit("program index", at("/programs/")),
    Visit("program", at("/programs/health-and-rights/")),
    Visit("person index", at("/people/")),
    Visit("person", at("/people/nadia-brenner/")),
    Visit("Voices index", at("/voices/")),
    Visit("event index", at("/events/")),
    Visit("publication index", at("/publications/")),
    *(
        Visit(name, of(name))
        for name in (
            "Voices article",
            "coming event",
            "past event",
            "cancelled event",
            "postponed event",
            "publication",
        )
    ),
    Visit("information page", at("/staying-safe-online/")),
    Visit("contact form", contact),
    Visit("contact error", contact_error, 422),
    Visit("message sent", message_sent),
    Visit("look-up", at("/contact/look-up/")),
    Visit("look-up in Arabic", at("/ar/contact/look-up/")),
    Visit("look-up in vain", opened_by_nothing, 422),
    Visit("opened message", look_up),
    Visit("answered message", answered),
    Visit("no further words", no_further_words, 422),
    Visit("delete a message", delete),
    Visit("deleted message", deleted),
    Visit("search", at("/search/")),
    Visit("search results", at("/search/?q=evening&kind=events&year=2024")),
    Visit("search for a mistyped word", at("/search/?q=reductoin")),
    Visit("search in vain", at("/search/?q=qqqqqq")),
    Visit("newsletter", at(f"/newsletter/?of={HARM_REDUCTION}events/")),
    Visit("sign-up error", sign_up_error, 422),
    Visit("signed up", signed_up),
    Visit("confirm", by_link("confirm")),
    Visit("confirmed", by_link("confirm", "Confirm")),
    Visit("dead link", at("/newsletter/confirm/?t=unknown"), 404),
    Visit("leave", by_link("leave")),
    Visit("left", by_link("leave", "Leave")),
    Visit("what she gets", by_link("manage", "Save")),
    Visit("another address", by_link("manage/address", purpose="manage")),
    Visit("no other address", by_link("manage/address", "Ask both addresses", "manage"), 422),
    Visit("erase", by_link("manage/erase", purpose="manage")),
    Visit("a link to ask for", by_link("link", purpose="leave")),
    Visit("a link that was sent", by_link("link", "Send me the link", "leave")),
    Visit("agree", by_link("agree", purpose="receive")),
    Visit("400", at("/%00"), 400),
    Visit("403", strange_form, 403),
    Visit("404", at("/nowhere/"), 404),
    Visit("405", form_to_a_page, 405),
    Visit("413", too_long, 413),
    Visit("500", broken, 500),
    Visit("503", without_database, 503),
    Visit("message without database", contact_without_database, 503),
    Visit("look-up without database", look_up_without_database, 503),
    Visit("sign-up without database", sign_up_without_database, 503),
    Visit("page with a password", at("/for-members/")),
    Visit("wrong password", wrong_password),
]


def answer_of(page: Page, visit: Visit, hub: Hub, site: Site) -> Response:
    """Make the visit; return the response that the page shown came with."""
    answers: list[Response] = []
    page.on(
        "response", lambda response: response.request.is_navigation_request() and answers.append(response)
    )
    visit.go(page, hub, site)
    page.wait_for_load_state("load")
    assert answers[-1].status == visit.status, f"{answers[-1].status} {page.url}"
    return answers[-1]
