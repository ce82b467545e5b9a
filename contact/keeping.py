"""What the worker does by itself with messages: warn of what will go, and forget what is due."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from contact.models import Message
from contact.models.messages import A_DAY, NOTICE
from contact.references import REFERENCE
from contact.reminding import by_recipient
from harmhub import mail
from harmhub.days import day_of
from harmhub.mail.models import Mail
from harmhub.records import log_each

BATCH = 200
# A little less than a day, as the job does not run to the minute.
BETWEEN_WARNINGS = timedelta(hours=23)
WORDS = ("text", "name", "address")


def forget_messages() -> int:
    """Delete the messages whose time is over, each with a line in the log that says so; return how many.

    Log and deletion of a batch are one transaction: whoever is killed in between leaves the rest to the next
    run.
    """
    deleted = 0
    while True:
        with transaction.atomic():
            due = Message.objects.due_to_be_forgotten().order_by("pk").values_list("pk", flat=True)
            found = Message.objects.filter(pk__in=list(due[:BATCH]))
            # A message may be reopened at this moment: locked, it is looked at once more.
            held = [each.pk for each in found.select_for_update().only("pk")]
            going = Message.objects.due_to_be_forgotten().filter(pk__in=held)
            number = erase(going, "contact.forget", None)
        deleted += number
        if not number:
            return deleted


def erase(messages, action: str, user) -> int:
    """Delete these messages for good, with their turns, the mails that carry answers or sealed words, and
    receipts that wait; return how many. Each is noted in the log under its reference, which tells nothing.
    Call it in a transaction."""
    chosen = Message.objects.filter(pk__in=list(messages.values_list("pk", flat=True)))
    log_each(chosen.defer(*WORDS), action, user)
    number = chosen.count()
    carrying = {*chosen.values_list("turns__mail", flat=True), *sealed_notices(chosen)}
    Mail.objects.filter(pk__in=carrying - {None}).delete()
    # Those that were sent stay for their week: by them is counted how often an address was written to.
    Mail.objects.waiting().filter(pk__in=list(chosen.values_list("receipt", flat=True))).delete()
    chosen.delete()
    return number


def sealed_notices(messages: QuerySet[Message]) -> Iterator[UUID]:
    """Yield the numbers of the mails here that tell people of these messages and carry words that are sealed
    to a team."""
    found = messages.prefetch_related("turns")
    sealed = [each for each in found if each.is_sealed or any(turn.is_sealed for turn in each.turns.all())]
    if not sealed:
        return  # the mails of all messages need not be opened
    references, first = {each.reference for each in sealed}, min(each.received_at for each in sealed)
    here = Mail.objects.filter(purpose=NOTICE, content__isnull=False, created_at__gte=first - A_DAY)
    for notice in here.select_related("edition").iterator():
        with suppress(InvalidToken):
            if references & set(REFERENCE.findall(notice.told["text"])):
                yield notice.pk


def warn_teams() -> int:
    """Post to each who is told of messages one mail with the references of those that will be deleted soon;
    return how many messages. Nothing happens if the last such mail is not a day old."""
    with transaction.atomic():
        now = timezone.now()  # what lies ahead of it was written while the clock was wrong
        if Message.objects.filter(warned_at__gt=now - BETWEEN_WARNINGS, warned_at__lte=now).exists():
            return 0
        soon = Message.objects.due_to_be_warned_of().defer(*WORDS).select_related("topic")
        going = list(soon.order_by("goes_at", "pk"))
        for address, theirs in by_recipient(going).items():
            _warn(address, theirs)
        Message.objects.filter(pk__in=[each.pk for each in going]).update(warned_at=timezone.now())
    return len(going)


def _warn(address: str, messages: list[Message]) -> None:
    lines = [
        {
            "reference": each.reference,
            "state": each.state,
            "day": day_of(each.goes_at),  # type: ignore[attr-defined]
            "address": mail.public_url(reverse("message:inspect", args=[each.pk])),
        }
        for each in messages
    ]
    mail.post(purpose="contact-warning", to=address, template="contact-warning", context={"messages": lines})
