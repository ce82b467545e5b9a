"""Reminders of overdue messages: one mail a person and working day, without a word of a reader."""

from collections import defaultdict
from collections.abc import Iterable

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from contact.models import Message
from contact.promise import is_working_day
from harmhub import mail
from harmhub.days import begin_of, today
from harmhub.mail.models import Mail

FROM_HOUR = 8  # of the organisation's day
PURPOSE = "contact-overdue"


def remind() -> None:
    """Post the reminders of this working day to whom they were not posted yet."""
    now = timezone.localtime(timezone=timezone.get_default_timezone())
    if not is_working_day(today()) or now.hour < FROM_HOUR:
        return
    overdue = Message.objects.overdue().select_related("topic").defer("text", "name", "address")
    with transaction.atomic():
        for recipient, messages in by_recipient(overdue.order_by("heard_at")).items():
            if not was_told_today(recipient):
                _remind(recipient, messages)


def was_told_today(recipient: str) -> bool:
    """Whether a reminder was posted to this address since the day began."""
    since_then = (begin_of(today()), timezone.now())  # what lies ahead was posted while the clock was wrong
    return Mail.objects.to(recipient).filter(purpose=PURPOSE, created_at__range=since_then).exists()


def by_recipient(messages: Iterable[Message]) -> dict[str, list[Message]]:
    """Return messages by the address that is told of them, in their order. Who is told is looked up once for
    each topic."""
    found: dict[str, list[Message]] = defaultdict(list)
    recipients: dict[int | None, list[str]] = {}
    for message in messages:
        if message.topic_id not in recipients:
            recipients[message.topic_id] = message.recipients
        for recipient in recipients[message.topic_id]:
            found[recipient].append(message)
    return found


def _remind(recipient: str, messages: list[Message]) -> None:
    lines = [
        {
            "reference": each.reference,
            "topic": each.topic.title if each.topic else "",
            "inbox": mail.public_url(reverse("message:inspect", args=[each.pk])),
        }
        for each in messages
    ]
    mail.post(purpose=PURPOSE, to=recipient, template=PURPOSE, context={"messages": lines})
