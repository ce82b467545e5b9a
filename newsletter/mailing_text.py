"""What a mailing says to the subscribers of its lists."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings

from harmhub.mail.composing import compose_edition, new_mark, texts_of
from harmhub.mail.models import Edition
from newsletter.links import leaving_headers, link, sender_of
from newsletter.models import Issue, List, Mailing
from newsletter.showing import Shown

TEMPLATE = "newsletter-mailing"


def write_mailing(issue: Issue, mailing: Mailing) -> Edition:
    """Save an issue with the text for those who have its lists, and return the text."""
    mark = new_mark()
    lists = List.objects.named().in_bulk([number for number, _ in issue.sections])
    issue.edition = compose_edition(
        template=TEMPLATE,
        context=_context(mailing, lists.values(), mark, issue.language, is_discreet=issue.is_discreet),
        language=issue.language,
        headers=leaving_headers(next(iter(lists)) if len(lists) == 1 else "updates", mark),
        mark=mark,
        sender=sender_of(issue.is_discreet, issue.language),
    )
    issue.save()
    return issue.edition


def sample(mailing: Mailing, *, is_discreet: bool = False) -> dict[str, Any]:
    """Return sender, subject and texts for those who have all of its lists; no link in them does anything."""
    language, context = sample_context(mailing, is_discreet=is_discreet)
    return texts_of(TEMPLATE, context, language, sender_of(is_discreet, language))


def sample_context(mailing: Mailing, *, is_discreet: bool = False) -> tuple[str, dict[str, Any]]:
    """Return the language, and what the templates make a sample of."""
    lists = List.objects.named().in_bulk([each.pk for each in mailing.lists.all()])
    language = mailing.language or settings.LANGUAGE_CODE
    return language, _context(mailing, lists.values(), "sample", language, is_discreet=is_discreet)


def _context(
    mailing: Mailing, lists: Iterable[List], secret: str, language: str, *, is_discreet: bool
) -> dict[str, Any]:
    numbers = [row.item_id for row in mailing.items.all() if row.item_id]
    return {
        "mailing": mailing,
        "works": list(Shown({}).cards(numbers).values()),
        "lists": [
            {"name": each.name, "leave_url": link("newsletter:leave", secret, language, section=each.pk)}
            for each in sorted(lists, key=lambda each: (each.page_id is None, each.name, each.pk))
        ],
        "leave_all_url": link("newsletter:leave", secret, language),
        "manage_url": link("newsletter:ask_for_link", secret, language),
        "is_discreet": is_discreet,
    }
