"""What a mail with updates says, made of the works in it."""

from collections.abc import Mapping
from secrets import token_hex
from urllib.parse import urlsplit

from django.conf import settings

from content.cards import cards_of
from content.models import ContentItem
from harmhub.mail.composing import compose_edition, organisation_name
from harmhub.mail.models import Edition, Mail
from newsletter.links import link
from newsletter.models import Delivery, Issue, Subscription
from topics.models import TopicPage


def write(issue: Issue, works: Mapping[int, ContentItem] | None = None) -> tuple[Issue, Edition]:
    """Save an issue with its text; return both. works: those in it, by number, where they are at hand."""
    if works is None:
        works = {
            item.pk: item for item in cards_of([work for _, chosen in issue.sections for work in chosen])
        }
    issue.edition = edition = _composed(issue, works)
    issue.save()
    return issue, edition


def withdraw(subscription: Subscription) -> None:
    """Take a list out of the mails that still wait for this subscriber; a mail in which nothing else is left
    is not sent. One that a sender has in its hands is gone. In the caller's transaction, with the subscriber
    locked."""
    left = subscription.list_id or 0
    theirs = Delivery.objects.filter(subscriber=subscription.subscriber_id).select_related("issue__run")
    free = Mail.objects.unclaimed().filter(pk__in=theirs.values("mail")).defer("content")
    for mail in free.select_for_update(skip_locked=True):
        delivery = theirs.get(mail=mail)
        issue = delivery.issue
        others = [section for section in issue.sections if section[0] != left]
        if not others:
            mail.delete()
        elif len(others) < len(issue.sections):
            delivery.issue, edition = write(Issue(run=issue.run, language=issue.language, sections=others))
            delivery.save(update_fields=["issue"])
            Mail.objects.filter(pk=mail.pk).update(edition=edition)


def _composed(issue: Issue, works: Mapping[int, ContentItem]) -> Edition:
    """Return the text, with a mark where each mail's own secret is to be."""
    mark = f"secret{token_hex(16)}"
    names = dict(
        TopicPage.objects.filter(pk__in=[number for number, _ in issue.sections]).values_list("pk", "title")
    )
    language = issue.language
    sections = [
        {
            "name": names.get(number) or organisation_name(),
            "works": [works[work] for work in chosen if work in works],
            "leave_url": link("newsletter:leave", mark, language, list=number),
        }
        for number, chosen in issue.sections
    ]
    shown = [work for section in sections for work in section["works"]]
    context = {
        "sections": sections,
        "number": len(shown),
        "first": shown[0] if shown else None,
        "pace": issue.run.get_pace_display,
        "leave_all_url": link("newsletter:leave", mark, language),
    }
    number = issue.sections[0][0] if len(issue.sections) == 1 else "updates"
    headers = {
        # RFC 2919: one list, or all of them together. RFC 2369 and 8058: leaves what this mail served.
        "List-Id": f"<list-{number}.{urlsplit(settings.PUBLIC_URL).hostname}>",
        "List-Unsubscribe": f"<{link('newsletter:one_click', mark, settings.LANGUAGE_CODE)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return compose_edition(
        template="newsletter-updates", context=context, language=language, headers=headers, mark=mark
    )
