"""Numbers about messages: those of each day, kept for good, and how each topic stands now."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet, Sum

from contact.models import DayCount, Message, Turn
from contact.models.messages import STATES
from contact.models.teams import of_teams
from contact.promise import overdue_before, promised_for
from harmhub.days import begin_of, day_of, today

COUNTED = ("received", "in_time", "late", "spam")
# A day is counted anew until the next is over, while things of it are undone. The site deletes no message so
# early.
COUNTED_ANEW = timedelta(days=1)
LOOKED_BACK = timedelta(days=30)
MEDIAN_DAYS = 90


def count_days() -> None:
    """Count the last days anew, and those before that nobody counted while the site was down: there, numbers
    only grow."""
    settled, last = (
        today() - COUNTED_ANEW,
        DayCount.objects.order_by("-day").values_list("day", flat=True).first(),
    )
    first = max(min(last or date.min, settled), today() - LOOKED_BACK)
    counts: dict[tuple[date, int | None], dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTED, 0))
    for name, topic, day in _events(begin_of(first)):
        counts[day, topic][name] += 1
    with transaction.atomic():
        rows = DayCount.objects.filter(day__gte=first)
        for row in rows.filter(day__lt=settled):
            numbers = counts[row.day, row.topic_id]
            numbers |= {name: max(numbers[name], getattr(row, name)) for name in COUNTED}
        rows.delete()
        DayCount.objects.bulk_create(
            DayCount(day=day, topic_id=topic, **numbers) for (day, topic), numbers in counts.items()
        )


def _events(since: datetime) -> Iterable[tuple[str, int | None, date]]:
    """Yield what happened since then: what, the topic, the day."""
    for name, moment in (("received", "received_at"), ("spam", "quarantined_at")):
        found = Message.objects.filter(**{f"{moment}__gte": since}).order_by()
        for topic, at in found.values_list("topic", moment):
            yield name, topic, day_of(at)
    for topic, received_at, answered_at in first_answers(Message.objects.all(), since):
        in_time = day_of(answered_at) <= promised_for(received_at)
        yield "in_time" if in_time else "late", topic, day_of(answered_at)


def first_answers(messages: QuerySet[Message], since: datetime) -> QuerySet:
    """Return topic, time of receipt and time of the first answer of those of these messages that were first
    answered since then."""
    first = Min("turns__written_at", filter=Q(turns__kind=Turn.Kind.ANSWER))
    found = messages.order_by().annotate(first_answer=first).filter(first_answer__gte=since)
    return found.values_list("topic", "received_at", "first_answer")


@dataclass
class Standing:
    """How the messages to one topic stand. None: those whose topic is gone."""

    topic: str | None
    open: int
    waiting: int
    overdue: int
    oldest: datetime | None
    days: list[float] = field(default_factory=list)

    @property
    def median_days(self) -> float | None:
        """Days to the first answer, for half of those that were answered in the last 90 days."""
        return median(self.days) if self.days else None


def standings(user: Any) -> list[Standing]:
    """Return how the messages that somebody sees stand, by topic, A to Z."""
    seen = Message.objects.seen_by(user).order_by()
    waiting = STATES["waiting"]
    rows = seen.values("topic", "topic__title").annotate(
        open=Count("pk", filter=STATES["open"]),
        waiting=Count("pk", filter=waiting),
        overdue=Count("pk", filter=waiting & Q(heard_at__lt=overdue_before())),
        oldest=Min("heard_at", filter=waiting),
    )
    found = {row.pop("topic"): Standing(row.pop("topic__title"), **row) for row in rows}
    since = begin_of(today() - timedelta(days=MEDIAN_DAYS))
    for topic, received_at, answered_at in first_answers(seen, since):
        if topic in found:
            found[topic].days.append((answered_at - received_at) / timedelta(days=1))
    return sorted(found.values(), key=lambda each: (each.topic or "\uffff").casefold())


@dataclass
class Month:
    """What happened in a month."""

    begins: date
    received: int = 0
    in_time: int = 0
    late: int = 0
    spam: int = 0


def months(user: Any, number: int = 12) -> list[Month]:
    """Return the last months, the oldest first, of the topics whose messages somebody sees."""
    begins = [today().replace(day=1)]
    while len(begins) < number:
        begins.append((begins[-1] - timedelta(days=1)).replace(day=1))
    found = {day: Month(day) for day in reversed(begins)}
    seen = of_teams(DayCount.objects.filter(day__gte=begins[-1]), user, "topic__path")
    sums = {name: Sum(name) for name in COUNTED}
    rows: Any = seen.order_by().values("day").annotate(**sums)
    for row in rows:
        month = found.get(row["day"].replace(day=1))
        for name in COUNTED if month else ():
            setattr(month, name, getattr(month, name) + row[name])
    return list(found.values())
