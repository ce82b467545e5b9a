"""From subscribers and what they are to read to mails and deliveries, some hundred at a time."""

import logging
from collections.abc import Collection, Iterable
from typing import NamedTuple, Self

from harmhub.mail.models import Edition, Mail
from harmhub.sealing import Unreadable, hash_token, new_token
from newsletter.models import Delivery, Issue, Subscriber

logger = logging.getLogger(__name__)
BATCH = 500  # subscribers in one transaction


class Written(NamedTuple):
    """What is kept of a text that was written, while others may be to get the same: numbers, and no text. A
    run may have a text for nearly each reader."""

    issue: int
    edition: int
    language: str

    @classmethod
    def of(cls, issue: Issue, edition: Edition) -> Self:
        """Return it for an issue and its text, both saved."""
        return cls(issue.pk, edition.pk, issue.language)


def locked(numbers: Collection[int], unreadable: set[int]) -> list[Subscriber]:
    """Lock those of some subscribers who may be written to now. Who is just leaving is passed over.

    unreadable: those whose address cannot be read until its key is there. They are passed over, and noted.
    """
    asked = Subscriber.objects.writable().filter(pk__in=numbers).exclude(pk__in=unreadable)
    found = list(asked.select_for_update(skip_locked=True, of=("self",)))
    unreadable.update(each.pk for each in found if isinstance(each.address, Unreadable))
    return [each for each in found if each.pk not in unreadable]


def tell_of(unreadable: Collection[int]) -> None:
    """Log how many addresses a run could not read, once for all of them: it comes back each minute."""
    if unreadable:
        logger.error("%d addresses cannot be read: their key is missing.", len(unreadable))


def mail_to(readers: Iterable[tuple[Subscriber, Written]], purpose: str) -> int:
    """Queue a mail and note a delivery for each reader, told with what she is to read. Return how many."""
    readers = list(readers)
    secrets = [new_token() for _ in readers]
    mails = Mail.queue_many(
        purpose,
        (
            (written.edition, written.language, subscriber.address, secret)
            for (subscriber, written), secret in zip(readers, secrets, strict=True)
        ),
    )
    Delivery.objects.bulk_create(
        Delivery(subscriber=subscriber, issue_id=written.issue, mail=mail, digest=hash_token(secret))
        for (subscriber, written), mail, secret in zip(readers, mails, secrets, strict=True)
    )
    return len(mails)
