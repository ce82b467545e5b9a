"""What a mail with updates says, made of the works in it."""

from collections.abc import Mapping
from secrets import token_hex

from django.utils import translation

from content.cards import cards_of
from content.models import ContentItem
from harmhub.mail.composing import compose_edition
from harmhub.mail.models import Edition, Mail
from newsletter.links import leaving_headers, link, sender_of
from newsletter.models import Delivery, Issue, List, Subscription, Update
from newsletter.models.updates import public_works

UPDATES = "newsletter-updates"  # the purpose of these mails


def write(issue: Issue, works: Mapping[int, ContentItem] | None = None) -> Edition | None:
    """Save an issue with its text, and return the text. None: nothing is left that could be told.

    works: those in it, by number, where they are at hand. What is gone or not public any more is left out.
    """
    if works is None:
        chosen = [work for _, section in issue.sections for work in section]
        public = public_works().filter(item__in=chosen).values_list("item", flat=True)
        works = {item.pk: item for item in cards_of(list(public))}
    found = [(number, [work for work in section if work in works]) for number, section in issue.sections]
    issue.sections = [section for section in found if section[1]]
    if not issue.sections:
        return None
    issue.edition = _composed(issue, works)
    issue.save()
    return issue.edition


def withdraw(subscription: Subscription) -> None:
    """Take a list out of the mails to this subscriber that are not sent; a mail in which nothing is left goes
    nowhere. What a sender is just handing over is gone, but not tried again. In the caller's transaction,
    with the subscriber locked."""
    theirs = Delivery.objects.filter(subscriber=subscription.subscriber_id).select_related("issue__run")
    unsent = Mail.objects.filter(sent_at=None, forgotten_at=None, pk__in=theirs.values("mail"))
    for mail in unsent.defer("content").order_by("pk").select_for_update(of=("self",)):
        delivery = theirs.get(mail=mail)
        issue = delivery.issue
        sections = _without(subscription, issue.sections)
        if sections == issue.sections:
            continue
        new = Issue(run=issue.run, language=issue.language, is_discreet=issue.is_discreet, sections=sections)
        if edition := write(new):
            delivery.issue = new
            delivery.save(update_fields=["issue"])
            Mail.objects.filter(pk=mail.pk).update(edition=edition)
        else:
            mail.delete()
            delivery.delete()  # nothing of it was told


def _without(subscription: Subscription, sections: list) -> list:
    """Return sections without those of a list. A work that another list of the subscriber has been served,
    and that stood under this one only because each work stands once, moves there."""
    left = set(List.objects.in_any_language([subscription.list_id]).values_list("pk", flat=True))
    kept = {number: list(works) for number, works in sections if number not in left}
    homeless = [work for number, works in sections if number in left for work in works]
    others = Subscription.objects.active().filter(subscriber=subscription.subscriber_id)
    for other in others.exclude(pk=subscription.pk).select_related("list").order_by("pk"):
        served = Update.objects.filter(pk__gt=other.starts_after, place__lte=other.served_to)
        listed = other.list.works.filter(item__in=homeless).filter(item__in=served.values("item"))
        moved = set(listed.values_list("item", flat=True))
        if moved:
            kept.setdefault(other.list_id, []).extend(work for work in homeless if work in moved)
            homeless = [work for work in homeless if work not in moved]
    return [[number, works] for number, works in kept.items()]


def _composed(issue: Issue, works: Mapping[int, ContentItem]) -> Edition:
    """Return the text, with a mark where each mail's own secret is to be."""
    mark = f"secret{token_hex(16)}"
    lists = [number for number, _ in issue.sections]
    with translation.override(issue.language):
        names = {number: found.name for number, found in List.objects.named().in_bulk(lists).items()}
    sections = [
        {
            "name": names.get(number, ""),
            "works": [works[work] for work in chosen],
            "leave_url": link("newsletter:leave", mark, issue.language, list=number),
        }
        for number, chosen in issue.sections
    ]
    context = {
        "sections": sections,
        "number": sum(len(chosen) for _, chosen in issue.sections),
        "first": sections[0]["works"][0],
        "pace": issue.run.get_pace_display,
        "is_discreet": issue.is_discreet,
        "leave_all_url": link("newsletter:leave", mark, issue.language),
        "manage_url": link("newsletter:ask_for_link", mark, issue.language),
    }
    return compose_edition(
        template="newsletter-updates",
        context=context,
        language=issue.language,
        headers=leaving_headers(lists[0] if len(lists) == 1 else "updates", mark),
        mark=mark,
        sender=sender_of(issue.is_discreet, issue.language),
    )
