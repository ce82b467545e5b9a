"""What a mail with updates says, made of the works in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.http import HttpResponse
from django.utils import translation

from content.models import ContentItem
from harmhub.mail.composing import compose_edition, new_mark, organisation_name, texts_of
from harmhub.mail.models import Edition, Mail
from newsletter.links import leaving_headers, link, sender_of
from newsletter.mailing_text import write_mailing
from newsletter.models import Delivery, Issue, List, Pace, Subscriber, Subscription, Update
from newsletter.showing import Shown

# The purposes of mails to lists.
UPDATES = "newsletter-updates"
MAILING = "newsletter-mailing"
TO_LISTS = (UPDATES, MAILING)


def write(issue: Issue, shown: Shown | None = None) -> Edition | None:
    """Save an issue with its text, and return the text. None: nothing is left that could be told.

    shown: what its run shows, where that is at hand. What is gone or not public any more is left out.
    """
    chosen = [update for _, section in issue.sections for update in section]
    updates = Update.objects.in_bulk(chosen)
    if shown is None:
        shown = Shown(List.objects.named().in_bulk([number for number, _ in issue.sections]))
    works = shown.cards({update.item_id for update in updates.values()})
    told = {number: update for number, update in updates.items() if update.item_id in works}
    found = [(number, [update for update in section if update in told]) for number, section in issue.sections]
    issue.sections = [section for section in found if section[1]]
    if not issue.sections:
        return None
    sections = [(number, _works([told[each] for each in some], works)) for number, some in issue.sections]
    issue.edition = _composed(issue, sections, shown)
    issue.save()
    return issue.edition


def withdraw(subscription: Subscription) -> None:
    """Take a list out of the mails to this subscriber that are not sent; a mail in which nothing is left goes
    nowhere. What a sender is just handing over is gone, but not tried again. In the caller's transaction,
    with the subscriber locked."""
    theirs = Delivery.objects.filter(subscriber=subscription.subscriber_id)
    theirs = theirs.select_related("issue__run", "issue__mailing")
    unsent = Mail.objects.filter(sent_at=None, forgotten_at=None, pk__in=theirs.values("mail"))
    for mail in unsent.defer("content").order_by("pk").select_for_update(of=("self",)):
        delivery = theirs.get(mail=mail)
        _cut(delivery, mail, _without(subscription, delivery.issue.sections))


def spare(mail: Mail, reader: Subscriber) -> bool:
    """Take out of a mail that is not sent, and is to go to another reader now, what that one has been told;
    return whether anything is left. In the caller's transaction, with both readers locked."""
    delivery = Delivery.objects.select_related("issue__run", "issue__mailing").get(mail=mail)
    issue, theirs = delivery.issue, Delivery.objects.filter(subscriber=reader)
    if issue.mailing:
        has_it = theirs.filter(issue__mailing=issue.mailing).exists()
        return _cut(delivery, mail, [] if has_it else issue.sections)
    told = theirs.values_list("issue__sections", flat=True)
    had = {update for sections in told for _, updates in sections for update in updates}
    left = [[number, [each for each in updates if each not in had]] for number, updates in issue.sections]
    return _cut(delivery, mail, [section for section in left if section[1]])


def _cut(delivery: Delivery, mail: Mail, sections: list) -> bool:
    """Have a mail that is not sent say what these sections hold; return whether that is anything."""
    issue = delivery.issue
    if sections == issue.sections:
        return True
    same = {name: getattr(issue, name) for name in ("run", "mailing", "language", "is_discreet")}
    new = Issue(sections=sections, **same)
    if edition := _rewritten(new):
        delivery.issue = new
        delivery.save(update_fields=["issue"])
        Mail.objects.filter(pk=mail.pk).update(edition=edition)
        return True
    mail.delete()
    delivery.delete()  # nothing of it was told
    return False


def _rewritten(issue: Issue) -> Edition | None:
    """Return the text of an issue that lost something; None: nothing is left of it."""
    if issue.mailing:
        return write_mailing(issue, issue.mailing) if issue.sections else None
    return write(issue)


def _without(subscription: Subscription, sections: list) -> list:
    """Return sections without those of a list. An update that another list of the subscriber has been served,
    and that stood under this one only because each stands once, moves there."""
    left = set(List.objects.in_any_language([subscription.list_id]).values_list("pk", flat=True))
    kept = {number: list(updates) for number, updates in sections if number not in left}
    homeless = [update for number, updates in sections if number in left for update in updates]
    others = Subscription.objects.active().filter(subscriber=subscription.subscriber_id)
    for other in others.exclude(pk=subscription.pk).select_related("list").order_by("pk"):
        served = Update.objects.filter(pk__in=homeless, place__lte=other.served_to)
        found = served.filter(pk__gt=other.starts_after, item__in=other.list.works.values("item"))
        moved = set(found.values_list("pk", flat=True))
        if moved:
            kept.setdefault(other.list_id, []).extend(update for update in homeless if update in moved)
            homeless = [update for update in homeless if update not in moved]
    return [[number, updates] for number, updates in kept.items()]


@dataclass(frozen=True)
class ToldWork:
    """A work in a mail, and what has changed in it; nothing where the work is new to the reader."""

    work: ContentItem
    note: str


def _works(updates: Iterable[Update], works: Mapping[int, ContentItem]) -> list[ToldWork]:
    """Return each work once, where its newest update stands."""
    notes: dict[int, list[str]] = {}
    for update in updates:
        notes.setdefault(update.item_id, []).append(update.note)
    return [ToldWork(works[item], "" if "" in found else found[0]) for item, found in notes.items()]


def preview(item: ContentItem) -> HttpResponse:
    """Return the mail that tells of one work, as it is being edited."""
    language = item.locale.language_code
    with translation.override(language):
        pace = Pace.WEEKLY.label
    item.kind = item.KIND or item.kind
    name = item.primary_topic.title if item.primary_topic else organisation_name()
    section = {"name": name, "works": [ToldWork(item, item.change_note)], "leave_url": "#"}
    context = {"sections": [section], "number": 1, "first": item, "pace": pace, "manage_url": "#"}
    return HttpResponse(texts_of("newsletter-updates", context, language)["html"])


def _composed(issue: Issue, sections: list[tuple[int, list[ToldWork]]], shown: Shown) -> Edition:
    """Return the text, with a mark where each mail's own secret is to be."""
    mark = new_mark()
    lists = [number for number, _ in sections]
    told = [each.work for _, works in sections for each in works]
    with translation.override(issue.language):
        names = {number: shown.lists[number].name for number in lists if number in shown.lists}
    spoken = {number: shown.locales[shown.lists[number].locale_id].language_code for number in names}
    context = {
        "sections": [
            {
                "name": names.get(number, ""),
                "language": spoken.get(number, issue.language),
                "works": works,
                "leave_url": link("newsletter:leave", mark, issue.language, section=number),
            }
            for number, works in sections
        ],
        "events": shown.events(lists, {work.pk for work in told}),
        "number": len(told),
        "first": told[0],
        "pace": issue.run and issue.run.get_pace_display,
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
