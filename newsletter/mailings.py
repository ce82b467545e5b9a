"""Sending mailings: when one is due, who gets it, and what became of its mails."""

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from harmhub.mail.models import Bounce, Mail
from newsletter.issues import MAILING
from newsletter.mailing_text import write_mailing
from newsletter.models import Delivery, Issue, Mailing, Subscriber
from newsletter.posting import BATCH, Written, locked, mail_to, tell_of

logger = logging.getLogger(__name__)
WAITED_FOR = timedelta(days=3)

Lists = tuple[int, ...]


def send_mailings(now: datetime, should_stop: Callable[[], bool] = lambda: False) -> None:
    """Begin the mailings that are due, go on with those on their way, and settle those that are done. One
    that cannot be sent holds up no other."""
    for mailing in Mailing.objects.due(now).order_by("pk"):
        mailing.begin(now)
    for mailing in Mailing.objects.on_their_way().order_by("begun_at"):
        try:
            Sending(mailing, should_stop).send()
        except (OperationalError, InterfaceError):
            raise
        except Exception as problem:  # its text could hold an address
            logger.error("Mailing %s cannot be sent (%s).", mailing.pk, type(problem).__name__)
    for mailing in Mailing.objects.unsettled():
        settle(mailing)


@dataclass
class Sending:
    """Writes the mails of one mailing. Some hundred are written in one transaction, with a delivery for each
    reader: one that was cut short goes on with those who have none. should_stop: asked between batches."""

    mailing: Mailing
    should_stop: Callable[[], bool] = lambda: False
    _up_to: int = 0  # the number of a subscriber
    _unreadable: set[int] = field(default_factory=set)
    _written: dict[tuple[bool, Lists], Written] = field(default_factory=dict)

    def send(self) -> None:
        """Write to all who are waiting; note the end when nobody is left."""
        while not self.should_stop() and self._send_some():
            pass
        tell_of(self._unreadable)
        # Who cannot be read waits for her key, but not for ever: what is said in it grows old.
        assert self.mailing.begun_at
        is_old = self.mailing.begun_at < timezone.now() - WAITED_FOR
        if not self._waiting.exists() and (is_old or not self._unreadable):
            Mailing.objects.filter(pk=self.mailing.pk).update(ended_at=timezone.now())

    @property
    def _waiting(self) -> QuerySet[Subscriber]:
        """Those who have not been written to and may be."""
        had = Delivery.objects.filter(issue__mailing=self.mailing, subscriber=OuterRef("pk"))
        return self.mailing.readers.exclude(pk__in=self._unreadable).exclude(Exists(had))

    @transaction.atomic
    def _send_some(self) -> bool:
        """Write to one batch; return whether there was anybody."""
        turn = self.mailing.wanted.filter(subscriber__gt=self._up_to).order_by("subscriber")
        numbers = list(turn.values_list("subscriber", flat=True).distinct()[:BATCH])
        if not numbers:
            return False
        self._up_to = numbers[-1]
        subscribers = locked(numbers, self._unreadable)
        span = {"subscriber__gte": numbers[0], "subscriber__lte": numbers[-1]}
        had = set(
            Delivery.objects.filter(issue__mailing=self.mailing, **span).values_list("subscriber", flat=True)
        )
        lists: dict[int, list[int]] = defaultdict(list)
        # Asked only now: who left before she was locked is not written to.
        wanted = self.mailing.wanted.filter(**span).order_by("list")
        for subscriber, number in wanted.values_list("subscriber", "list"):
            lists[subscriber].append(number)
        readers = [
            (each, self._issue(each, tuple(lists[each.pk])))
            for each in subscribers
            if each.pk in lists and each.pk not in had
        ]
        mails = mail_to(readers, MAILING)
        Mailing.objects.filter(pk=self.mailing.pk).update(mails=F("mails") + mails)
        return True

    def _issue(self, subscriber: Subscriber, lists: Lists) -> Written:
        """Write the text for who has these of its lists; for all of them, the same."""
        said = (subscriber.is_discreet, lists)
        if said not in self._written:
            issue = Issue(
                mailing=self.mailing,
                language=self.mailing.language,
                is_discreet=subscriber.is_discreet,
                sections=[[number, []] for number in lists],
            )
            self._written[said] = Written.of(issue, write_mailing(issue, self.mailing))
        return self._written[said]


@dataclass(frozen=True)
class Report:
    """What became of the mails of a mailing: how many were written, are on their way (of these, delayed by a
    mail server), were sent (of these, came back for good or were complained about, as far as is known),
    refused, or not sent because their readers left first."""

    due: int
    waiting: int
    delayed: int
    sent: int
    returned: int
    refused: int
    withdrawn: int
    left: int


def report_on(mailing: Mailing) -> Report:
    """Return how far a mailing has come. left: who left a list by a link in it."""
    mails = Mail.objects.filter(pk__in=Delivery.objects.filter(issue__mailing=mailing).values("mail"))
    returned = mails.filter(bounce__kind__in=(Bounce.Kind.HARD, Bounce.Kind.COMPLAINT)).count()
    if mailing.settled_at:
        sent, refused, waiting, delayed = mailing.sent, mailing.refused, 0, 0
    else:
        found = mails.aggregate(
            sent=Count("pk", filter=Q(sent_at__isnull=False)),
            refused=Count("pk", filter=Q(failed_at__isnull=False)),
            waiting=Count("pk", filter=Q(sent_at=None, failed_at=None)),
            delayed=Count("pk", filter=Q(sent_at=None, failed_at=None, attempts__gt=0)),
        )
        sent, refused = mailing.sent + found["sent"], mailing.refused + found["refused"]
        waiting, delayed = found["waiting"], found["delayed"]
    withdrawn = max(mailing.mails - sent - refused - waiting, 0)
    return Report(mailing.mails, waiting, delayed, sent, returned, refused, withdrawn, mailing.left)


def keep_counted(subscriber: Subscriber) -> None:
    """Count what a subscriber got of mailings that are not settled, before she is erased with it."""
    for count, when in (("sent", "mail__sent_at__isnull"), ("refused", "mail__failed_at__isnull")):
        got = Delivery.objects.filter(subscriber=subscriber, issue__mailing=OuterRef("pk"), **{when: False})
        mailings = Mailing.objects.filter(Exists(got), settled_at=None)
        mailings.update(**{count: F(count) + 1})


def settle(mailing: Mailing) -> None:
    """Keep the figures of a mailing of which no mail is on its way: mails and readers are forgotten."""
    report = report_on(mailing)
    if not report.waiting:
        Mailing.objects.filter(pk=mailing.pk).update(
            settled_at=timezone.now(), sent=report.sent, refused=report.refused, withdrawn=report.withdrawn
        )
