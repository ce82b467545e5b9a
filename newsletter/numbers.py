"""Numbers of a list over time, made of its tallies: day by day, or week by week."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import F, Sum

from newsletter.models import List, Tally

DAY, WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True)
class Span:
    """A day, or several. subscribers: how many there were at its end."""

    first: date
    last: date
    subscribers: int
    signed_up: int = 0
    joined: int = 0
    imported: int = 0
    left: int = 0

    @property
    def is_day(self) -> bool:
        """Whether it is one day."""
        return self.first == self.last


def by_day(about: List | None, number: int, last: date) -> list[Span]:
    """Return so many days of a list (None: of the people of the whole organisation) up to the last one. Days
    before the first that is known are missing."""
    rows = Tally.objects.filter(list=about).values("day").order_by("day")
    change = F("joined") + F("imported") - F("left") + F("shifted")
    names = ("signed_up", "joined", "imported", "left")
    sums = rows.annotate(change=Sum(change), **{f"all_{name}": Sum(name) for name in names})
    days: dict[date, dict[str, Any]] = {row["day"]: {**row} for row in sums}
    if not days:
        return []
    first = max(min(days), last - (number - 1) * DAY)
    subscribers = sum(row["change"] for day, row in days.items() if day < first)
    spans = []
    for step in range((last - first).days + 1):
        day = first + step * DAY
        row = days.get(day)
        subscribers += row["change"] if row else 0
        counted = {name: row[f"all_{name}"] for name in names} if row else {}
        spans.append(Span(day, day, subscribers, **counted))
    return spans


def by_week(about: List | None, number: int, last: date) -> list[Span]:
    """Return so many weeks, each of which ends on the weekday of the last day; the first one may be short."""
    days = by_day(about, 7 * number, last)
    short = len(days) % 7
    weeks = [days[:short]] if short else []
    weeks += [days[start : start + 7] for start in range(short, len(days), 7)]
    return [_together(week) for week in weeks]


def _together(days: Sequence[Span]) -> Span:
    total = lambda name: sum(getattr(each, name) for each in days)  # noqa: E731
    return Span(
        days[0].first,
        days[-1].last,
        days[-1].subscribers,
        **{name: total(name) for name in ("signed_up", "joined", "imported", "left")},
    )
