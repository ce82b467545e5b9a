"""What comes to readers by mail, and what becomes of their subscriptions, in browser tests."""

import re
from email.message import EmailMessage

from playwright.sync_api import Locator, Page

from tests.fixtures.site import Site, wait_for
from tests.fixtures.smtp import text_of


def mail_to(site: Site, address: str, words: str = "") -> EmailMessage:
    """Wait for a mail to the address with these words, and forget all that have come; return it."""

    def found() -> list[EmailMessage]:
        return [mail for mail in site.mail.messages if mail["To"] == address and words in text_of(mail)]

    wait_for(found, 30, f"No mail came to {address}.")
    mail = found()[0]
    site.mail.clear()
    return mail


def link_in(mail: EmailMessage, path: str) -> str:
    """Return the first link in the text of a mail that leads to this page of the newsletter."""
    found = re.search(rf"http\S+/newsletter/{path}/\?t=\S+", text_of(mail))
    assert found, text_of(mail)
    return found.group()


def heading(page: Page) -> Locator:
    """Return the heading of the page."""
    return page.get_by_role("heading", level=1)


def states(site: Site) -> list[tuple]:
    """Return of each subscription, the oldest first, whether it was confirmed, and left."""
    return site.query(
        "SELECT confirmed_at IS NOT NULL, left_at IS NOT NULL FROM newsletter_subscription ORDER BY id"
    )
